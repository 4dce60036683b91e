/** The entry codec (docs/formats/entry.md). An entry is its canonical bytes; this object is only a view of them. */
import { z } from 'zod'
import { CanonicalError, canonicalJson, parseCanonical } from './canonical.ts'
import { parseTime } from './time.ts'

const hex = (bytes: number) => z.string().regex(new RegExp(`^[0-9a-f]{${2 * bytes}}$`))
const safe = (least: number) => z.number().int().min(least).max(Number.MAX_SAFE_INTEGER)
const digest = hex(32)

const schema = z
  .strictObject({
    v: z.literal('custos-entry/v1'),
    /** Origin of the log. */
    log: z.string().regex(/^[^\s+]{1,255}$/u),
    chain: hex(16),
    /** Place in the chain, from 1. */
    seq: safe(1),
    /** The chain's previous entry: its global index and RFC 6962 leaf hash. Absent in the first alone. */
    prev: z.strictObject({ i: safe(0), h: digest }).optional(),
    t: z.string().refine(isTime),
    req: hex(16),
    blind: hex(16),
    /** The six commitments. */
    c: z.strictObject({ ev: digest, obj: digest, from: digest, pol: digest, who: digest, legal: digest }),
  })
  .refine(entry => (entry.seq === 1) === (entry.prev === undefined), 'prev is absent in the first entry alone')

export type Entry = z.infer<typeof schema>

export class EntryError extends Error {
  override readonly name = 'EntryError'
}

/** The canonical bytes of an entry. Throws an EntryError when it would not parse. */
export function encodeEntry(entry: Omit<Entry, 'v'>): Uint8Array {
  const bytes = canonicalJson({ v: 'custos-entry/v1', ...entry })
  parseEntry(bytes)
  return bytes
}

/** Throws an EntryError unless the bytes are canonical and every member is known and well formed. */
export function parseEntry(bytes: Uint8Array): Entry {
  const parsed = schema.safeParse(canonicalValue(bytes))
  if (!parsed.success) throw new EntryError(z.prettifyError(parsed.error))
  return parsed.data
}

function canonicalValue(bytes: Uint8Array): unknown {
  try {
    return parseCanonical(bytes)
  } catch (error) {
    if (error instanceof CanonicalError) throw new EntryError(error.message)
    throw error
  }
}

function isTime(text: string): boolean {
  try {
    parseTime(text)
    return true
  } catch {
    return false
  }
}
