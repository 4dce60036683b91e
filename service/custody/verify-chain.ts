/** The checks over a chain's entries. Each throws a Refuted at the first fault, so that its detail names one entry. */
import { Refuted } from './check.ts'
import type { Checkpoint } from './checkpoint.ts'
import { checkOpening, fields, type Opening } from './commitment.ts'
import { toHex } from './encoding.ts'
import { type Entry, EntryError, parseEntry } from './entry.ts'
import { parseTime } from './time.ts'
import { parseTlogProof, type TlogProof } from './tlog-proof.ts'
import { leafHash, verifyInclusion } from './tree.ts'

export interface ProvenEntry {
  /** Global index, from 0. */
  readonly index: number
  /** The entry's canonical JSON. */
  readonly bytes: Uint8Array
  /** C2SP tlog-proof text of this index. */
  readonly proof: string
}

export interface DecodedEntry {
  readonly index: number
  readonly entry: Entry
  /** RFC 6962 leaf hash, hex. */
  readonly leaf: string
}

/** The leaf hash is computed here, so that links and inclusion speak of the same bytes. */
export function decodeEntries(entries: readonly ProvenEntry[]): DecodedEntry[] {
  if (entries.length === 0) throw new Refuted('chain-empty', 'there is no entry')
  return entries.map(({ index, bytes }) => {
    try {
      return { index, entry: parseEntry(bytes), leaf: toHex(leafHash(bytes)) }
    } catch (error) {
      if (error instanceof EntryError) throw new Refuted('entry-malformed', `entry ${index}: ${error.message}`)
      throw error
    }
  })
}

/** Every link needs its own proof: a link that hashes to its successor but was never in the tree proves nothing. */
export function checkInclusion(entries: readonly ProvenEntry[], note: string, head: Checkpoint | undefined): void {
  if (!head) throw new Refuted('not-reached', 'there is no trusted checkpoint')
  if (entries.length === 0) throw new Refuted('chain-empty', 'there is no entry')
  for (const { index, bytes, proof } of entries) {
    const { index: claimed, proof: hashes, checkpoint } = parsedProof(index, proof)
    if (claimed !== index || checkpoint !== note)
      throw new Refuted('proof-mismatch', `the proof of entry ${index} is about something else`)
    if (!verifyInclusion({ index, size: head.size, leaf: leafHash(bytes), proof: hashes, root: head.root })) {
      throw new Refuted('inclusion-invalid', `entry ${index} is not in the tree of size ${head.size}`)
    }
  }
}

function parsedProof(index: number, text: string): TlogProof {
  try {
    return parseTlogProof(text)
  } catch (error) {
    throw new Refuted('proof-malformed', `entry ${index}: ${String(error)}`)
  }
}

export function checkLinks(entries: readonly DecodedEntry[]): void {
  entries.forEach(({ index, entry }, i) => {
    const before = entries[i - 1]
    if (entry.chain !== entries[0]?.entry.chain)
      throw new Refuted('chain-mixed', `entry ${index} belongs to another chain`)
    if (entry.seq !== i + 1)
      throw new Refuted('chain-gap', `entry ${index} is number ${entry.seq} of its chain, not ${i + 1}`)
    if (!before) return
    if (entry.prev?.i !== before.index || entry.prev.h !== before.leaf || before.index >= index) {
      throw new Refuted('link-invalid', `entry ${index} does not follow entry ${before.index}`)
    }
  })
}

export function checkTimes(entries: readonly DecodedEntry[]): void {
  let last = Number.NEGATIVE_INFINITY
  for (const { index, entry } of entries) {
    const time = parseTime(entry.t)
    if (time <= last) throw new Refuted('time-not-rising', `entry ${index} is not later than the one before`)
    last = time
  }
}

/** Fields that nobody opened are no fault: a recipient sees only what is theirs, and an erased opening is gone. */
export function checkOpenings(entries: readonly DecodedEntry[], openings: readonly Opening[]): void {
  const seen = new Set<string>()
  for (const opening of openings) {
    const name = `${opening.field} of entry ${opening.index}`
    const decoded = entries.find(({ index }) => index === opening.index)
    if (!decoded || !fields.includes(opening.field))
      throw new Refuted('opening-unknown', `${name} is not in this chain`)
    if (seen.has(name)) throw new Refuted('opening-repeated', `${name} is opened twice`)
    seen.add(name)
    if (!checkOpening(decoded.entry, opening))
      throw new Refuted('opening-mismatch', `${name} does not fit its commitment`)
  }
}
