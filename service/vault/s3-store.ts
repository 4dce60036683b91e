/** An ObjectStore in one S3 bucket with versioning and object lock. The object of a key is `sealed/<region>/<key>`. */
import { DeleteObjectCommand, PutObjectLegalHoldCommand, PutObjectRetentionCommand } from '@aws-sdk/client-s3'
import { UnknownRegion } from './by-region.ts'
import { ObjectExists, ObjectLocked, type ObjectStore, type StoredVersion } from './object-store.ts'
import { checkBucket } from './s3-check.ts'
import {
  defaultLimits,
  isAnswer,
  objectName,
  type S3Bucket,
  type S3Limits,
  s3Clients,
  wholeSeconds,
} from './s3-client.ts'
import { type HeadedVersion, headVersion } from './s3-head.ts'
import { listAll } from './s3-list.ts'
import { putInParts } from './s3-multipart.ts'
import { putWhole } from './s3-put.ts'
import { readRange, versionIds } from './s3-read.ts'

export type { S3Bucket } from './s3-client.ts'

/** A clock that is further off is refused by S3 itself (RequestTimeTooSkewed). */
const mostSkewMs = 15 * 60_000

/** Asks the bucket nothing yet: `check` does. Every method rejects with UnknownRegion for a region but the bucket's. */
export async function openS3Store(bucket: S3Bucket, limits: Partial<S3Limits> = {}): Promise<ObjectStore> {
  const s3 = s3Clients(bucket, { ...defaultLimits, ...limits })
  const inTime = () => ({ abortSignal: AbortSignal.timeout(s3.limits.stallMs) })
  const own = (region: string) => {
    if (region !== bucket.region)
      throw new UnknownRegion(`bucket ${bucket.bucket} is of region ${bucket.region}, not ${region}`)
  }

  const store: ObjectStore = {
    async put(region, key, body, retainUntil) {
      own(region)
      // Not every server knows the condition of the PUT, and a delete marker blinds those that do.
      if ((await versionIds(s3, key)).length > 0) throw new ObjectExists(key)
      if (body.len <= s3.limits.singlePutLen) return await putWhole(s3, key, body, retainUntil)
      const versionId = await putInParts(s3, key, body, retainUntil)
      await store.extend(region, key, versionId ?? (await versionIds(s3, key))[0]!, retainUntil)
    },

    async versions(region, key) {
      own(region)
      const found = await Promise.all((await versionIds(s3, key)).map(id => headVersion(s3, key, id)))
      return found.flatMap(version => (version ? [forPort(version)] : []))
    },

    async *list(region) {
      own(region)
      yield* listAll(s3)
    },

    async head(region, key, versionId) {
      own(region)
      const found = await headVersion(s3, key, versionId)
      return found && forPort(found)
    },

    async *get(region, key, versionId, start, end) {
      own(region)
      yield* readRange(s3, key, versionId, start, end)
    },

    async extend(region, key, versionId, retainUntil) {
      own(region)
      const { lock } = (await headVersion(s3, key, versionId)) ?? {}
      const asked = wholeSeconds(retainUntil)
      const stands = lock?.until ?? asked
      // Neither date nor mode ever goes back, whatever this store was told to be since the object was put.
      const Retention = {
        Mode: lock?.mode === 'COMPLIANCE' ? 'COMPLIANCE' : s3.lockMode,
        RetainUntilDate: stands > asked ? stands : asked,
      } as const
      if (lock?.mode === Retention.Mode && stands >= asked) return
      await s3.patient.send(
        new PutObjectRetentionCommand({ ...objectName(s3, key), VersionId: versionId, Retention }),
        inTime(),
      )
    },

    async hold(region, key, versionId, held) {
      own(region)
      const LegalHold = { Status: held ? ('ON' as const) : ('OFF' as const) }
      await s3.patient.send(
        new PutObjectLegalHoldCommand({ ...objectName(s3, key), VersionId: versionId, LegalHold }),
        inTime(),
      )
    },

    async remove(region, key, versionId) {
      own(region)
      // versitygw lets go of what is held once its lock has ended.
      if ((await headVersion(s3, key, versionId))?.held) throw new ObjectLocked(key)
      try {
        await s3.patient.send(new DeleteObjectCommand({ ...objectName(s3, key), VersionId: versionId }), inTime())
      } catch (error) {
        const found = await headVersion(s3, key, versionId)
        if (!found) return
        // The server says no in the same words to an account without the right and to everyone before the lock ends.
        const standing = found.held || (found.lock && found.lock.until.getTime() > Date.now() - mostSkewMs)
        if (isAnswer(error, 400, 403) && standing) throw new ObjectLocked(key, { cause: error })
        throw error
      }
    },

    async check(region) {
      own(region)
      return await checkBucket(s3)
    },
  }
  return store
}

function forPort({ lock: _, ...version }: HeadedVersion): StoredVersion {
  return version
}
