/**
 * Where an S3 server does other than S3, and what in service/vault makes up for it, so that the contract holds on it unweakened.
 * store-deviations.test.ts asks each server whether it is still so: a server that was mended fails there, and its line goes.
 */
import { execFile } from 'node:child_process'
import { createHash, randomBytes } from 'node:crypto'
import { promisify } from 'node:util'
import {
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  DeleteObjectCommand,
  HeadObjectCommand,
  ListObjectVersionsCommand,
  PutObjectCommand,
  PutObjectLegalHoldCommand,
  PutObjectLockConfigurationCommand,
  type S3Client,
  UploadPartCommand,
} from '@aws-sdk/client-s3'
import { freshBucket, type S3Server, type s3Servers } from './buckets.ts'

export interface Deviation {
  readonly engine: keyof typeof s3Servers
  readonly what: string
  readonly madeUpBy: string
  stillSo(at: { client: S3Client; bucket: string; server: S3Server }): Promise<boolean>
}

const inSeconds = (n: number) => new Date(Math.ceil(Date.now() / 1000 + n) * 1000)
const locked = (seconds = 3_600) =>
  ({ ObjectLockMode: 'COMPLIANCE', ObjectLockRetainUntilDate: inSeconds(seconds) }) as const
/** Locked PUTs need a digest. */
const put = (client: S3Client, Bucket: string, Key: string, more: object = {}) =>
  client.send(new PutObjectCommand({ Bucket, Key, Body: randomBytes(10), ChecksumAlgorithm: 'SHA256', ...more }))

