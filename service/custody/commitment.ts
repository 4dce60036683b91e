/** What an entry says about an act without saying it: one salted hash a field (docs/formats/entry.md). */
import type { Act } from './act.ts'
import { canonicalJson } from './canonical.ts'
import { concat, equal, fromBase64, fromHex } from './encoding.ts'
import type { Entry } from './entry.ts'
import { sha256 } from './hash.ts'

export const fields = ['ev', 'obj', 'from', 'pol', 'who', 'legal'] as const
export type Field = (typeof fields)[number]

/** What opens one commitment of one entry. */
export interface Opening {
  /** Global index of the entry, from 0. */
  readonly index: number
  readonly field: Field
  /** 32 random bytes, base64. */
  readonly nonce: string
  /** The field as the act had it; `{}` stands for a field that the act did not have. */
  readonly value: unknown
}

const domain = new TextEncoder().encode('custos-commit/v1\0')

/** SHA-256 over "custos-commit/v1\0", the field name's length as one byte, the name, the 32 bytes of nonce and the value's canonical JSON. */
export function commit(field: Field, nonce: Uint8Array, value: unknown): Uint8Array {
  if (nonce.length !== 32) throw new RangeError('a nonce has 32 bytes')
  const name = new TextEncoder().encode(field)
  return sha256(concat(domain, Uint8Array.of(name.length), name, nonce, canonicalJson(value)))
}

/** Whether the opening fits the entry's commitment. The caller has matched `opening.index` with the entry. Never throws. */
export function checkOpening(entry: Entry, opening: Opening): boolean {
  try {
    return equal(commit(opening.field, fromBase64(opening.nonce), opening.value), fromHex(entry.c[opening.field]))
  } catch {
    return false
  }
}

/** A commitment is always made, so that an absent field looks like any other. */
export function fieldValue(act: Act, field: Field): unknown {
  return act[field] ?? {}
}
