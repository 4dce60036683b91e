/** The connection to AWS KMS: bounded in tries and in time, so that a KMS that stalls is one that cannot be asked. */
import { KMSClient } from '@aws-sdk/client-kms'
import { NodeHttpHandler } from '@smithy/node-http-handler'

export interface KmsPlace {
  /** Where not AWS's own: an interface endpoint, or an engine under test. */
  readonly endpoint?: string
  readonly awsRegion?: string
  /** For tests only; otherwise the SDK looks where it always does. */
  readonly credentials?: { readonly accessKeyId: string; readonly secretAccessKey: string }
  /** How long one question may take, all tries together. */
  readonly patienceMs?: number
}

const tries = 3

/** Every question ends within the patience, by an answer or an error. */
export type AskKms = <T>(send: (client: KMSClient, options: { abortSignal: AbortSignal }) => Promise<T>) => Promise<T>

export function connectKms({ endpoint, awsRegion, credentials, patienceMs = 9_000 }: KmsPlace): AskKms {
  const client = new KMSClient({
    maxAttempts: tries,
    requestHandler: new NodeHttpHandler({
      connectionTimeout: Math.ceil(patienceMs / tries / 2),
      requestTimeout: Math.ceil(patienceMs / tries),
      throwOnRequestTimeout: true,
    }),
    ...(endpoint && { endpoint }),
    ...(awsRegion && { region: awsRegion }),
    ...(credentials && { credentials }),
  })
  /** The race is for what no signal reaches, as the search for credentials. */
  return async send => {
    const abortSignal = AbortSignal.timeout(patienceMs)
    const { promise: late, reject } = Promise.withResolvers<never>()
    const giveUp = () => reject(abortSignal.reason)
    abortSignal.addEventListener('abort', giveUp, { once: true })
    try {
      return await Promise.race([send(client, { abortSignal }), late])
    } finally {
      abortSignal.removeEventListener('abort', giveUp)
    }
  }
}