export const deviations: Deviation[] = [
  {
    engine: 'versitygw',
    what: 'lists versions in pages of one for ever',
    madeUpBy: 'pages of a thousand; the same page twice is an error (s3-read.ts)',
    async stillSo({ client, bucket }) {
      for (let n = 0; n < 3; n++) await put(client, bucket, 'k')
      return (await pages(client, bucket, 1)).endless
    },
  },
  {
    engine: 'versitygw',
    what: 'repeats rows at the seams of pages',
    madeUpBy: 'a version id counts once (s3-read.ts)',
    async stillSo({ client, bucket }) {
      for (let n = 0; n < 5; n++) await put(client, bucket, `k${n}`)
      const { ids } = await pages(client, bucket, 2)
      return new Set(ids).size < ids.length
    },
  },
  {
    engine: 'versitygw',
    what: "says nothing at HEAD of a lock that is the bucket's default",
    madeUpBy: 'every PUT names its lock, which is read back (s3-put.ts, settle.ts)',
    async stillSo({ client, bucket: Bucket }) {
      const DefaultRetention = { Mode: 'COMPLIANCE', Days: 1 } as const
      const ObjectLockConfiguration = { ObjectLockEnabled: 'Enabled', Rule: { DefaultRetention } } as const
      await client.send(new PutObjectLockConfigurationCommand({ Bucket, ObjectLockConfiguration }))
      const { VersionId } = await put(client, Bucket, 'k')
      return !(await client.send(new HeadObjectCommand({ Bucket, Key: 'k', VersionId }))).ObjectLockMode
    },
  },
  {
    engine: 'versitygw',
    what: 'says nothing at HEAD of the lock of a version above which another or a delete marker stands',
    madeUpBy: 'GetObjectRetention and GetObjectLegalHold where HEAD is mute (s3-head.ts)',
    async stillSo({ client, bucket: Bucket }) {
      const { VersionId } = await put(client, Bucket, 'k', locked())
      await client.send(new DeleteObjectCommand({ Bucket, Key: 'k' }))
      return !(await client.send(new HeadObjectCommand({ Bucket, Key: 'k', VersionId }))).ObjectLockMode
    },
  },
  {
    engine: 'versitygw',
    what: 'lets go of a held object when its lock has ended',
    madeUpBy:
      'remove looks for the hold itself (s3-store.ts); whoever goes round the vault is met by the integrity sweep',
    async stillSo({ client, bucket: Bucket }) {
      const lock = locked(1)
      const { VersionId } = await put(client, Bucket, 'k', lock)
      const name = { Bucket, Key: 'k', VersionId }
      await client.send(new PutObjectLegalHoldCommand({ ...name, LegalHold: { Status: 'ON' } }))
      while (Date.now() < lock.ObjectLockRetainUntilDate.getTime() + 1_000) await new Promise(r => setTimeout(r, 100))
      return await works(client.send(new DeleteObjectCommand(name)))
    },
  },
  {
    engine: 'versitygw',
    what: 'keeps the bytes of a PUT whose lock it refuses',
    madeUpBy:
      'the lock is read back before anything is acknowledged (settle.ts); a bucket without object lock is refused at the start',
    async stillSo({ client, server }) {
      const { bucket } = await freshBucket(server, { lock: false })
      const done = await works(put(client, bucket, 'k', locked()))
      return !done && (await pages(client, bucket, 10)).ids.length === 1
    },
  },
  {
    engine: 'Ceph',
    what: 'ignores If-None-Match',
    madeUpBy: 'versions are listed first, and puts of one key come one at a time among all processes (settle.ts)',
    async stillSo({ client, bucket }) {
      await put(client, bucket, 'k')
      return await works(put(client, bucket, 'k', { IfNoneMatch: '*' }))
    },
  },
  {
    engine: 'Ceph',
    what: 'ignores x-amz-checksum-sha256',
    madeUpBy: 'Content-MD5, and a signature over the SHA-256 of the body, both of which it checks (s3-put.ts)',
    async stillSo({ client, bucket }) {
      const ChecksumSHA256 = createHash('sha256').update('another').digest('base64')
      return await works(put(client, bucket, 'k', { ChecksumAlgorithm: undefined, ChecksumSHA256 }))
    },
  },
  {
    engine: 'Ceph',
    what: 'forgets the lock of a multipart upload',
    madeUpBy: 'the lock is set once more after the upload, and read back (s3-store.ts, settle.ts)',
    async stillSo({ client, bucket: Bucket }) {
      const name = { Bucket, Key: 'k' }
      const { UploadId } = await client.send(new CreateMultipartUploadCommand({ ...name, ...locked() }))
      const part = { ...name, UploadId, PartNumber: 1 }
      const { ETag } = await client.send(new UploadPartCommand({ ...part, Body: randomBytes(10) }))
      const MultipartUpload = { Parts: [{ PartNumber: 1, ETag }] }
      await client.send(new CompleteMultipartUploadCommand({ ...name, UploadId, MultipartUpload }))
      return !(await client.send(new HeadObjectCommand(name))).ObjectLockMode
    },
  },
  {
    engine: 'Ceph',
    what: 'lets its administrator remove a locked object',
    madeUpBy: 'the integrity sweep, which misses the object and records integrity.failed',
    async stillSo({ client, bucket, server }) {
      const { VersionId } = await put(client, bucket, 'k', locked())
      await removeAsCephAdmin(server, bucket, 'k', VersionId!)
      return !(await works(client.send(new HeadObjectCommand({ Bucket: bucket, Key: 'k', VersionId }))))
    },
  },
]

export async function removeAsCephAdmin(server: S3Server, bucket: string, key: string, versionId: string) {
  const who = ['-c', server.conf!, '-n', 'client.rgw.a']
  const object = [`--bucket=${bucket}`, `--object=${key}`, `--object-version=${versionId}`]
  await promisify(execFile)('radosgw-admin', [...who, 'object', 'rm', ...object])
}

/** Version ids in the order of the pages; `endless` when a page leads to itself. */
async function pages(client: S3Client, Bucket: string, MaxKeys: number) {
  const ids: string[] = []
  const seen = new Set<string>()
  let from: { KeyMarker?: string | undefined; VersionIdMarker?: string | undefined } = {}
  for (;;) {
    const page = await client.send(new ListObjectVersionsCommand({ Bucket, MaxKeys, ...from }))
    ids.push(...(page.Versions ?? []).map(version => version.VersionId!))
    if (!page.IsTruncated) return { ids, endless: false }
    from = { KeyMarker: page.NextKeyMarker, VersionIdMarker: page.NextVersionIdMarker }
    const marker = `${page.NextKeyMarker} ${page.NextVersionIdMarker}`
    if (seen.has(marker)) return { ids, endless: true }
    seen.add(marker)
  }
}

function works(answer: Promise<unknown>): Promise<boolean> {
  return answer.then(
    () => true,
    () => false,
  )
}
