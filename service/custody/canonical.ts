/** RFC 8785 canonical JSON, narrowed so that no two readers can disagree about a value: integers only, no nulls, NFC text. */
import canonicalize from 'canonicalize'
import { equal } from './encoding.ts'

/** The largest entry, and the default bound of both functions below. */
export const maxCanonicalBytes = 16 * 1024
const maxDepth = 32

export class CanonicalError extends Error {
  override readonly name = 'CanonicalError'
}

/**
 * The canonical UTF-8 bytes of a JSON value. Throws a CanonicalError for a float, -0, an integer beyond 2^53, null, undefined, text that
 * is not NFC or has lone surrogates, anything that is no plain object or array, nesting beyond 32, or more than `maxBytes`.
 */
export function canonicalJson(value: unknown, maxBytes = maxCanonicalBytes): Uint8Array {
  check(value, 0)
  const bytes = new TextEncoder().encode(canonicalize(value))
  if (bytes.length > maxBytes) throw new CanonicalError(`${bytes.length} bytes are more than ${maxBytes}`)
  return bytes
}

/** The value of bytes that `canonicalJson` could have made; throws a CanonicalError for any others, however alike in meaning. */
export function parseCanonical(bytes: Uint8Array, maxBytes = maxCanonicalBytes): unknown {
  if (bytes.length > maxBytes) throw new CanonicalError(`${bytes.length} bytes are more than ${maxBytes}`)
  const value = decode(bytes)
  // Encoding again settles all at once: duplicate members, order, white space, escapes, number forms, a byte order mark.
  if (!equal(canonicalJson(value, maxBytes), bytes)) throw new CanonicalError('not in canonical form')
  return value
}

function decode(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes))
  } catch {
    throw new CanonicalError('not JSON in UTF-8')
  }
}

function check(value: unknown, depth: number): void {
  if (depth > maxDepth) throw new CanonicalError(`nested deeper than ${maxDepth}`)
  if (typeof value === 'string') checkText(value)
  else if (typeof value === 'number') checkInteger(value)
  else if (Array.isArray(value)) {
    // By index: `forEach` would step over a hole, which would then be written as null.
    for (let i = 0; i < value.length; i++) check(value[i], depth + 1)
  } else if (isPlain(value)) {
    for (const [key, member] of Object.entries(value)) {
      checkText(key)
      check(member, depth + 1)
    }
  } else if (typeof value !== 'boolean') {
    throw new CanonicalError(`${value === null ? 'null' : typeof value} has no canonical form here`)
  }
}

function checkInteger(value: number): void {
  if (!Number.isSafeInteger(value) || Object.is(value, -0)) throw new CanonicalError(`${value} is no safe integer`)
}

function checkText(text: string): void {
  if (!text.isWellFormed() || text.normalize('NFC') !== text) throw new CanonicalError('text is not well-formed NFC')
}

/** Dates, maps, boxed values and class instances would be written as something that they are not. */
function isPlain(value: unknown): value is object {
  if (typeof value !== 'object' || value === null) return false
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === null || Object.getPrototypeOf(prototype) === null
}
