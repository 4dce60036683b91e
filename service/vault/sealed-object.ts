/** What binds a sealed object to its row: context, names, and the digest of its plaintext. */
import { hkdfSync } from 'node:crypto'
import { closeBox, openBox } from './box.ts'

/** Encryption context of the data key and associated data of the seal: known before the first byte, and never of use for another object. */
export function sealContext(objectId: string, region: string): string {
  return `custos-seal/v1|${objectId}|${region}`
}

/** Generation 0 unless bytes that no row knows, or whose data key is destroyed, already stand under the name. */
export function objectKeyOf(clipRef: string, generation: number): string {
  return generation === 0 ? clipRef : `${clipRef}.${generation}`
}

/** The plaintext's SHA-256 dies with the data key. */
export function closeDigest(dataKey: Uint8Array, context: string, sha256: Uint8Array): Buffer {
  return withDigestKey(dataKey, key => closeBox(key, sha256, context))
}

/** Lowercase hex. Throws BoxBroken. */
export function openDigest(dataKey: Uint8Array, context: string, box: Uint8Array): string {
  return withDigestKey(dataKey, key => openBox(key, box, context)).toString('hex')
}

/** One key, one use: the data key itself goes into the seal alone. */
function withDigestKey<T>(dataKey: Uint8Array, use: (key: Buffer) => T): T {
  const key = Buffer.from(hkdfSync('sha256', dataKey, '', 'custos-digest/v1', 32))
  try {
    return use(key)
  } finally {
    key.fill(0)
  }
}
