/** The clip reference: the name of an exhibit outside the vault, which tells nothing to whoever lacks the reference key. */
import { createHash } from 'node:crypto'
import { eq, or } from 'drizzle-orm'
import type { Db } from '../db.ts'
import { type KeyService, KeysUnfit } from './keys.ts'
import { referenceChecks } from './tables.ts'

export type Reference = (sha256: string, region: string) => Promise<string>

const checkMessage = createHash('sha256').update('custos-reference-check/v1').digest()

/**
 * `base32(HMAC-SHA-256(reference key of the region, SHA-256 of the plaintext))`, 52 characters. Throws as `checkReferenceKey` does. Not to be
 * called inside a transaction.
 */
export function makeReference(db: Db, keys: KeyService): Reference {
  const checks = new Map<string, Promise<void>>()
  return async (sha256, region) => {
    if (!/^[0-9a-f]{64}$/.test(sha256)) throw new TypeError('a SHA-256 has 64 lowercase hex digits')
    const check = checks.get(region) ?? checkReferenceKey(db, keys, region)
    checks.set(region, check)
    await check.catch(error => {
      checks.delete(region)
      throw error
    })
    return base32(await keys.referenceMac(region, Buffer.from(sha256, 'hex')))
  }
}

/**
 * Throws KeysUnfit when the region's reference key is not the one that named what is already here, which would give every known clip a
 * second name, and when it is another region's, whose clips would then be taken for this one's. Problem `unavailable`.
 */
export async function checkReferenceKey(db: Db, keys: KeyService, region: string): Promise<void> {
  const value = base32(await keys.referenceMac(region, checkMessage))
  await db.insert(referenceChecks).values({ region, value }).onConflictDoNothing()
  const known = await db
    .select()
    .from(referenceChecks)
    .where(or(eq(referenceChecks.region, region), eq(referenceChecks.value, value)))
  const other = known.find(row => row.region !== region)
  if (other)
    throw new KeysUnfit(`regions ${other.region} and ${region} have the same reference key: each needs its own`)
  if (known[0]?.value !== value)
    throw new KeysUnfit(`the reference key of region ${region} is not the one this vault began with`)
}

/** RFC 4648, section 6, in lower case and without padding. */
export function base32(bytes: Uint8Array): string {
  const alphabet = 'abcdefghijklmnopqrstuvwxyz234567'
  let text = ''
  let held = 0
  let bits = 0
  for (const byte of bytes) {
    held = ((held << 8) | byte) & 0xfff
    for (bits += 8; bits >= 5; bits -= 5) text += alphabet[(held >> (bits - 5)) & 31]
  }
  return bits > 0 ? text + alphabet[(held << (5 - bits)) & 31] : text
}
