/** One locked PUT: the server refuses it where something stands, and where the bytes are not those of the digests it is told before. */
import { createHash } from 'node:crypto'
import { Readable } from 'node:stream'
import { PutObjectCommand } from '@aws-sdk/client-s3'
import { type ObjectBody, ObjectDigestMismatch, ObjectExists } from './object-store.ts'
import { isAnswer, objectName, patienceMs, type S3Clients, type S3Limits, wholeSeconds } from './s3-client.ts'

const mismatches = ['BadDigest', 'InvalidDigest', 'XAmzContentSHA256Mismatch', 'XAmzContentChecksumMismatch']

export async function putWhole(s3: S3Clients, key: string, body: ObjectBody, retainUntil: Date): Promise<void> {
  const command = new PutObjectCommand({
    ...objectName(s3, key),
    ContentLength: body.len,
    ContentMD5: Buffer.from(body.md5 ?? (await digest(body, 'md5')), 'hex').toString('base64'),
    ChecksumSHA256: Buffer.from(body.sha256, 'hex').toString('base64'),
    // What a server without checksums of its own is asked for at `head`.
    Metadata: { sha256: body.sha256 },
    IfNoneMatch: '*',
    ObjectLockMode: s3.lockMode,
    ObjectLockRetainUntilDate: wholeSeconds(retainUntil),
  })
  signDigest(command, body.sha256)
  try {
    await sendBody(body.open(), s3.limits, body.len, (Body, abortSignal) => {
      command.input.Body = Body
      return s3.once.send(command, { abortSignal })
    })
  } catch (error) {
    throw await explain(error, key, body)
  }
}

/** Signs the request over the digest that is known, so that the bytes can be streamed and are bound to the signature all the same. */
export function signDigest(command: Pick<PutObjectCommand, 'middlewareStack'>, sha256: string): void {
  command.middlewareStack.add(
    next => args => {
      const { headers } = args.request as { headers: Record<string, string> }
      headers['x-amz-content-sha256'] = sha256
      return next(args)
    },
    { step: 'build', name: 'knownDigest' },
  )
}

/** What the server's refusal, or the end of the connection, means to a caller of `put`. */
export async function explain(error: unknown, key: string, body: ObjectBody): Promise<unknown> {
  if (isAnswer(error, 'PreconditionFailed', 412)) return new ObjectExists(key, { cause: error })
  // A digest can be wrong because of what was given or because of what the way made of it; only the first is final.
  if (isAnswer(error, ...mismatches) && (await digest(body, 'sha256')) !== body.sha256)
    return new ObjectDigestMismatch(key, { cause: error })
  return error
}

/** Ends in bounded time, and with the body's own error where reading it fails: the SDK alone would then wait for ever. */
async function sendBody<T>(
  bytes: AsyncIterable<Uint8Array>,
  limits: S3Limits,
  len: number,
  send: (body: Readable, signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const stop = new AbortController()
  let broken: unknown
  const giveUp = (cause: unknown) => {
    broken ??= cause
    stop.abort()
  }
  // One clock for a server that takes no more bytes, one for the whole.
  const stalled = setTimeout(giveUp, limits.stallMs, new Error('the store stopped taking bytes'))
  const overdue = setTimeout(giveUp, patienceMs(limits, len), new Error('the store took too long'))
  async function* watched() {
    let missing = len
    for await (const chunk of bytes) {
      stalled.refresh()
      missing -= chunk.length
      if (missing < 0) break
      yield chunk
    }
    // The connection would wait for what is missing, or take what is too much for the next request.
    if (missing !== 0) throw new ObjectDigestMismatch('the body is not as long as it was said to be')
    clearTimeout(stalled)
  }
  const source = Readable.from(watched(), { objectMode: false, highWaterMark: 1 << 20 }).on('error', giveUp)
  try {
    return await send(source, stop.signal)
  } catch (error) {
    stop.abort()
    throw broken ?? error
  } finally {
    clearTimeout(stalled)
    clearTimeout(overdue)
    source.destroy()
  }
}

async function digest(body: ObjectBody, algorithm: 'md5' | 'sha256'): Promise<string> {
  const hash = createHash(algorithm)
  for await (const chunk of body.open()) hash.update(chunk)
  return hash.digest('hex')
}
