import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { pipeline } from 'node:stream/promises'

export interface FileDigest {
  /** Lowercase hex. */
  readonly sha256: string
  readonly len: number
}

export async function digestFile(path: string, signal?: AbortSignal): Promise<FileDigest> {
  const hash = createHash('sha256')
  const stream = createReadStream(path)
  await (signal ? pipeline(stream, hash, { signal }) : pipeline(stream, hash))
  return { sha256: hash.digest('hex'), len: stream.bytesRead }
}
