/** The way in: one pass over a body leaves its digest, its length and its sealed bytes in a file. No more than a segment is in memory. */
import { createHash, randomBytes } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { type FileHandle, mkdir, open, rm, rmdir } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { Problem } from '../http/problem.ts'
import { isErrno, writeWhole } from './durable.ts'
import type { KeyService } from './keys.ts'
import type { ObjectBody } from './object-store.ts'
import type { Reference } from './reference.ts'
import { seal } from './seal.ts'
import { segmentLen } from './seal-layout.ts'
import { digestSealed } from './sealed-digests.ts'
import { closeDigest, sealContext } from './sealed-object.ts'

/** Lengths in bytes, digests in lowercase hex. */
export interface Spooled {
  /** 128 random bits, 32 lowercase hex digits. */
  readonly objectId: string
  readonly region: string
  readonly clipRef: string
  readonly len: number
  readonly sha256: string
  readonly sealed: ObjectBody
  readonly wrapped: Uint8Array
  readonly digestBox: Uint8Array
  /** Removes the sealed file. `store` does so itself; after that, or twice, this does nothing. */
  discard(): Promise<void>
}

export interface SpoolOptions {
  readonly region: string
  readonly maxBytes: number
  /** A file that gets the plaintext (0600, must not exist), for the probe; its folder is made where it is missing. */
  readonly plaintextTo?: string
}

export function spoolPath(scratchDir: string, objectId: string): string {
  return join(scratchDir, `${objectId}.sealed`)
}

export function fileBody(path: string, digests: Omit<ObjectBody, 'open'>): ObjectBody {
  return { ...digests, open: () => createReadStream(path, { highWaterMark: 1 << 20 }) }
}

/** Throws Problem `body-empty`, `clip-too-large` or `unavailable` (no key, no room), or what the body itself throws; its files are then gone. */
export async function spool(
  body: AsyncIterable<Uint8Array>,
  { region, maxBytes, plaintextTo }: SpoolOptions,
  { keys, reference, scratchDir }: { keys: KeyService; reference: Reference; scratchDir: string },
): Promise<Spooled> {
  const objectId = randomBytes(16).toString('hex')
  const context = sealContext(objectId, region)
  const { plaintext: dataKey, wrapped } = await keys.generateDataKey(region, context)
  const path = spoolPath(scratchDir, objectId)
  const undo = new AsyncDisposableStack()
  try {
    const sealedFile = await create(path, undo)
    const plainFile = plaintextTo === undefined ? undefined : await create(plaintextTo, undo)
    const plain = meter()
    const digests = digestSealed()
    undo.defer(() => digests.drop())
    let sealedLen = 0
    let segment: Buffer[] = []
    const keep = async () => {
      await write(sealedFile, ...segment)
      for (const piece of segment) await digests.update(piece)
      segment = []
    }
    for await (const piece of seal(plain.pass(body, maxBytes, plainFile), dataKey, Buffer.from(context))) {
      segment.push(piece)
      sealedLen += piece.length
      if (sealedLen % segmentLen === 0) await keep()
    }
    await keep()
    // No fsync: a power cut takes it before anything was acknowledged, and the store checks the digest of what it is given.
    await sealedFile.close()
    await plainFile?.close()
    if (plain.len === 0) throw new Problem('body-empty')

    const sha256 = plain.digest()
    const spooled: Spooled = {
      objectId,
      region,
      clipRef: await reference(sha256.toString('hex'), region),
      len: plain.len,
      sha256: sha256.toString('hex'),
      sealed: fileBody(path, { len: sealedLen, ...(await digests.finish()) }),
      wrapped,
      digestBox: closeDigest(dataKey, context, sha256),
      discard: () => rm(path, { force: true }),
    }
    digests.drop()
    undo.move()
    return spooled
  } finally {
    dataKey.fill(0)
    await undo.disposeAsync()
  }
}

/** Counts and digests what passes. */
function meter() {
  const hash = createHash('sha256')
  return {
    len: 0,
    count(chunk: Uint8Array): void {
      this.len += chunk.length
      hash.update(chunk)
    },
    async *pass(
      body: AsyncIterable<Uint8Array>,
      maxBytes: number,
      copy: FileHandle | undefined,
    ): AsyncGenerator<Uint8Array> {
      for await (const chunk of body) {
        this.count(chunk)
        if (this.len > maxBytes)
          throw new Problem('clip-too-large', { detail: `the clip is longer than ${maxBytes} bytes` })
        if (copy) await write(copy, chunk)
        yield chunk
      }
    },
    digest: () => hash.digest(),
  }
}

/** Until `undo` is let go, an error closes and removes the file, and the folder when it was made for it. */
async function create(path: string, undo: AsyncDisposableStack): Promise<FileHandle> {
  try {
    const folder = dirname(path)
    const made = await mkdir(folder, { recursive: true, mode: 0o700 })
    if (made !== undefined) undo.defer(() => rmdir(folder).catch(() => {}))
    const handle = await open(path, 'wx', 0o600)
    undo.defer(() => rm(path, { force: true }))
    undo.defer(() => handle.close())
    return handle
  } catch (cause) {
    throw isErrno(cause, 'EEXIST') ? cause : noRoom(cause)
  }
}

async function write(file: FileHandle, ...chunks: Uint8Array[]): Promise<void> {
  await writeWhole(file, ...chunks).catch(cause => {
    throw noRoom(cause)
  })
}

function noRoom(cause: unknown): Problem {
  return new Problem('unavailable', { cause, retryAfterSeconds: 30 })
}
