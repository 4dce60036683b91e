/**
 * The port to where sealed bytes lie: a folder (folder-store.ts), or S3 with Object Lock and a bucket a region. Whatever is put stays as it
 * is until its lock ends. A method that cannot be carried out now throws an error of its own, and then its outcome is not known.
 */
export interface ObjectStore {
  /**
   * Puts under a lock where nothing is (S3: `If-None-Match: *`, Content-MD5, SHA-256, COMPLIANCE; no retries of its own). MUST be durable
   * when it returns. Throws ObjectExists, or ObjectDigestMismatch when the bytes that came are not `body.sha256`; both change nothing.
   */
  put(region: string, key: string, body: ObjectBody, retainUntil: Date): Promise<void>
  /** Everything that stands under a key, oldest first, locks read back: one at most, unless a server ignored the condition. */
  versions(region: string, key: string): Promise<StoredVersion[]>
  /** Undefined when it is not there. */
  head(region: string, key: string, versionId: string): Promise<StoredVersion | undefined>
  /** Bytes `start` up to, not including, `end`. */
  get(region: string, key: string, versionId: string, start: number, end: number): AsyncIterable<Uint8Array>
  /** Lengthens a lock; never shortens one. */
  extend(region: string, key: string, versionId: string, retainUntil: Date): Promise<void>
  /** Throws ObjectLocked before the lock has ended, by the store's own clock. */
  remove(region: string, key: string, versionId: string): Promise<void>
}

export interface ObjectBody {
  readonly len: number
  /** Lowercase hex. */
  readonly sha256: string
  /** From the first byte, as often as it is called. */
  open(): AsyncIterable<Uint8Array>
}

export interface StoredVersion {
  readonly versionId: string
  readonly len: number
  /** Lowercase hex, as the store attests it. */
  readonly sha256: string
  /** Whole seconds. Undefined: unlocked. */
  readonly retainUntil: Date | undefined
}

export class ObjectExists extends Error {
  override readonly name = 'ObjectExists'
}

export class ObjectDigestMismatch extends Error {
  override readonly name = 'ObjectDigestMismatch'
}

export class ObjectLocked extends Error {
  override readonly name = 'ObjectLocked'
}
