/** The boxes of an MP4 file (ISO/IEC 14496-12, 4.2), and which of them a copy of ours may have. */
import { type FileHandle, open } from 'node:fs/promises'

const containers = [
  'moov',
  'moov/trak',
  'moov/trak/edts',
  'moov/trak/mdia',
  'moov/trak/mdia/minf',
  'moov/trak/mdia/minf/stbl',
]
const tables = ['stsd', 'stts', 'stss', 'ctts', 'stsc', 'stsz', 'stco', 'co64', 'sgpd', 'sbgp']
const allowed = new Set([
  ...['ftyp', 'free', 'mdat', 'moov/mvhd', 'moov/udta'],
  ...['moov/trak/tkhd', 'moov/trak/edts/elst', 'moov/trak/mdia/mdhd', 'moov/trak/mdia/hdlr'],
  ...['vmhd', 'smhd', 'dinf'].map(name => `moov/trak/mdia/minf/${name}`),
  ...tables.map(name => `moov/trak/mdia/minf/stbl/${name}`),
  ...containers,
])
/** ffmpeg writes a user-data box with an empty list of items; anything in the list makes it longer. */
const emptyUserDataBytes = 61
const mostHeaders = 4096

/** Faults in words: boxes of another type or in another place, items in the user data, a date other than none. */
export async function strangeBoxes(path: string): Promise<string[]> {
  await using file = await open(path)
  const faults: string[] = []
  for await (const { name, at, size } of boxesIn(file)) {
    if (name === undefined) faults.push('a box that does not fit its place')
    else if (!allowed.has(name)) faults.push(`box ${name}`)
    else if (name === 'moov/udta' && size > emptyUserDataBytes) faults.push('user data')
    else if (/\/(mvhd|tkhd|mdhd)$/.test(name) && (await isDated(file, at))) faults.push(`a date in ${name}`)
  }
  return faults
}

/** How many descriptions each track has for its samples; a track of one codec with one set of parameters has one. */
export async function sampleEntries(path: string): Promise<number[]> {
  await using file = await open(path)
  const counts: number[] = []
  for await (const { name, at } of boxesIn(file)) {
    if (!name?.endsWith('stbl/stsd')) continue
    const { buffer } = await file.read(Buffer.alloc(4), 0, 4, at + 12)
    counts.push(buffer.readUInt32BE(0))
  }
  return counts
}

interface PlacedBox {
  /** Types from the outermost box on; undefined for one that does not fit its place, after which its neighbours are unknown. */
  readonly name?: string
  readonly at: number
  readonly size: number
}

/** All boxes, those of `containers` opened. */
async function* boxesIn(file: FileHandle): AsyncGenerator<PlacedBox, void, undefined> {
  const budget = { headers: mostHeaders }
  yield* walk(0, (await file.stat()).size, '')

  async function* walk(start: number, end: number, parent: string): AsyncGenerator<PlacedBox, void, undefined> {
    for (let at = start; at < end; ) {
      const box = await readHeader(file, at)
      if (!box || box.size < 8 || at + box.size > end || budget.headers-- === 0) {
        yield { at, size: end - at }
        return
      }
      const name = parent + box.type
      yield { name, at, size: box.size }
      if (containers.includes(name)) yield* walk(at + box.header, at + box.size, `${name}/`)
      at += box.size
    }
  }
}

async function readHeader(file: FileHandle, at: number) {
  const { buffer, bytesRead } = await file.read(Buffer.alloc(16), 0, 16, at)
  if (bytesRead < 8) return undefined
  const type = buffer.toString('latin1', 4, 8).replaceAll(/[^a-z0-9 ]/gi, '?')
  const size = buffer.readUInt32BE(0)
  return size === 1 ? { type, size: Number(buffer.readBigUInt64BE(8)), header: 16 } : { type, size, header: 8 }
}

/** Creation and modification time: 32 bits each after version and flags, 64 in version 1. */
async function isDated(file: FileHandle, at: number): Promise<boolean> {
  const { buffer } = await file.read(Buffer.alloc(20), 0, 20, at + 8)
  return buffer.subarray(4, buffer[0] === 1 ? 20 : 12).some(byte => byte !== 0)
}
