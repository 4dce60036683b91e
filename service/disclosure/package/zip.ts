/** Writes a bag as a ZIP that is a function of its files and its date: same input, same bytes, on any machine and in any time zone. */
import { createHash } from 'node:crypto'
import { createReadStream, createWriteStream } from 'node:fs'
import { rename, rm } from 'node:fs/promises'
import { Readable, Transform } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import yazl from 'yazl'
import { sealLength, sealPrefix } from '../../custody/package-layout.ts'
import type { BagFile } from './bag.ts'

/**
 * Everything is stored, never deflated: video does not shrink, and deflate's bytes differ between zlib versions.
 * `writtenAt` is every member's time. The file appears at `outPath` whole or not at all.
 */
export async function writeZip(
  root: string,
  files: readonly BagFile[],
  writtenAt: Date,
  outPath: string,
): Promise<{ sha256: string; len: number }> {
  const zip = new yazl.ZipFile()
  const options = { compress: false, mtime: new UtcDate(writtenAt), mode: 0o100644 }
  const seal = sealing()
  const part = `${outPath}.part`
  const written = pipeline(zip.outputStream, seal.transform, createWriteStream(part))
  zip.on('error', error => seal.transform.destroy(error))
  try {
    for (const file of files) {
      const name = `${root}/${file.path}`
      if ('bytes' in file) zip.addBuffer(Buffer.from(file.bytes), name, options)
      else zip.addReadStreamLazy(name, { ...options, size: file.len }, give => give(null, unchanged(file, zip)))
    }
    zip.end({ forceZip64Format: false, comment: sealPrefix.padEnd(sealLength, '0') })
    await written
    await rename(part, outPath)
    return seal.result()
  } catch (error) {
    await written.catch(() => {})
    await rm(part, { force: true })
    throw error
  }
}

/** The file again, now into the ZIP: it must still be what the manifests say. */
function unchanged({ file, digests }: BagFile & { file: string }, zip: yazl.ZipFile): Readable {
  async function* checked() {
    const hash = createHash('sha256')
    for await (const chunk of createReadStream(file, { highWaterMark: 1 << 20 }) as AsyncIterable<Uint8Array>) {
      hash.update(chunk)
      yield chunk
    }
    if (hash.digest('hex') !== digests.sha256) throw new Error('a file changed while the package was being written')
  }
  return Readable.from(checked()).on('error', error => zip.emit('error', error))
}

/** Replaces the placeholder comment by the seal. The comment is the ZIP's last field, so that it can cover all that stands before it. */
function sealing() {
  const hash = createHash('sha256')
  let sealed: { sha256: string; len: number } | undefined
  let len = 0
  let held = Buffer.alloc(0)
  const transform = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      const all = Buffer.concat([held, chunk])
      const ready = all.subarray(0, Math.max(0, all.length - sealLength))
      held = all.subarray(ready.length)
      hash.update(ready)
      len += ready.length
      done(null, ready)
    },
    flush(done) {
      const seal = sealPrefix + hash.copy().digest('hex')
      sealed = { sha256: hash.update(seal).digest('hex'), len: len + sealLength }
      done(null, Buffer.from(seal))
    },
  })
  return { transform, result: () => sealed! }
}

/** yazl writes the local clock's fields into the DOS time: here those fields are UTC's. */
class UtcDate extends Date {
  override getFullYear = () => this.getUTCFullYear()
  override getMonth = () => this.getUTCMonth()
  override getDate = () => this.getUTCDate()
  override getHours = () => this.getUTCHours()
  override getMinutes = () => this.getUTCMinutes()
  override getSeconds = () => this.getUTCSeconds()
}
