/** The act's half of appending: a pending row in the act's own transaction, so that act and entry exist together or not at all. */
import { randomBytes } from 'node:crypto'
import { and, eq } from 'drizzle-orm'
import type { Db, Tx } from '../db.ts'
import type { Act } from './act.ts'
import { canonicalJson } from './canonical.ts'
import { commit, type Field, fields, fieldValue } from './commitment.ts'
import { toBase64, toHex } from './encoding.ts'
import { isId } from './id.ts'
import { entries, pending } from './tables.ts'

/** Seals openings under a key of their subject: a chain id, or `person:` and a person's opaque id. */
export interface OpeningCipher {
  seal(tx: Tx, subject: string, plaintext: Uint8Array): Promise<Uint8Array>
  /** Undefined when the subject's key is destroyed. */
  open(db: Db | Tx, subject: string, sealed: Uint8Array): Promise<Uint8Array | undefined>
}

/** Openings of one entry under one subject may add up to more than an entry holds. */
export const maxSealedBytes = 128 * 1024

interface SealedField {
  readonly field: Field
  readonly nonce: string
  readonly value: unknown
}

/** Writes the pending row, once for each (req, ev). Throws a TypeError for an act that no entry could hold, which rolls the act back. */
export async function stageAct(tx: Tx, act: Act, cipher: OpeningCipher): Promise<void> {
  const { chain, req, ev } = act
  if (!isId(chain) || !isId(req)) throw new TypeError('chain and req are 32 lowercase hex digits')
  const [known] = await tx
    .select({ chain: entries.chain })
    .from(entries)
    .where(and(eq(entries.req, req), eq(entries.ev, ev)))
  if (known && known.chain !== chain) throw new TypeError(`act ${req} is recorded in another chain`)
  if (known) return

  const opened = fields.map(field => openField(act, field))
  const commitments = Object.fromEntries(opened.map(({ sealed, commitment }) => [sealed.field, commitment]))
  const ofChain = opened.map(each => each.sealed).filter(({ field }) => field !== 'who')
  const ofPerson = opened.map(each => each.sealed).filter(({ field }) => field === 'who')
  const person = `person:${act.who.subject}`
  await tx
    .insert(pending)
    .values({
      chain,
      req,
      ev,
      blind: randomBytes(16).toString('hex'),
      commitments: new TextDecoder().decode(canonicalJson(commitments)),
      sealed: await cipher.seal(tx, chain, canonicalJson(ofChain, maxSealedBytes)),
      person,
      sealedPerson: await cipher.seal(tx, person, canonicalJson(ofPerson, maxSealedBytes)),
    })
    .onConflictDoNothing()
}

/** A fresh nonce each time: without it a commitment could be guessed from the short list of likely values. */
function openField(act: Act, field: Field): { sealed: SealedField; commitment: string } {
  const nonce = randomBytes(32)
  const value = fieldValue(act, field)
  return { sealed: { field, nonce: toBase64(nonce), value }, commitment: toHex(commit(field, nonce, value)) }
}
