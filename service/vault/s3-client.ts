/** How this house talks to an S3 server: who asks, what is never asked twice, and how long an answer may take. */
import { S3Client, type S3ClientConfig } from '@aws-sdk/client-s3'
import { NodeHttpHandler } from '@smithy/node-http-handler'

/** One region's bucket, made with versioning and object lock. */
export interface S3Bucket {
  /** Our name of the region, which the store serves and no other. */
  readonly region: string
  readonly bucket: string
  /** For servers other than AWS; buckets are then addressed by path. */
  readonly endpoint?: string
  /** AWS's name of the region; what the environment says when not given. */
  readonly awsRegion?: string
  readonly lockMode: 'COMPLIANCE' | 'GOVERNANCE'
  /** The SDK's own chain (environment, profile, role) when not given. */
  readonly credentials?: { readonly accessKeyId: string; readonly secretAccessKey: string }
}

export interface S3Limits {
  /** Longer bodies go up in parts. No more than 5 GB, which is what S3 takes in one. */
  readonly singlePutLen: number
  /** In memory while it is sent; grows where 10,000 parts would not do. */
  readonly partLen: number
  /** A connection on which nothing moves for so long is given up. */
  readonly stallMs: number
  /** Below this a transfer is given up even when something moves. */
  readonly slowestBytesPerSecond: number
  readonly listPageLen: number
}

export const defaultLimits: S3Limits = {
  singlePutLen: 5_000_000_000,
  partLen: 64 * 1024 * 1024,
  stallMs: 60_000,
  slowestBytesPerSecond: 1_000_000,
  listPageLen: 1_000,
}

export interface S3Clients extends S3Bucket {
  readonly limits: S3Limits
  /** For what makes an object: a lost answer is not asked for again, because the second would be another version. */
  readonly once: S3Client
  /** For what may be said twice. */
  readonly patient: S3Client
}

export function s3Clients(bucket: S3Bucket, limits: S3Limits): S3Clients {
  const { endpoint, awsRegion, credentials } = bucket
  const config: S3ClientConfig = {
    ...(endpoint !== undefined && { endpoint, forcePathStyle: true }),
    ...(awsRegion !== undefined && { region: awsRegion }),
    ...(credentials && { credentials }),
    // Digests are given where the port asks for them; the SDK's own come as trailers, which some servers do not understand.
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
    logger: { trace() {}, debug() {}, info() {}, warn() {}, error() {} },
    requestHandler: new NodeHttpHandler({ connectionTimeout: 5_000 }),
  }
  return {
    ...bucket,
    limits,
    once: new S3Client({ ...config, maxAttempts: 1 }),
    patient: new S3Client({ ...config, maxAttempts: 3 }),
  }
}

export function objectName({ bucket, region }: S3Bucket, key: string): { Bucket: string; Key: string } {
  return { Bucket: bucket, Key: `sealed/${region}/${key}` }
}

/** How long a transfer of so many bytes may take. */
export function patienceMs({ stallMs, slowestBytesPerSecond }: S3Limits, len = 0): number {
  return stallMs + Math.ceil((len / slowestBytesPerSecond) * 1000)
}

/** Whether a server's answer bears one of these codes or HTTP statuses. */
export function isAnswer(error: unknown, ...codes: (string | number)[]): boolean {
  if (!(error instanceof Error)) return false
  const status = (error as { $metadata?: { httpStatusCode?: number } }).$metadata?.httpStatusCode
  return codes.includes(error.name) || (status !== undefined && codes.includes(status))
}

/** Locks are kept in whole seconds, and one that ended earlier than asked would be none. */
export function wholeSeconds(date: Date): Date {
  return new Date(Math.ceil(date.getTime() / 1000) * 1000)
}
