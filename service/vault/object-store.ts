/**
 * The port to where sealed bytes lie: a folder (folder-store.ts), or S3 with Object Lock and a bucket a region. Whatever is put stays as it
 * is until its lock ends. A method that cannot be carried out now throws an error of its own, and then its outcome is not known.
 */
export interface ObjectStore {
  /**
   * Puts under a lock where nothing is (S3: `If-None-Match: *`, Content-MD5, SHA-256, COMPLIANCE; no retries of its own). MUST be durable
   * when it returns. Throws ObjectExists, or ObjectDigestMismatch when the bytes that came are not `body.len` of `body.sha256`; both change nothing.
   */
  put(region: string, key: string, body: ObjectBody, retainUntil: Date): Promise<void>
  /** Everything that stands under a key, oldest first, locks read back: one at most, unless a server ignored the condition. */
  versions(region: string, key: string): Promise<StoredVersion[]>
  /** Everything that stands in the region, in no order; a version may come twice, and one that is put meanwhile may be missing. */
  list(region: string): AsyncIterable<ListedVersion>
  /** Undefined when it is not there. */
  head(region: string, key: string, versionId: string): Promise<StoredVersion | undefined>
  /** Bytes `start` up to, not including, `end`. */
  get(region: string, key: string, versionId: string, start: number, end: number): AsyncIterable<Uint8Array>
  /** Lengthens a lock; never shortens one. */
  extend(region: string, key: string, versionId: string, retainUntil: Date): Promise<void>
  /** Sets or lifts the store's own legal hold, whatever it was. While it stands the object stays, even after its lock has ended. */
  hold(region: string, key: string, versionId: string, held: boolean): Promise<void>
  /** Throws ObjectLocked before the lock has ended, by the store's own clock, and while it is held. Removing what is not there is done. */
  remove(region: string, key: string, versionId: string): Promise<void>
  /** Throws StoreUnfit, naming what to mend, when what is put there would not be locked. Changes nothing. */
  check(region: string): Promise<StoreCheck>
}

export interface StoreCheck {
  /** For people: engine, bucket, mode of the lock. */
  readonly says: string
  /** The store's clock, which ends locks, less ours. Undefined where the store shows none. */
  readonly clockSkewMs: number | undefined
}

export interface ObjectBody {
  readonly len: number
  /** Lowercase hex. */
  readonly sha256: string
  /** Lowercase hex, where it is known already: S3 servers that check no SHA-256 check this. */
  readonly md5?: string
  /** From the first byte, as often as it is called. */
  open(): AsyncIterable<Uint8Array>
}

export interface ListedVersion {
  readonly key: string
  readonly versionId: string
  /** By the store's clock. */
  readonly putAt: Date
}

export interface StoredVersion {
  readonly versionId: string
  readonly len: number
  /** Lowercase hex, as the store attests it or was told with the bytes; empty when it knows none. What is read is checked all the same. */
  readonly sha256: string
  /** Whole seconds. Undefined: unlocked. */
  readonly retainUntil: Date | undefined
  /** Under the store's legal hold. */
  readonly held: boolean
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

/** The store answers, and would not keep what is put there: no versions, no object lock, or not the bucket of this region. */
export class StoreUnfit extends Error {
  override readonly name = 'StoreUnfit'
}
