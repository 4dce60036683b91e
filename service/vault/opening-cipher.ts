/**
 * Keys of the ledger's openings: each subject's are sealed under a key of its own, so that erasing a person is deleting rows of
 * vault.subject_keys. A sealed opening is `0x01 ‖ key id[16] ‖ box`, bound to subject and key.
 */
import { randomBytes } from 'node:crypto'
import { desc, eq } from 'drizzle-orm'
import type { Db, Tx } from '../db.ts'
import { closeBox, openBox } from './box.ts'
import { makeKeyCache } from './data-keys.ts'
import type { KeyService } from './keys.ts'
import { subjectKeys } from './tables.ts'

const version = 1
const idEnd = 17

export interface OpeningCipher {
  /** In the act's own transaction: a key made here lives or dies with the act. Problem `unavailable` without the key service. */
  seal(tx: Tx, subject: string, plaintext: Uint8Array): Promise<Uint8Array>
  /** Undefined when the key was destroyed. Throws BoxBroken or KeyRefused when the bytes are not what was sealed for this subject. */
  open(db: Db | Tx, subject: string, sealed: Uint8Array): Promise<Uint8Array | undefined>
  /** Makes all that was sealed for the subject unreadable once the transaction commits. Returns how many keys there were. */
  destroy(tx: Tx, subject: string): Promise<number>
}

export interface OpeningCipherParts {
  readonly keys: KeyService
  readonly region: string
  /** Unwrapped keys held in memory, and for how long each. */
  readonly cacheSize?: number
  readonly cacheMs?: number
  /** Milliseconds, rising. */
  readonly now?: () => number
}

/** Unwrapped keys are held for five minutes at most; whether one still exists is asked of the database each time. */
export function makeOpeningCipher(parts: OpeningCipherParts): OpeningCipher {
  const { keys, region, cacheSize = 1_000, cacheMs = 300_000, now } = parts
  const cache = makeKeyCache({ maxKeys: cacheSize, maxAgeMs: cacheMs, ...(now && { now }) })

  /** The share lock has an erasure wait for the act, and the act for an erasure: nothing is sealed under a key that is going. */
  const current = async (tx: Tx, subject: string) => {
    const newest = tx
      .select()
      .from(subjectKeys)
      .where(eq(subjectKeys.subject, subject))
      .orderBy(desc(subjectKeys.createdAt))
      .limit(1)
    const [row] = await newest.for('key share')
    return row && { keyId: row.keyId, unwrap: () => keys.decrypt(region, row.wrapped, openingKeyContext(row.keyId)) }
  }

  /** Transactions that meet make a key each: a unique key for a subject would have one wait for the other, and two for each other. */
  const create = async (tx: Tx, subject: string) => {
    const keyId = randomBytes(16).toString('hex')
    const { plaintext, wrapped } = await keys.generateDataKey(region, openingKeyContext(keyId))
    try {
      await tx.insert(subjectKeys).values({ keyId, subject, wrapped })
    } catch (error) {
      plaintext.fill(0)
      throw error
    }
    return { keyId, unwrap: async () => plaintext }
  }

  return {
    async seal(tx, subject, plaintext) {
      const { keyId, unwrap } = (await current(tx, subject)) ?? (await create(tx, subject))
      const box = await cache.with(keyId, unwrap, key => closeBox(key, plaintext, boxContext(keyId, subject)))
      return Buffer.concat([Buffer.of(version), Buffer.from(keyId, 'hex'), box])
    },
    async open(db, subject, sealed) {
      if (sealed[0] !== version) throw new TypeError('this is no sealed opening')
      const keyId = Buffer.from(sealed.subarray(1, idEnd)).toString('hex')
      const [row] = await db.select().from(subjectKeys).where(eq(subjectKeys.keyId, keyId))
      if (!row) return undefined
      const unwrap = () => keys.decrypt(region, row.wrapped, openingKeyContext(keyId))
      return await cache.with(keyId, unwrap, key => openBox(key, sealed.subarray(idEnd), boxContext(keyId, subject)))
    },
    async destroy(tx, subject) {
      const gone = await tx.delete(subjectKeys).where(eq(subjectKeys.subject, subject)).returning()
      for (const { keyId } of gone) cache.drop(keyId)
      return gone.length
    },
  }
}

/** No subject in it: key services log their contexts. */
export function openingKeyContext(keyId: string): string {
  return `custos-opening-key/v1|${keyId}`
}

function boxContext(keyId: string, subject: string): string {
  return `custos-opening/v1|${keyId}|${subject}`
}
