/** The tag files of a BagIt 1.0 bag (RFC 8493), from the payload's digests alone. */
import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import {
  type BagAlgorithm,
  bagAlgorithms,
  bagDeclaration,
  manifestPath,
  tagManifestPath,
} from '../../custody/package-layout.ts'

/** A file of the bag: held in memory, or on disk with the digests that it had when it was read first. */
export type BagFile = { path: string; len: number; digests: Record<BagAlgorithm, string> } & (
  | { bytes: Uint8Array }
  | { file: string }
)

export function fileFromBytes(path: string, content: Uint8Array | string): BagFile {
  const bytes = typeof content === 'string' ? new TextEncoder().encode(content) : content
  const digest = (algorithm: BagAlgorithm) => createHash(algorithm).update(bytes).digest('hex')
  return { path, bytes, len: bytes.length, digests: { sha256: digest('sha256'), sha512: digest('sha512') } }
}

/** Reads the file once for its digests; the bytes stay on disk. */
export async function fileFromDisk(path: string, file: string): Promise<BagFile> {
  const hashes = { sha256: createHash('sha256'), sha512: createHash('sha512') }
  let len = 0
  for await (const chunk of createReadStream(file, { highWaterMark: 1 << 20 }) as AsyncIterable<Uint8Array>) {
    for (const algorithm of bagAlgorithms) hashes[algorithm].update(chunk)
    len += chunk.length
  }
  return { path, file, len, digests: { sha256: hashes.sha256.digest('hex'), sha512: hashes.sha512.digest('hex') } }
}

export interface BagInfo {
  /** Name of the bag's folder, and its External-Identifier. */
  root: string
  /** RFC 3339; the date alone goes into the tag file. */
  createdAt: string
  custodian: string
}

/**
 * The whole bag in the order in which it is written: declaration, tag files, payload by path.
 * Every payload file stands in every manifest and every other tag file in every tag manifest, because common validators do not notice their absence.
 */
export function completeBag(payload: readonly BagFile[], info: BagInfo): BagFile[] {
  for (const { path } of payload) {
    if (!/^data\/[A-Za-z0-9._/-]+$/.test(path))
      throw new TypeError(`a payload name must be plain ASCII without %: ${path}`)
  }
  const sorted = [...payload].sort((a, b) => (a.path < b.path ? -1 : 1))
  const octets = sorted.reduce((sum, file) => sum + file.len, 0)
  const infoLines = [
    ['Source-Organization', info.custodian],
    ['External-Identifier', info.root],
    ['Bagging-Date', info.createdAt.slice(0, 10)],
    ['Payload-Oxum', `${octets}.${sorted.length}`],
    ['Bag-Software-Agent', 'custos'],
    ['Internal-Sender-Description', 'custos-package/v1'],
  ] as const
  const tags = [
    fileFromBytes('bagit.txt', bagDeclaration),
    fileFromBytes('bag-info.txt', infoLines.map(([label, value]) => `${label}: ${oneLine(value)}\n`).join('')),
    ...bagAlgorithms.map(algorithm => fileFromBytes(manifestPath(algorithm), manifest(sorted, algorithm))),
  ]
  const tagManifests = bagAlgorithms.map(algorithm =>
    fileFromBytes(tagManifestPath(algorithm), manifest(tags, algorithm)),
  )
  return [...tags, ...tagManifests, ...sorted]
}

function manifest(files: readonly BagFile[], algorithm: BagAlgorithm): string {
  return files.map(file => `${file.digests[algorithm]}  ${file.path}\n`).join('')
}

/** A line break in a value would let it write labels of its own. */
function oneLine(value: string): string {
  return value.replace(/[\p{Cc}\u2028\u2029]+/gu, ' ').trim()
}
