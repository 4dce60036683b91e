import { createPublicKey, verify } from 'node:crypto'
import { concat, fromHex } from './encoding.ts'

/** SubjectPublicKeyInfo of an Ed25519 key without its last 32 bytes (RFC 8410, section 4). */
const spkiPrefix = fromHex('302a300506032b6570032100')

/** RFC 8032, section 5.1.7. False for a key or signature of the wrong length. */
export function verifyEd25519(publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean {
  if (publicKey.length !== 32 || signature.length !== 64) return false
  const key = createPublicKey({ key: Buffer.from(concat(spkiPrefix, publicKey)), format: 'der', type: 'spki' })
  return verify(null, message, key, signature)
}
