/** S3 servers that `setup.ts` started, and buckets on them. */
import { randomUUID } from 'node:crypto'
import {
  CreateBucketCommand,
  ListObjectVersionsCommand,
  type ObjectVersion,
  PutBucketVersioningCommand,
  S3Client,
} from '@aws-sdk/client-s3'
import type { S3Bucket } from '../../service/vault/s3-client.ts'

export interface S3Server {
  readonly endpoint: string
  readonly awsRegion: string
  readonly accessKeyId: string
  readonly secretAccessKey: string
  /** Where versitygw keeps its buckets, a folder each: for whoever meddles with the disk. */
  readonly folder?: string
  /** Ceph's configuration, for its administrator. */
  readonly conf?: string
}

/** By the name that the tests show. Undefined outside `npm run test:engines`. */
export const s3Servers = {
  versitygw: read('CUSTOS_TEST_S3_VERSITY'),
  Ceph: read('CUSTOS_TEST_S3_CEPH'),
}

function read(name: string): S3Server | undefined {
  const text = process.env[name]
  return text === undefined ? undefined : (JSON.parse(text) as S3Server)
}

/** The server's own words, without the store between. */
export function rawClient({ endpoint, awsRegion, accessKeyId, secretAccessKey }: S3Server): S3Client {
  return new S3Client({
    endpoint,
    region: awsRegion,
    forcePathStyle: true,
    credentials: { accessKeyId, secretAccessKey },
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
    maxAttempts: 1,
  })
}

export interface BucketOptions {
  /** With object lock, unless false. */
  readonly lock?: boolean
  /** Without object lock there are versions only when this is true. */
  readonly versions?: boolean
  readonly region?: string
  readonly lockMode?: S3Bucket['lockMode']
}

/** A bucket of its own for one test. */
export async function freshBucket(server: S3Server, options: BucketOptions = {}): Promise<S3Bucket> {
  const { lock = true, versions = lock, region = 'local', lockMode = 'COMPLIANCE' } = options
  const client = rawClient(server)
  const bucket = `t-${randomUUID()}`
  await client.send(new CreateBucketCommand({ Bucket: bucket, ObjectLockEnabledForBucket: lock }))
  if (versions && !lock)
    await client.send(
      new PutBucketVersioningCommand({ Bucket: bucket, VersioningConfiguration: { Status: 'Enabled' } }),
    )
  client.destroy()
  const { endpoint, awsRegion, accessKeyId, secretAccessKey } = server
  return { region, bucket, endpoint, awsRegion, lockMode, credentials: { accessKeyId, secretAccessKey } }
}

/** Every version in a bucket, as the server lists it. */
export async function versionsIn(bucket: S3Bucket): Promise<ObjectVersion[]> {
  const { endpoint = '', awsRegion = '', credentials } = bucket
  const client = rawClient({ endpoint, awsRegion, ...credentials! })
  const page = await client.send(new ListObjectVersionsCommand({ Bucket: bucket.bucket }))
  client.destroy()
  return page.Versions ?? []
}
