/** What an intermediary can do to a package: open it, change it, and close it again as this project itself would. */
import { createHash } from 'node:crypto'
import { createWriteStream } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import yauzl from 'yauzl'
import yazl from 'yazl'
import { NotAPackage, PackageRefused, readPackage } from '../../service/cli/read-package.ts'
import { parseVerifierKey } from '../../service/custody/note.ts'
import {
  conclude,
  type PackageTrust,
  type PackageVerdict,
  verifyPackage,
} from '../../service/custody/verify-package.ts'
import { completeBag, fileFromBytes } from '../../service/disclosure/package/bag.ts'
import { writeZip } from '../../service/disclosure/package/zip.ts'
import type { TestPackage } from './package-support.ts'

export type Content = Map<string, Uint8Array>
export interface Member {
  readonly path: string
  /** Offset of the first byte of its content in the ZIP. */
  readonly offset: number
  readonly len: number
}

/** Everything in the ZIP, tag files too. */
export async function unpack(zip: string): Promise<{ root: string; content: Content; members: Member[] }> {
  const file = await yauzl.openPromise(zip, { autoClose: false })
  const content: Content = new Map()
  const members: Member[] = []
  let root = ''
  for await (const entry of file.eachEntry()) {
    const chunks: Uint8Array[] = []
    for await (const chunk of await file.openReadStreamPromise(entry)) chunks.push(chunk)
    const slash = entry.fileName.indexOf('/')
    root = entry.fileName.slice(0, slash)
    const path = entry.fileName.slice(slash + 1)
    content.set(path, Buffer.concat(chunks))
    const { fileDataStart } = await file.readLocalFileHeaderPromise(entry, { minimal: true })
    members.push({ path, offset: fileDataStart, len: entry.uncompressedSize })
  }
  file.close()
  return { root, content, members }
}

/** Payload changed, manifests and seal made anew: only what the ledger vouches for can show it. */
export async function forge(made: TestPackage, name: string, change: (content: Content) => void): Promise<string> {
  const { root, content } = await unpack(made.zip)
  change(content)
  const payload = [...content]
    .filter(([path]) => path.startsWith('data/'))
    .map(([path, bytes]) => fileFromBytes(path, bytes))
  const bag = completeBag(payload, { root, createdAt: made.input.createdAt, custodian: made.input.facts.custodian })
  return written(made, name, out => writeZip(root, bag, new Date(made.input.createdAt), out))
}

/** Tag files as they are: a file taken away or added by someone who forgets the manifests. */
export async function rezip(
  made: TestPackage,
  name: string,
  change: (content: Content) => void,
  compress = true,
): Promise<string> {
  const { root, content } = await unpack(made.zip)
  change(content)
  const zip = new yazl.ZipFile()
  for (const [path, bytes] of content) zip.addBuffer(Buffer.from(bytes), `${root}/${path}`, { compress })
  zip.end()
  return written(made, name, out => pipeline(zip.outputStream, createWriteStream(out)))
}

export async function withBytes(made: TestPackage, name: string, bytes: Uint8Array): Promise<string> {
  return written(made, name, out => writeFile(out, bytes))
}

async function written(made: TestPackage, name: string, write: (out: string) => Promise<unknown>): Promise<string> {
  const out = join(made.dir, `${createHash('sha256').update(name).digest('hex').slice(0, 16)}.zip`)
  await write(out)
  return out
}

/** As `custos verify` judges it, with the right key unless told otherwise. */
export async function judge(
  made: TestPackage,
  zip: string,
  trust: Partial<PackageTrust> = {},
): Promise<PackageVerdict> {
  try {
    return verifyPackage(await readPackage(zip), { keys: [parseVerifierKey(made.key)], ...trust })
  } catch (error) {
    if (error instanceof PackageRefused) return conclude([{ name: 'container', ok: false, ...error.fault }])
    if (error instanceof NotAPackage) return conclude([{ name: 'container', ok: false, code: 'not-reached' }])
    throw error
  }
}

/** The failed checks as `name: code`. */
export function failures({ checks }: PackageVerdict): string[] {
  return checks.filter(({ ok }) => !ok).map(({ name, code }) => `${name}: ${code}`)
}

export function detailOf({ checks }: PackageVerdict, name: string): string {
  return checks.find(check => check.name === name)?.detail ?? ''
}
