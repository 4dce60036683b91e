/** What a server says of one version: digest, length, lock, hold. */
import {
  GetObjectLegalHoldCommand,
  GetObjectRetentionCommand,
  HeadObjectCommand,
  type HeadObjectCommandOutput,
} from '@aws-sdk/client-s3'
import type { StoredVersion } from './object-store.ts'
import { isAnswer, objectName, type S3Clients } from './s3-client.ts'

export interface HeadedVersion extends StoredVersion {
  /** The lock as it stands, whether or not it counts for us. */
  readonly lock: { readonly mode: string | undefined; readonly until: Date } | undefined
}

/** Undefined when nothing has this id, or a delete marker. */
export async function headVersion(s3: S3Clients, key: string, versionId: string): Promise<HeadedVersion | undefined> {
  const name = { ...objectName(s3, key), VersionId: versionId }
  const inTime = { abortSignal: AbortSignal.timeout(s3.limits.stallMs) }
  let head: HeadObjectCommandOutput
  try {
    head = await s3.patient.send(new HeadObjectCommand({ ...name, ChecksumMode: 'ENABLED' }), inTime)
  } catch (error) {
    if (isAnswer(error, 404, 405)) return undefined
    throw error
  }
  const mute = !head.ObjectLockRetainUntilDate && !head.ObjectLockLegalHoldStatus
  // Where a newer version or a delete marker stands above it, versitygw's HEAD says nothing of a lock that holds.
  const { mode, until, held } = mute
    ? await askForLock(s3, name)
    : {
        mode: head.ObjectLockMode,
        until: head.ObjectLockRetainUntilDate,
        held: head.ObjectLockLegalHoldStatus === 'ON',
      }
  // A lock that some account may lift is none where COMPLIANCE is asked for.
  const binds = mode === 'COMPLIANCE' || mode === s3.lockMode
  return {
    versionId,
    len: head.ContentLength ?? 0,
    sha256: digestOf(head.ChecksumSHA256, head.Metadata?.sha256),
    retainUntil: until && binds ? new Date(Math.floor(until.getTime() / 1000) * 1000) : undefined,
    held,
    lock: until && { mode, until },
  }
}

async function askForLock(s3: S3Clients, name: { Bucket: string; Key: string; VersionId: string }) {
  const inTime = { abortSignal: AbortSignal.timeout(s3.limits.stallMs) }
  const none = (error: unknown) => {
    if (isAnswer(error, 'NoSuchObjectLockConfiguration', 'ObjectLockConfigurationNotFoundError', 404)) return undefined
    throw error
  }
  const [retention, hold] = await Promise.all([
    s3.patient.send(new GetObjectRetentionCommand(name), inTime).catch(none),
    s3.patient.send(new GetObjectLegalHoldCommand(name), inTime).catch(none),
  ])
  return {
    mode: retention?.Retention?.Mode,
    until: retention?.Retention?.RetainUntilDate,
    held: hold?.LegalHold?.Status === 'ON',
  }
}

/** A checksum over parts is none of the whole (`…-3`). */
function digestOf(checksum: string | undefined, told: string | undefined): string {
  const bytes = checksum?.includes('-') ? undefined : Buffer.from(checksum ?? '', 'base64')
  if (bytes?.length === 32) return bytes.toString('hex')
  return /^[0-9a-f]{64}$/.test(told ?? '') ? told! : ''
}
