/** Whether a bucket would keep what is put there. */
import { GetBucketVersioningCommand, GetObjectLockConfigurationCommand } from '@aws-sdk/client-s3'
import { type StoreCheck, StoreUnfit } from './object-store.ts'
import { isAnswer, type S3Clients } from './s3-client.ts'

export async function checkBucket(s3: S3Clients): Promise<StoreCheck> {
  const Bucket = s3.bucket
  const versioning = new GetBucketVersioningCommand({ Bucket })
  let clockSkewMs: number | undefined
  versioning.middlewareStack.add(
    next => async args => {
      const asked = Date.now()
      const answer = await next(args)
      const { headers } = answer.response as { headers?: Record<string, string> }
      const told = Date.parse(headers?.date ?? '')
      // The header counts whole seconds (some servers keep it for one more), and belongs to the middle of the question.
      if (!Number.isNaN(told)) clockSkewMs = Math.round(told + 500 - (asked + Date.now()) / 2)
      return answer
    },
    { step: 'deserialize', name: 'storeClock' },
  )
  const abortSignal = AbortSignal.timeout(s3.limits.stallMs)
  try {
    const { Status } = await s3.patient.send(versioning, { abortSignal })
    if (Status !== 'Enabled') throw new StoreUnfit(`bucket ${Bucket} keeps no versions: enable versioning on it`)
    const lock = await s3.patient.send(new GetObjectLockConfigurationCommand({ Bucket }), { abortSignal })
    if (lock.ObjectLockConfiguration?.ObjectLockEnabled !== 'Enabled') throw unlocked(Bucket)
  } catch (error) {
    throw explained(error, Bucket)
  }
  return {
    says: `S3 bucket ${Bucket}${s3.endpoint ? ` at ${s3.endpoint}` : ''}, locks in ${s3.lockMode} mode`,
    clockSkewMs,
  }
}

function explained(cause: unknown, bucket: string): unknown {
  if (isAnswer(cause, 'NoSuchBucket'))
    return new StoreUnfit(`there is no bucket ${bucket}: make it with object lock`, { cause })
  if (isAnswer(cause, 'ObjectLockConfigurationNotFoundError')) return unlocked(bucket, { cause })
  if (isAnswer(cause, 401, 403))
    return new StoreUnfit(
      `bucket ${bucket} refuses this account: allow s3:GetBucketVersioning and s3:GetBucketObjectLockConfiguration`,
      { cause },
    )
  // A server that says no, or that it knows no such question (501), will say so again; one that is busy or broken is asked later.
  if (isRefusal(cause))
    return new StoreUnfit(
      `bucket ${bucket} does not answer for versions and object lock (${(cause as Error).name}): use a server that has them`,
      { cause },
    )
  return cause
}

function isRefusal(error: unknown): boolean {
  const status = (error as { $metadata?: { httpStatusCode?: number } }).$metadata?.httpStatusCode
  if (status === undefined || isAnswer(error, 408, 429, 'RequestTimeout', 'SlowDown', 'Throttling')) return false
  return (status >= 300 && status < 500) || status === 501
}

function unlocked(bucket: string, options?: ErrorOptions): StoreUnfit {
  return new StoreUnfit(`bucket ${bucket} has no object lock: enable it, or make a bucket that has it`, options)
}
