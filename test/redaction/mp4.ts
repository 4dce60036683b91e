/** Changes to an MP4 that no muxer makes: headers that lie. Boxes are found by their type (ISO/IEC 14496-12, 4.2). */
import { readFile, writeFile } from 'node:fs/promises'

/** Offset of the first byte after the box's type. */
export function boxBody(bytes: Buffer, type: string, from = 0): number {
  const at = bytes.indexOf(type, from, 'latin1')
  if (at < 0) throw new Error(`no box ${type}`)
  return at + 4
}

export async function rewrite(from: string, to: string, change: (bytes: Buffer) => Buffer | void): Promise<void> {
  const bytes = await readFile(from)
  await writeFile(to, change(bytes) ?? bytes)
}

/** Sets a, b, c, d of the track's display matrix, in whole turns. */
export function setMatrix(bytes: Buffer, [a, b, c, d]: readonly [number, number, number, number]): void {
  const matrix = boxBody(bytes, 'tkhd') + 40
  for (const [cell, value] of [a, b, 0, c, d].entries())
    if (cell !== 2) bytes.writeInt32BE(value * 65_536, matrix + cell * 4)
}

/** Sets width and height in the sample description and, where the codec is JPEG, in the picture itself. */
export function setSize(bytes: Buffer, entry: string, width: number, height: number): void {
  const at = boxBody(bytes, entry) + 24
  bytes.writeUInt16BE(width, at)
  bytes.writeUInt16BE(height, at + 2)
  for (let sof = bytes.indexOf('ffc00011', 0, 'hex'); sof >= 0; sof = bytes.indexOf('ffc00011', sof + 4, 'hex')) {
    bytes.writeUInt16BE(height, sof + 5)
    bytes.writeUInt16BE(width, sof + 7)
  }
}
