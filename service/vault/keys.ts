/**
 * The port to whoever keeps the keys: a key file (key-file.ts), or AWS KMS with one symmetric key and one HMAC key a region. A `context` is
 * one string; KMS gets it as the encryption context `{custos: context}`, so it must hold nothing secret or personal (KMS logs it).
 * Every method throws Problem `unavailable` when the service cannot be asked now.
 */
export interface KeyService {
  /** A fresh 256-bit data key (KMS: GenerateDataKey). It comes back from `decrypt` only in the same region and context. */
  generateDataKey(region: string, context: string): Promise<DataKey>
  /** Throws KeyRefused when the wrapped key is not from here, not of this context, or disabled. */
  decrypt(region: string, wrapped: Uint8Array, context: string): Promise<Buffer>
  /** HMAC-SHA-256 under the region's reference key, which is never rotated (KMS: GenerateMac). */
  referenceMac(region: string, message: Uint8Array): Promise<Uint8Array>
}

/** The holder overwrites `plaintext` when it is done. */
export interface DataKey {
  readonly plaintext: Buffer
  readonly wrapped: Uint8Array
}

/** The key service answered, and its answer is no. */
export class KeyRefused extends Error {
  constructor(options?: ErrorOptions) {
    super('the wrapped key does not open in this context', options)
    this.name = 'KeyRefused'
  }
}
