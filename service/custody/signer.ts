/** The log's key pair, as a note signer. Where the private key is kept is the caller's concern. */
import { createPrivateKey, createPublicKey, generateKeyPairSync, sign } from 'node:crypto'
import { keyIdOf, type NoteSigner } from './note.ts'

/** A new Ed25519 private key, PKCS#8 PEM. */
export function generateSigningKey(): string {
  return generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' }) as string
}

/** `name` is the log's origin. Throws a TypeError for a key of another kind. */
export function openSigner(name: string, privateKeyPem: string): NoteSigner {
  const privateKey = createPrivateKey(privateKeyPem)
  if (privateKey.asymmetricKeyType !== 'ed25519') throw new TypeError('the signing key is not an Ed25519 key')
  const publicKey = new Uint8Array(createPublicKey(privateKey).export({ type: 'spki', format: 'der' }).subarray(-32))
  return {
    name,
    keyId: keyIdOf(name, publicKey),
    publicKey,
    sign: async text => new Uint8Array(sign(null, Buffer.from(text), privateKey)),
  }
}
