/**
 * Keys of the ledger's openings: each subject's are sealed under a key of its own, so that erasing a person is deleting rows of
 * vault.subject_keys. A sealed opening is `0x01 ‖ key id[16] ‖ box`, bound to subject and key.
 */
import { randomBytes } from 'node:crypto'
import { desc, eq } from 'drizzle-orm'
import type { Db, Tx } from '../db.ts'
import { closeBox, openBox } from './box.ts'
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

/** `cacheSize` bounds the unwrapped keys held in memory; whether one still exists is asked of the database each time. */
export function makeOpeningCipher({
  keys,
  region,
  cacheSize = 1_000,
}: {
  keys: KeyService
  region: string
  cacheSize?: number
}): OpeningCipher {
  const cache = new Map<string, Buffer>()
  const remember = (keyId: string, key: Buffer): Buffer => {
    cache.delete(keyId)
    cache.set(keyId, key)
    const oldest = cache.keys().next().value
    if (cache.size > cacheSize && oldest !== undefined) cache.delete(oldest)
    return key
  }
  const unwrap = async (keyId: string, wrapped: Uint8Array): Promise<Buffer> =>
    remember(keyId, cache.get(keyId) ?? (await keys.decrypt(region, wrapped, keyContext(keyId))))

  /** Transactions that meet make a key each: a unique key for a subject would have one wait for the other, and two for each other. */
  const create = async (tx: Tx, subject: string): Promise<{ keyId: string; key: Buffer }> => {
    const keyId = randomBytes(16).toString('hex')
    const { plaintext, wrapped } = await keys.generateDataKey(region, keyContext(keyId))
    await tx.insert(subjectKeys).values({ keyId, subject, wrapped })
    return { keyId, key: remember(keyId, plaintext) }
  }

  /** The share lock has an erasure wait for the act, and the act for an erasure: nothing is sealed under a key that is going. */
  const current = async (tx: Tx, subject: string): Promise<{ keyId: string; key: Buffer } | undefined> => {
    const newest = tx
      .select()
      .from(subjectKeys)
      .where(eq(subjectKeys.subject, subject))
      .orderBy(desc(subjectKeys.createdAt))
      .limit(1)
    const [row] = await newest.for('key share')
    return row && { keyId: row.keyId, key: await unwrap(row.keyId, row.wrapped) }
  }

  return {
    async seal(tx, subject, plaintext) {
      const { keyId, key } = (await current(tx, subject)) ?? (await create(tx, subject))
      const box = closeBox(key, plaintext, boxContext(keyId, subject))
      return Buffer.concat([Buffer.of(version), Buffer.from(keyId, 'hex'), box])
    },
    async open(db, subject, sealed) {
      if (sealed[0] !== version) throw new TypeError('this is no sealed opening')
      const keyId = Buffer.from(sealed.subarray(1, idEnd)).toString('hex')
      const [row] = await db.select().from(subjectKeys).where(eq(subjectKeys.keyId, keyId))
      return row && openBox(await unwrap(keyId, row.wrapped), sealed.subarray(idEnd), boxContext(keyId, subject))
    },
    async destroy(tx, subject) {
      const gone = await tx.delete(subjectKeys).where(eq(subjectKeys.subject, subject)).returning()
      for (const { keyId } of gone) cache.delete(keyId)
      return gone.length
    },
  }
}

/** No subject in it: key services log their contexts. */
function keyContext(keyId: string): string {
  return `custos-opening-key/v1|${keyId}`
}

function boxContext(keyId: string, subject: string): string {
  return `custos-opening/v1|${keyId}|${subject}`
}
