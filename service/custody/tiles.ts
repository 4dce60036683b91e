/** C2SP tlog-tiles: paths and contents of hash tiles and entry bundles, and which of them a tree of a given size has. */
import { concat } from './encoding.ts'

export const tileWidth = 256

export interface TileId {
  readonly n: number
  /** 1 to 256; 256 is a full tile. */
  readonly width: number
}

/** `tile/<L>/<N>[.p/<W>]`. */
export function tilePath(level: number, { n, width }: TileId): string {
  return `tile/${level}/${numberPath(n)}${width < tileWidth ? `.p/${width}` : ''}`
}

/** `tile/entries/<N>[.p/<W>]`. */
export function entriesPath({ n, width }: TileId): string {
  return `tile/entries/${numberPath(n)}${width < tileWidth ? `.p/${width}` : ''}`
}

/** What follows `tile/<L>/` or `tile/entries/` in a path, or undefined when it is not exactly what `tilePath` writes. */
export function parseNumberPath(path: string): TileId | undefined {
  const match = /^((?:x\d{3}\/){0,4}\d{3})(?:\.p\/([1-9]\d{0,2}))?$/.exec(path)
  if (!match) return undefined
  const tile = {
    n: Number(match[1]!.replaceAll(/[x/]/g, '')),
    width: match[2] === undefined ? tileWidth : Number(match[2]),
  }
  return entriesPath(tile) === `tile/entries/${path}` ? tile : undefined
}

function numberPath(n: number): string {
  const groups = String(n)
    .padStart(Math.ceil(String(n).length / 3) * 3, '0')
    .match(/.{3}/g)!
  return groups.map((group, i) => (i < groups.length - 1 ? `x${group}` : group)).join('/')
}

/** The tiles of one level in a tree of `size` entries, the partial one last. Level 0 also names the entry bundles. */
export function tilesOf(level: number, size: number): TileId[] {
  const hashes = Math.floor(size / tileWidth ** level)
  const full = Math.floor(hashes / tileWidth)
  const tiles = Array.from({ length: full }, (_, n) => ({ n, width: tileWidth }))
  return hashes % tileWidth === 0 ? tiles : [...tiles, { n: full, width: hashes % tileWidth }]
}

/** The levels that a tree of `size` entries has tiles of: 0 up to this number, exclusively. */
export function tileLevels(size: number): number {
  let levels = 0
  while (size >= tileWidth ** levels && size > 0) levels++
  return levels
}

/** Throws a RangeError unless the bytes are 1 to 256 hashes. */
export function parseTile(bytes: Uint8Array): Uint8Array[] {
  const width = bytes.length / 32
  if (!Number.isInteger(width) || width < 1 || width > tileWidth) throw new RangeError('not a hash tile')
  return Array.from({ length: width }, (_, i) => bytes.slice(32 * i, 32 * (i + 1)))
}

/** Each entry after its length as a big-endian uint16. */
export function encodeBundle(entries: readonly Uint8Array[]): Uint8Array {
  return concat(...entries.flatMap(entry => [uint16(entry.length), entry]))
}

/** Throws a RangeError when the lengths do not add up. */
export function parseBundle(bytes: Uint8Array): Uint8Array[] {
  const entries: Uint8Array[] = []
  for (let at = 0; at < bytes.length; ) {
    const length = bytes[at]! * 256 + (bytes[at + 1] ?? Number.NaN)
    if (!(at + 2 + length <= bytes.length)) throw new RangeError('an entry bundle ends inside an entry')
    entries.push(bytes.slice(at + 2, at + 2 + length))
    at += 2 + length
  }
  return entries
}

function uint16(value: number): Uint8Array {
  if (value > 0xffff) throw new RangeError('an entry in a bundle has at most 65535 bytes')
  return Uint8Array.of(value >> 8, value & 0xff)
}
