/** What the checks of a package can answer, beyond those of its chain. */
import { CanonicalError, parseCanonical } from './canonical.ts'
import { type CheckCode, Refuted } from './check.ts'

/** Found while the ZIP was read, before anything in it was looked at. */
export const faultCodes = [
  'zip-malformed',
  'seal-broken',
  'name-unsafe',
  'name-repeated',
  'file-type',
  'too-large',
  'crc-mismatch',
  'hidden-bytes',
] as const

export const packageCodes = [
  ...faultCodes,
  'declaration-wrong',
  'file-missing',
  'file-unexpected',
  'file-unlisted',
  'manifest-malformed',
  'digest-mismatch',
  'oxum-mismatch',
  'file-malformed',
  'not-opened',
  'record-mismatch',
  'leak-limit-exceeded',
  'receipt-malformed',
] as const

export type PackageCode = CheckCode | (typeof packageCodes)[number]

export interface PackageFault {
  readonly code: (typeof faultCodes)[number]
  /** Names the file. */
  readonly detail: string
}

export interface PackageFile {
  /** Inside the bag's root folder. */
  readonly path: string
  readonly len: number
  /** Hex, of the bytes as read. */
  readonly sha256: string
  readonly sha512: string
  /** Of every file but the video. */
  readonly bytes?: Uint8Array
}

/** A package as its reader found it. All of it may come from an attacker, but the digests are the reader's own. */
export interface PackageListing {
  /** Name of the bag's folder. */
  readonly root: string
  readonly files: readonly PackageFile[]
  readonly faults: readonly PackageFault[]
  /** The ZIP as a whole. */
  readonly zip: { readonly sha256: string; readonly len: number }
}

export type Files = ReadonlyMap<string, PackageFile>

/** Throws a Refuted: `refuted` alone says what failed, in the code and in words. */
export function refuted(code: PackageCode, detail: string): never {
  throw new Refuted<PackageCode>(code, detail)
}

export function fileAt(files: Files, path: string): PackageFile {
  return files.get(path) ?? refuted('not-reached', `${path} is not there`)
}

export function textAt(files: Files, path: string): string {
  const { bytes } = fileAt(files, path)
  if (!bytes) return refuted('not-reached', `${path} was not kept`)
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch {
    return refuted('file-malformed', `${path} is not UTF-8 text`)
  }
}

export function jsonAt(files: Files, path: string): unknown {
  const text = textAt(files, path)
  try {
    return JSON.parse(text)
  } catch {
    return refuted('file-malformed', `${path} is not JSON`)
  }
}

/** JSON in the one canonical form. */
export function canonicalAt(files: Files, path: string): unknown {
  const { bytes } = fileAt(files, path)
  try {
    return bytes ? parseCanonical(bytes, Number.POSITIVE_INFINITY) : refuted('not-reached', `${path} was not kept`)
  } catch (error) {
    if (error instanceof CanonicalError) return refuted('file-malformed', `${path}: ${error.message}`)
    throw error
  }
}

/** At most five names, so that a detail stays one line. */
export function someOf(names: readonly string[]): string {
  return names.slice(0, 5).join(', ') + (names.length > 5 ? ` and ${names.length - 5} more` : '')
}
