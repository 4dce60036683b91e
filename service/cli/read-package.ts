/** Reads a package's ZIP as an attacker's file: nothing is extracted, every byte is accounted for, every limit is set beforehand. */
import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { open, stat } from 'node:fs/promises'
import { crc32 } from 'node:zlib'
import yauzl from 'yauzl'
import { packagePath, sealLength, sealPrefix } from '../custody/package-layout.ts'
import type { PackageFault, PackageFile, PackageListing } from '../custody/verify-package.ts'
import { fileNames, hiddenBytes, PackageRefused, refuse } from './zip-structure.ts'

export { PackageRefused } from './zip-structure.ts'

/** The file is no ZIP, or cannot be read at all: there is nothing to judge. */
export class NotAPackage extends Error {
  override readonly name = 'NotAPackage'
}

export interface ReadLimits {
  maxFiles: number
  /** Of a file that is kept in memory: every one but the video. */
  maxKeptBytes: number
  maxKeptTotalBytes: number
  /** Unpacked bytes for each byte of the ZIP, over all files. */
  maxExpansion: number
}

export const defaultLimits: ReadLimits = {
  maxFiles: 100_000,
  maxKeptBytes: 64 << 20,
  maxKeptTotalBytes: 512 << 20,
  maxExpansion: 50,
}

/** Throws NotAPackage or PackageRefused; a fault that leaves the files readable is told in the listing instead. */
export async function readPackage(path: string, limits: ReadLimits = defaultLimits): Promise<PackageListing> {
  const len = await fileLength(path)
  const zip = await openZip(path)
  try {
    if (zip.entryCount > limits.maxFiles)
      refuse('too-large', `${zip.entryCount} files are more than ${limits.maxFiles}`)
    const entries: yauzl.Entry[] = []
    for await (const entry of zip.eachEntry()) entries.push(entry)
    const { root, names } = fileNames(entries)
    limitSizes(names, len, limits)
    const { sha256, seal } = await hashZip(path, len, zip.comment)
    const faults = [...seal, ...(await hiddenBytes(zip, entries, len))]
    const files: PackageFile[] = []
    for (const [name, entry] of names) {
      const { crc, ...file } = await readFile(zip, name, entry)
      if (crc !== entry.crc32)
        faults.push({ code: 'crc-mismatch', detail: `${name}: the CRC-32 of its bytes is another` })
      files.push(file)
    }
    return { root, files, faults, zip: { sha256, len } }
  } catch (error) {
    if (error instanceof NotAPackage || error instanceof PackageRefused) throw error
    return refuse('zip-malformed', messageOf(error))
  } finally {
    zip.close()
  }
}

async function fileLength(path: string): Promise<number> {
  const found = await stat(path).catch(error => {
    throw new NotAPackage(messageOf(error))
  })
  if (!found.isFile()) throw new NotAPackage('it is not a file')
  return found.size
}

/** A file that begins like a ZIP is a damaged package, and refuted; any other is none at all. */
async function openZip(path: string): Promise<yauzl.ZipFile> {
  try {
    return await yauzl.openPromise(path, { strictFileNames: true, autoClose: false })
  } catch (error) {
    await using file = await open(path).catch(cause => {
      throw new NotAPackage(messageOf(cause))
    })
    const { buffer, bytesRead } = await file.read(Buffer.alloc(4), 0, 4, 0)
    if (bytesRead === 4 && buffer.toString('latin1') === 'PK\x03\x04') return refuse('zip-malformed', messageOf(error))
    throw new NotAPackage('it is not a ZIP file')
  }
}

function limitSizes(names: ReadonlyMap<string, yauzl.Entry>, len: number, limits: ReadLimits): void {
  let kept = 0
  let total = 0
  for (const [name, { uncompressedSize }] of names) {
    total += uncompressedSize
    if (!isKept(name)) continue
    kept += uncompressedSize
    if (uncompressedSize > limits.maxKeptBytes) refuse('too-large', `${name} has ${uncompressedSize} bytes`)
  }
  if (kept > limits.maxKeptTotalBytes) refuse('too-large', `the files beside the video have ${kept} bytes`)
  if (total > limits.maxExpansion * len) refuse('too-large', `${len} bytes unpack to ${total}`)
}

/** The seal is the last field of a ZIP as it was made; another program that packed the same files again has dropped it. */
async function hashZip(path: string, len: number, comment: string): Promise<{ sha256: string; seal: PackageFault[] }> {
  const hash = createHash('sha256')
  const covered = Math.max(0, len - sealLength)
  await feed(path, 0, covered, chunk => hash.update(chunk))
  const seal = sealPrefix + hash.copy().digest('hex')
  await feed(path, covered, len, chunk => hash.update(chunk))
  const sha256 = hash.digest('hex')
  if (comment === '' || comment === seal) return { sha256, seal: [] }
  return { sha256, seal: [{ code: 'seal-broken', detail: 'the ZIP was changed after it was sealed' }] }
}

async function feed(path: string, start: number, end: number, take: (chunk: Uint8Array) => void): Promise<void> {
  if (start >= end) return
  const stream = createReadStream(path, { start, end: end - 1, highWaterMark: 1 << 20 })
  for await (const chunk of stream as AsyncIterable<Uint8Array>) take(chunk)
}

async function readFile(zip: yauzl.ZipFile, path: string, entry: yauzl.Entry): Promise<PackageFile & { crc: number }> {
  const sha256 = createHash('sha256')
  const sha512 = createHash('sha512')
  const chunks: Uint8Array[] = []
  let crc = 0
  try {
    for await (const chunk of (await zip.openReadStreamPromise(entry)) as AsyncIterable<Uint8Array>) {
      sha256.update(chunk)
      sha512.update(chunk)
      crc = crc32(chunk, crc)
      if (isKept(path)) chunks.push(chunk)
    }
  } catch (error) {
    refuse('zip-malformed', `${path}: ${messageOf(error)}`)
  }
  const digests = { sha256: sha256.digest('hex'), sha512: sha512.digest('hex') }
  const bytes = isKept(path) ? { bytes: Buffer.concat(chunks) } : {}
  return { path, len: entry.uncompressedSize, ...digests, ...bytes, crc }
}

function isKept(name: string): boolean {
  return name !== packagePath.redacted
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
