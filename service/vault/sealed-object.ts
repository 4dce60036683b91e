/** What binds a sealed object to its row: context, names, and the digest of its plaintext. */
import { hkdfSync } from 'node:crypto'
import { closeBox, openBox } from './box.ts'

/** Encryption context of the data key and associated data of the seal: known before the first byte, and never of use for another object. */
export function sealContext(objectId: string, region: string): string {
  return `custos-seal/v1|${objectId}|${region}`
}

/** An object's key is its clip reference, and `<clip reference>.<n>` where other bytes stand under that, and under those before n. */
export function nextObjectKey({ clipRef, objectKey }: { clipRef: string; objectKey: string }): string {
  return `${clipRef}.${Number(objectKey.slice(clipRef.length + 1)) + 1}`
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
