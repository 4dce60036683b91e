/** A log on paper: built from entries by the RFC's definitions, so that a test can also build what an honest ledger never would. */
import { formatCheckpoint } from '../../service/custody/checkpoint.ts'
import { commit, fields, type Opening } from '../../service/custody/commitment.ts'
import { toBase64, toHex } from '../../service/custody/encoding.ts'
import { type Entry, encodeEntry } from '../../service/custody/entry.ts'
import { type NoteSigner, signNote } from '../../service/custody/note.ts'
import { foldSubtrees, inclusionSpans, type Span, subtreesOf } from '../../service/custody/subtrees.ts'
import { formatTime } from '../../service/custody/time.ts'
import { formatTlogProof } from '../../service/custody/tlog-proof.ts'
import { leafHash } from '../../service/custody/tree.ts'
import type { ChainInput } from '../../service/custody/verify.ts'
import { merkleRoot } from './merkle-root.ts'
import { origin } from './setup.ts'

export interface PaperEntry {
  readonly bytes: Uint8Array
  readonly openings: readonly Omit<Opening, 'index'>[]
}

/** Each entry with all that its place demands; `change` may then break it. */
export function paperChain(
  indices: readonly number[],
  change: (entry: Omit<Entry, 'v'>, i: number) => object = entry => entry,
): PaperEntry[] {
  const made: PaperEntry[] = []
  indices.forEach((index, i) => {
    const opened = fields.map(field => ({ field, nonce: new Uint8Array(32).fill(index), value: { field, index } }))
    const c = Object.fromEntries(
      opened.map(({ field, nonce, value }) => [field, toHex(commit(field, nonce, value))]),
    ) as Entry['c']
    const prev = i > 0 && { prev: { i: indices[i - 1]!, h: toHex(leafHash(made[i - 1]!.bytes)) } }
    const id = (n: number) => n.toString(16).padStart(32, '0')
    const entry = {
      log: origin,
      chain: id(1),
      seq: i + 1,
      ...prev,
      t: formatTime(1e15 + index),
      req: id(index),
      blind: id(index),
      c,
    }
    const bytes = encodeEntry(change(entry, i) as Omit<Entry, 'v'>)
    made.push({ bytes, openings: opened.map(({ field, nonce, value }) => ({ field, nonce: toBase64(nonce), value })) })
  })
  return made
}

/** The chain as a bundle from a log that holds `log` in this order, under one checkpoint. */
export async function paperBundle(
  chain: readonly PaperEntry[],
  indices: readonly number[],
  log: readonly Uint8Array[],
  signer: NoteSigner,
): Promise<ChainInput> {
  const leaves = log.map(leafHash)
  const checkpoint = await paperCheckpoint(log, signer)
  return {
    checkpoint,
    entries: chain.map(({ bytes }, i) => {
      const index = indices[i]!
      return {
        index,
        bytes,
        proof: formatTlogProof({ index, proof: paperProof(leaves, inclusionSpans(index, log.length)), checkpoint }),
      }
    }),
    openings: chain.flatMap(({ openings }, i) => openings.map(opening => ({ index: indices[i]!, ...opening }))),
  }
}

export function paperCheckpoint(log: readonly Uint8Array[], signer: NoteSigner): Promise<string> {
  return signNote(formatCheckpoint({ origin, size: log.length, root: merkleRoot(log.map(leafHash)) }), signer)
}

export function paperProof(leaves: readonly Uint8Array[], spans: readonly Span[]): Uint8Array[] {
  const hashOf = (level: number, n: number) => merkleRoot(leaves.slice(n * 2 ** level, (n + 1) * 2 ** level))
  return spans.map(span => foldSubtrees(subtreesOf(span).map(({ level, n }) => hashOf(level, n))))
}
