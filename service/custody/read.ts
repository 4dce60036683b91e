/** What can be read from the ledger: always of the newest signed checkpoint, never beyond it. */
import type { Db } from '../db.ts'
import { concat, toBase64 } from './encoding.ts'
import { readEntries, readLevel, readProof } from './hashes.ts'
import { newestCheckpoint, type PublishOptions, type SignedCheckpoint } from './publish.ts'
import { consistencySpans, inclusionSpans, type Span } from './subtrees.ts'
import { encodeBundle, tileWidth } from './tiles.ts'
import { formatTlogProof } from './tlog-proof.ts'
import { leafHash, verifyConsistency, verifyInclusion } from './tree.ts'
import { LedgerCorrupt } from './unavailable.ts'

/** Throws a LedgerCorrupt where none is stored: opening a ledger stores one even for the empty log. */
export async function currentCheckpoint(options: PublishOptions): Promise<SignedCheckpoint> {
  const checkpoint = await newestCheckpoint(options.db, options)
  if (!checkpoint) throw new LedgerCorrupt('there is no checkpoint')
  return checkpoint
}

/** tlog-proof text of one entry. Verified before it is handed out, so that a damaged table shows here and not at the recipient's. */
export async function proveInclusion(db: Db, index: number, { size, root, note }: SignedCheckpoint): Promise<string> {
  if (!Number.isSafeInteger(index) || index < 0 || index >= size)
    throw new RangeError(`there is no entry ${index} in a log of ${size}`)
  const [entry] = await readEntries(db, { start: index, end: index + 1 })
  const proof = await readProof(db, inclusionSpans(index, size))
  if (!verifyInclusion({ index, size, leaf: leafHash(entry!.bytes), proof, root })) {
    throw new LedgerCorrupt(`the proof of entry ${index} does not hold`)
  }
  return formatTlogProof({ index, proof, checkpoint: note })
}

/** RFC 6962 consistency proof as base64 hashes, from the root of `oldSize` to a newer checkpoint. */
export async function proveConsistency(
  db: Db,
  oldSize: number,
  oldRoot: Uint8Array,
  newer: SignedCheckpoint,
): Promise<string[]> {
  if (!Number.isSafeInteger(oldSize) || oldSize < 0 || oldSize > newer.size)
    throw new RangeError(`no size ${oldSize} in a log of ${newer.size}`)
  const proof = await readProof(db, consistencySpans(oldSize, newer.size))
  const claim = { oldSize, oldRoot, newSize: newer.size, newRoot: newer.root, proof }
  if (!verifyConsistency(claim)) throw new LedgerCorrupt(`size ${oldSize} is not a prefix of size ${newer.size}`)
  return proof.map(toBase64)
}

/** A hash tile of C2SP tlog-tiles, or undefined where the tree of `size` entries does not have it. */
export async function readTile(
  db: Db,
  level: number,
  n: number,
  width: number,
  size: number,
): Promise<Uint8Array | undefined> {
  if (!Number.isInteger(level) || level < 0 || level > 63) return undefined
  const span = spanOf(n, width, Math.floor(size / tileWidth ** level))
  return span && concat(...(await readLevel(db, 8 * level, span)))
}

/** An entry bundle, as `readTile`. */
export async function readBundle(db: Db, n: number, width: number, size: number): Promise<Uint8Array | undefined> {
  const span = spanOf(n, width, size)
  return span && encodeBundle((await readEntries(db, span)).map(entry => entry.bytes))
}

function spanOf(n: number, width: number, available: number): Span | undefined {
  const valid = Number.isSafeInteger(n) && n >= 0 && Number.isInteger(width) && width >= 1 && width <= tileWidth
  const start = n * tileWidth
  return valid && start + width <= available ? { start, end: start + width } : undefined
}
