/** A receipt: a tlog-proof whose extra line carries the entry and some of its openings, so that one file proves one act (docs/formats/package.md). */
import { z } from 'zod'
import { CanonicalError, canonicalJson, parseCanonical } from './canonical.ts'
import { Refuted } from './check.ts'
import { checkOpening, fields, type Opening } from './commitment.ts'
import { type Entry, EntryError, parseEntry } from './entry.ts'
import { formatTlogProof, parseTlogProof, type TlogProof } from './tlog-proof.ts'
import { leafHash, verifyInclusion } from './tree.ts'
import { openCheckpoint, type Trust } from './verify.ts'

/** An entry of at most 16 KiB and as much again for its openings, in JSON. */
const maxExtraBytes = 64 * 1024
const extraSchema = z.strictObject({
  entry: z.record(z.string(), z.unknown()),
  openings: z.array(z.strictObject({ field: z.enum(fields), nonce: z.string(), value: z.unknown() })),
})

/** `proof` is the ledger's tlog-proof of the entry with these canonical bytes; openings of other entries are left out. */
export function formatReceipt(proof: string, bytes: Uint8Array, openings: readonly Opening[]): string {
  const parsed = parseTlogProof(proof)
  const own = openings.filter(({ index }) => index === parsed.index)
  const extra = {
    entry: parseCanonical(bytes),
    openings: own.map(({ field, nonce, value }) => ({ field, nonce, value })),
  }
  return formatTlogProof({ ...parsed, extra: canonicalJson(extra, maxExtraBytes) })
}

export interface Receipt {
  readonly index: number
  readonly entry: Entry
  /** Each fits its commitment, no field twice. */
  readonly openings: readonly Opening[]
}

/** The act that a receipt proves. Throws a Refuted, `key-missing` among others: the extra line is worth what the proof makes of it. */
export function openReceipt(text: string, trust: Trust): Receipt {
  const proof = parsed(text)
  const { entry, bytes, openings } = decodeExtra(proof)
  const head = openCheckpoint(proof.checkpoint, trust)
  const claim = { index: proof.index, size: head.size, leaf: leafHash(bytes), proof: proof.proof, root: head.root }
  if (!verifyInclusion(claim))
    throw new Refuted('inclusion-invalid', `the receipt's entry ${proof.index} is not in the tree`)
  if (entry.log !== head.origin) throw new Refuted('origin-mismatch', `the receipt's entry names the log ${entry.log}`)
  for (const [i, opening] of openings.entries()) {
    const repeated = openings.findIndex(({ field }) => field === opening.field) !== i
    if (repeated) throw new Refuted('opening-repeated', `the receipt opens ${opening.field} twice`)
    if (!checkOpening(entry, opening))
      throw new Refuted('opening-mismatch', `${opening.field} of the receipt does not fit its commitment`)
  }
  return { index: proof.index, entry, openings }
}

function parsed(text: string): TlogProof {
  try {
    return parseTlogProof(text)
  } catch (error) {
    throw new Refuted('proof-malformed', `the receipt: ${String(error)}`)
  }
}

function decodeExtra({ index, extra }: TlogProof): { entry: Entry; bytes: Uint8Array; openings: Opening[] } {
  // A bare tlog-proof is a proof of something, nobody can say of what.
  if (!extra) throw new Refuted('not-reached', 'the receipt does not carry its entry')
  try {
    const read = extraSchema.safeParse(parseCanonical(extra, maxExtraBytes))
    if (!read.success) throw new CanonicalError(z.prettifyError(read.error))
    const bytes = canonicalJson(read.data.entry)
    return { bytes, entry: parseEntry(bytes), openings: read.data.openings.map(opening => ({ index, ...opening })) }
  } catch (error) {
    if (error instanceof CanonicalError || error instanceof EntryError)
      throw new Refuted('entry-malformed', `the receipt: ${error.message}`)
    throw error
  }
}
