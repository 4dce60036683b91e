/** What a ZIP's directory may say, and that nothing stands before, between or behind its files. */
import type yauzl from 'yauzl'
import type { PackageFault } from '../custody/verify-package.ts'

/** The ZIP itself is broken or unsafe, so that its files are not looked at. */
export class PackageRefused extends Error {
  override readonly name = 'PackageRefused'
  readonly fault: PackageFault

  constructor(fault: PackageFault) {
    super(fault.detail)
    this.fault = fault
  }
}

export function refuse(code: PackageFault['code'], detail: string): never {
  throw new PackageRefused({ code, detail })
}

const stored = 0
const deflated = 8
const fileTypeMask = 0o170000
const regularFile = 0o100000
const encryptedFlags = 0x0001 | 0x0040 | 0x2000
const descriptorFlag = 0x0008
/** A data descriptor with or without its signature, in 32 or 64 bits. */
const descriptorLengths = [12, 16, 20, 24]
const endRecordLength = 22
/** ZIP64's end record and its locator. */
const zip64EndLength = 56 + 20

/** Files by their path inside the one root folder, sorted; folder entries are dropped. Throws a PackageRefused. */
export function fileNames(entries: readonly yauzl.Entry[]): { root: string; names: Map<string, yauzl.Entry> } {
  const names = new Map<string, yauzl.Entry>()
  const taken = new Set<string>()
  const folders = new Set<string>()
  const roots = new Set<string>()
  for (const entry of entries) {
    const name = entry.fileName
    const isFolder = name.endsWith('/') && entry.uncompressedSize === 0
    const segments = (isFolder ? name.slice(0, -1) : name).split('/')
    if (!segments.every(isSafeSegment)) refuse('name-unsafe', `${JSON.stringify(name)} is no safe name`)
    segments.slice(0, isFolder ? undefined : -1).forEach((_, i) => {
      folders.add(
        segments
          .slice(0, i + 1)
          .join('/')
          .toLowerCase(),
      )
    })
    roots.add(segments[0]!)
    if (isFolder) continue
    checkKind(entry)
    if (taken.has(name.toLowerCase())) refuse('name-repeated', `${name} stands there twice`)
    taken.add(name.toLowerCase())
    names.set(segments.slice(1).join('/'), entry)
  }
  const clash = [...taken].find(name => folders.has(name))
  if (clash !== undefined) refuse('name-repeated', `${clash} is a file and a folder`)
  if (roots.size !== 1 || names.has('')) refuse('name-unsafe', 'the files do not stand in one folder')
  return { root: [...roots][0]!, names: new Map([...names].sort(([a], [b]) => (a < b ? -1 : 1))) }
}

function isSafeSegment(segment: string): boolean {
  return /^[A-Za-z0-9_-][A-Za-z0-9._-]*$/.test(segment) && !segment.endsWith('.')
}

function checkKind(entry: yauzl.Entry): void {
  const name = entry.fileName
  // An extra field may carry another name, which some programs prefer and others do not know.
  if (entry.fileNameRaw.toString('latin1') !== name) refuse('name-unsafe', `${name} has two names`)
  // The high half is the Unix mode where the ZIP was made on Unix; other systems leave it 0.
  const type = (entry.externalFileAttributes >>> 16) & fileTypeMask
  if (type !== 0 && type !== regularFile) refuse('file-type', `${name} is no regular file`)
  if (entry.generalPurposeBitFlag & encryptedFlags) refuse('file-type', `${name} is encrypted`)
  if (![stored, deflated].includes(entry.compressionMethod)) refuse('file-type', `${name} is packed in an unknown way`)
}

/**
 * A program that reads a ZIP from its front sees local headers, not the directory: both must tell the same, and every byte must belong to
 * one of them, or two people could see two packages in one file.
 */
export async function hiddenBytes(
  zip: yauzl.ZipFile,
  entries: readonly yauzl.Entry[],
  len: number,
): Promise<PackageFault[]> {
  const faults: PackageFault[] = []
  const ends: { name: string; start: number; end: number; gaps: readonly number[] }[] = []
  for (const entry of [...entries].sort((a, b) => a.relativeOffsetOfLocalHeader - b.relativeOffsetOfLocalHeader)) {
    const local = await zip.readLocalFileHeaderPromise(entry, { minimal: false })
    const same =
      entry.fileNameRaw.equals(local.fileName) &&
      entry.generalPurposeBitFlag === local.generalPurposeBitFlag &&
      entry.compressionMethod === local.compressionMethod
    if (!same) faults.push({ code: 'zip-malformed', detail: `${entry.fileName} has two different headers` })
    const gaps = entry.generalPurposeBitFlag & descriptorFlag ? descriptorLengths : [0]
    const end = local.fileDataStart + entry.compressedSize
    ends.push({ name: entry.fileName, start: entry.relativeOffsetOfLocalHeader, end, gaps })
  }
  const records = entries.reduce((sum, e) => sum + 46 + e.fileNameLength + e.extraFieldLength + e.fileCommentLength, 0)
  const directory = len - zip.comment.length - endRecordLength - records
  ends.forEach(({ name, start, end, gaps }, i) => {
    const next = ends[i + 1]
    const starts = next ? [next.start] : [directory, directory - zip64EndLength]
    const fits = starts.some(at => gaps.includes(at - end)) && (i > 0 || start === 0)
    if (!fits) faults.push({ code: 'hidden-bytes', detail: `bytes that belong to no file stand beside ${name}` })
  })
  return faults
}
