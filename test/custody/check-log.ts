/** Verifies a whole log from nothing but its exported files, as a stranger would, and against everything that was seen of it before. */
import assert from 'node:assert/strict'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Checkpoint, parseCheckpoint } from '../../service/custody/checkpoint.ts'
import { toHex } from '../../service/custody/encoding.ts'
import { parseEntry } from '../../service/custody/entry.ts'
import type { Ledger } from '../../service/custody/ledger.ts'
import { openNote, parseVerifierKey } from '../../service/custody/note.ts'
import {
  entriesPath,
  parseBundle,
  parseTile,
  tileLevels,
  tilePath,
  tilesOf,
  tileWidth,
} from '../../service/custody/tiles.ts'
import { parseTime } from '../../service/custody/time.ts'
import { leafHash, nodeHash } from '../../service/custody/tree.ts'
import { merkleRoot } from './merkle-root.ts'

const seen = new WeakMap<Ledger, Checkpoint[]>()

/** Throws an AssertionError at the first thing that does not hold. Answers the entries' bytes. */
export async function checkLog(ledger: Ledger): Promise<{ size: number; entries: Uint8Array[] }> {
  const dir = await mkdtemp(join(tmpdir(), 'check-log-'))
  try {
    await ledger.exportTo(dir)
    return await checkFiles(dir, ledger)
  } finally {
    await rm(dir, { recursive: true })
  }
}

async function checkFiles(dir: string, ledger: Ledger): Promise<{ size: number; entries: Uint8Array[] }> {
  const key = parseVerifierKey(await readFile(join(dir, 'key'), 'utf8'))
  const checkpoint = parseCheckpoint(openNote(await readFile(join(dir, 'checkpoint'), 'utf8'), [key]).text)
  const entries: Uint8Array[] = []
  for (const tile of tilesOf(0, checkpoint.size)) {
    const bundle = parseBundle(await readFile(join(dir, entriesPath(tile))))
    assert.equal(bundle.length, tile.width)
    entries.push(...bundle)
  }
  assert.equal(entries.length, checkpoint.size)
  const leaves = entries.map(leafHash)
  await checkTiles(dir, leaves)
  const rootAt = (size: number) => toHex(merkleRoot(leaves.slice(0, size)))
  for (const earlier of [...(seen.get(ledger) ?? []), checkpoint]) {
    assert.ok(earlier.size <= checkpoint.size, 'the log shrank')
    assert.equal(rootAt(earlier.size), toHex(earlier.root), `the tree of size ${earlier.size} changed`)
  }
  seen.set(ledger, [...(seen.get(ledger) ?? []), checkpoint])
  checkEntries(entries, checkpoint.origin)
  return { size: checkpoint.size, entries }
}

async function checkTiles(dir: string, leaves: Uint8Array[]): Promise<void> {
  let hashes = leaves
  for (let level = 0; level < tileLevels(leaves.length); level++) {
    const stored: Uint8Array[] = []
    for (const tile of tilesOf(level, leaves.length))
      stored.push(...parseTile(await readFile(join(dir, tilePath(level, tile)))))
    assert.deepEqual(stored.map(toHex), hashes.map(toHex), `tiles of level ${level}`)
    hashes = Array.from({ length: Math.floor(hashes.length / tileWidth) }, (_, n) =>
      fold(hashes.slice(n * tileWidth, (n + 1) * tileWidth)),
    )
  }
}

function fold(hashes: Uint8Array[]): Uint8Array {
  if (hashes.length === 1) return hashes[0]!
  return fold(Array.from({ length: hashes.length / 2 }, (_, i) => nodeHash(hashes[2 * i]!, hashes[2 * i + 1]!)))
}

function checkEntries(entries: Uint8Array[], origin: string): void {
  const ends = new Map<string, { seq: number; prev: { i: number; h: string } }>()
  let last = 0
  entries.forEach((bytes, i) => {
    const entry = parseEntry(bytes)
    const end = ends.get(entry.chain)
    assert.equal(entry.log, origin)
    assert.equal(entry.seq, (end?.seq ?? 0) + 1)
    assert.deepEqual(entry.prev, end?.prev)
    assert.ok(parseTime(entry.t) > last, 'time does not rise')
    last = parseTime(entry.t)
    ends.set(entry.chain, { seq: entry.seq, prev: { i, h: toHex(leafHash(bytes)) } })
  })
}
