/** A small secret under a key: AES-256-GCM in one shot, `nonce[12] ‖ ciphertext ‖ tag[16]`. Clips are sealed by seal.ts. */
import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto'

const nonceLen = 12
const tagLen = 16

export function closeBox(key: Uint8Array, plaintext: Uint8Array, associatedData: string): Buffer {
  const nonce = randomBytes(nonceLen)
  const cipher = createCipheriv('aes-256-gcm', key, nonce, { authTagLength: tagLen }).setAAD(
    Buffer.from(associatedData),
  )
  return Buffer.concat([nonce, cipher.update(plaintext), cipher.final(), cipher.getAuthTag()])
}

/** Throws BoxBroken when key, associated data or a single bit of the box is not what it was. */
export function openBox(key: Uint8Array, box: Uint8Array, associatedData: string): Buffer {
  if (box.length < nonceLen + tagLen) throw new BoxBroken()
  const decipher = createDecipheriv('aes-256-gcm', key, box.subarray(0, nonceLen), { authTagLength: tagLen })
  decipher.setAAD(Buffer.from(associatedData)).setAuthTag(box.subarray(box.length - tagLen))
  const plaintext = decipher.update(box.subarray(nonceLen, box.length - tagLen))
  try {
    decipher.final()
  } catch (cause) {
    throw new BoxBroken({ cause })
  }
  return plaintext
}

export class BoxBroken extends Error {
  constructor(options?: ErrorOptions) {
    super('a sealed value does not open', options)
    this.name = 'BoxBroken'
  }
}
