/**
 * The port to whoever keeps the keys: a key file (key-file.ts), or AWS KMS with one symmetric key and one HMAC key a region. A `context` is
 * one string; KMS gets it as the encryption context `{custos: context}`, so it must hold nothing secret or personal (KMS logs it).
 * Every method throws Problem `unavailable` when the service cannot be asked now.
 */
export interface KeyService {
  /** A fresh 256-bit data key (KMS: GenerateDataKey). It comes back from `decrypt` only in the same region and context. */
  generateDataKey(region: string, context: string): Promise<DataKey>
  /**
   * Throws KeyRefused when the wrapped key is not from here or not of this context. A wrapping key that is disabled, or that this process may
   * not use, is Problem `unavailable`: nothing is known to be wrong with what it wrapped.
   */
  decrypt(region: string, wrapped: Uint8Array, context: string): Promise<Buffer>
  /**
   * The same data key under the region's newest wrapping key, without its leaving the service (KMS: ReEncrypt); the very bytes given when
   * they are wrapped so already. Throws as `decrypt` does.
   */
  rewrap(region: string, wrapped: Uint8Array, context: string): Promise<Uint8Array>
  /** HMAC-SHA-256 under the region's reference key, which is never rotated (KMS: GenerateMac). */
  referenceMac(region: string, message: Uint8Array): Promise<Uint8Array>
  /**
   * Throws KeysUnfit, naming what to mend, when a key that this region works with is missing, disabled or of another use; with `earlier`,
   * also when one is that only unwraps. Answers a line for people.
   */
  check(region: string, options?: { readonly earlier?: boolean }): Promise<string>
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

/** A key is not there, not enabled, or made for something else. */
export class KeysUnfit extends Error {
  override readonly name = 'KeysUnfit'
}
