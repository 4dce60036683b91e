/** Verifies a chain offline from what a package or an export carries. No I/O: the CLI, the routes, the browser and the tests run this code. */
import { type Check, Refuted, runCheck } from './check.ts'
import { type Checkpoint, parseCheckpoint } from './checkpoint.ts'
import type { Opening } from './commitment.ts'
import { fromBase64 } from './encoding.ts'
import { NoteError, openNote, type VerifierKey } from './note.ts'
import { verifyConsistency } from './tree.ts'
import {
  checkInclusion,
  checkLinks,
  checkOpenings,
  checkTimes,
  decodeEntries,
  type ProvenEntry,
} from './verify-chain.ts'

export { type Check, type CheckCode, checkCodes, verdict } from './check.ts'
export type { ProvenEntry } from './verify-chain.ts'

/** All of it may come from an attacker. */
export interface ChainInput {
  /** Signed note of the checkpoint that every inclusion proof refers to. */
  readonly checkpoint: string
  /** Every entry of the chain up to the last one shown, in order. */
  readonly entries: readonly ProvenEntry[]
  readonly openings: readonly Opening[]
  /** Consistency proof between `trust.checkpoint` and `checkpoint`, base64 hashes, smaller size first. */
  readonly consistency?: readonly string[]
}

/** None of it may come from the same place as the input. */
export interface Trust {
  /** The log's keys. Empty: nothing that rests on the checkpoint can be judged. */
  readonly keys: readonly VerifierKey[]
  /** A signed note seen before, older or newer than the input's. */
  readonly checkpoint?: string
  /** Left out, the origin must be the name of the key that signed, as tlog-checkpoint recommends. */
  readonly origin?: string
}

/** Answers every check, also those behind a failed one. What proofs cannot show is that the chain has no later entries. */
export function verifyChain(input: ChainInput, trust: Trust): Check[] {
  const head = runCheck('checkpoint-signature', () => openCheckpoint(input.checkpoint, trust))
  const trusted = trust.checkpoint
  const consistency =
    trusted === undefined
      ? []
      : [runCheck('checkpoint-consistency', () => checkConsistency(head.value, trusted, input, trust))]
  const decoded = runCheck('entries-canonical', () => decodeEntries(input.entries))
  const inclusion = runCheck('entries-included', () => checkInclusion(input.entries, input.checkpoint, head.value))
  const rest = [
    runCheck('chain-origin', () => checkOrigins(reached(decoded.value), reached(head.value))),
    runCheck('chain-links', () => checkLinks(reached(decoded.value))),
    runCheck('chain-times', () => checkTimes(reached(decoded.value))),
    runCheck('openings', () => checkOpenings(reached(decoded.value), input.openings)),
  ]
  return [head, ...consistency, decoded, inclusion, ...rest].map(result => result.check)
}

/** Throws a Refuted. The origin belongs to this step, since a key that signs two logs must not lend one the other's name. */
export function openCheckpoint(note: string, trust: Trust): Checkpoint {
  if (trust.keys.length === 0) throw new Refuted('key-missing', 'no trusted key was given')
  const { text, verified } = opened(note, trust.keys)
  let checkpoint: Checkpoint
  try {
    checkpoint = parseCheckpoint(text)
  } catch (error) {
    throw new Refuted('checkpoint-malformed', String(error))
  }
  const origins = trust.origin === undefined ? verified.map(key => key.name) : [trust.origin]
  if (!origins.includes(checkpoint.origin))
    throw new Refuted('origin-mismatch', `the log calls itself ${checkpoint.origin}`)
  return checkpoint
}

function opened(note: string, keys: readonly VerifierKey[]): ReturnType<typeof openNote> {
  try {
    return openNote(note, keys)
  } catch (error) {
    if (error instanceof NoteError) throw new Refuted(error.code, error.message)
    throw error
  }
}

function checkConsistency(head: Checkpoint | undefined, note: string, input: ChainInput, trust: Trust): void {
  const shown = reached(head)
  const { value: known } = runCheck('', () => openCheckpoint(note, trust))
  if (!known || known.origin !== shown.origin)
    throw new Refuted('trusted-checkpoint-invalid', 'the checkpoint to compare with is not of this log')
  const [older, newer] = known.size <= shown.size ? [known, shown] : [shown, known]
  // Between equal sizes the only valid proof is the empty one, so nobody has to bring it.
  const lines = input.consistency ?? (older.size === newer.size || older.size === 0 ? [] : undefined)
  if (!lines) throw new Refuted('consistency-missing', `no proof from size ${older.size} to size ${newer.size}`)
  const claim = {
    oldSize: older.size,
    oldRoot: older.root,
    newSize: newer.size,
    newRoot: newer.root,
    proof: decodeHashes(lines),
  }
  if (!verifyConsistency(claim))
    throw new Refuted('consistency-invalid', `size ${older.size} is not a prefix of size ${newer.size}`)
}

function decodeHashes(lines: readonly string[]): Uint8Array[] {
  try {
    return lines.map(fromBase64)
  } catch {
    throw new Refuted('consistency-invalid', 'a line of the consistency proof is not base64')
  }
}

function checkOrigins(entries: ReturnType<typeof decodeEntries>, head: Checkpoint): void {
  for (const { index, entry } of entries) {
    if (entry.log !== head.origin) throw new Refuted('origin-mismatch', `entry ${index} names the log ${entry.log}`)
  }
}

function reached<Value>(value: Value | undefined): Value {
  if (value === undefined) throw new Refuted('not-reached', 'a check before this one failed')
  return value
}
