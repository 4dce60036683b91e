/** RFC 6962, section 2.1: the Merkle tree, as the recursions of the RFC. Sizes and indices may reach 2^53, so no 32-bit arithmetic. */
import { concat, equal } from './encoding.ts'
import { sha256 } from './hash.ts'

export const emptyRoot = sha256(new Uint8Array())

export function leafHash(bytes: Uint8Array): Uint8Array {
  return sha256(concat(Uint8Array.of(0), bytes))
}

export function nodeHash(left: Uint8Array, right: Uint8Array): Uint8Array {
  return sha256(concat(Uint8Array.of(1), left, right))
}

export interface InclusionClaim {
  readonly index: number
  readonly size: number
  /** Leaf hash. */
  readonly leaf: Uint8Array
  /** From the leaf's sibling up to the root's child (section 2.1.1). */
  readonly proof: readonly Uint8Array[]
  readonly root: Uint8Array
}

/** Whether `leaf` is the leaf at `index` of the tree of `size` leaves with that root. Never throws. */
export function verifyInclusion({ index, size, leaf, proof, root }: InclusionClaim): boolean {
  if (!isCount(index) || !isCount(size) || index >= size || !areHashes([leaf, root, ...proof])) return false
  const rest = [...proof]
  const computed = rootFromPath(index, size, leaf, rest)
  return computed !== undefined && rest.length === 0 && equal(computed, root)
}

export interface ConsistencyClaim {
  readonly oldSize: number
  readonly oldRoot: Uint8Array
  readonly newSize: number
  readonly newRoot: Uint8Array
  /** Section 2.1.2. */
  readonly proof: readonly Uint8Array[]
}

/** Whether the old tree is a prefix of the new one. Never throws. */
export function verifyConsistency({ oldSize, oldRoot, newSize, newRoot, proof }: ConsistencyClaim): boolean {
  if (!isCount(oldSize) || !isCount(newSize) || oldSize > newSize || !areHashes([oldRoot, newRoot, ...proof]))
    return false
  if (oldSize === 0)
    return proof.length === 0 && equal(oldRoot, emptyRoot) && (newSize > 0 || equal(newRoot, emptyRoot))
  const rest = [...proof]
  const roots = rootsFromProof(oldSize, newSize, oldRoot, true, rest)
  return roots !== undefined && rest.length === 0 && equal(roots.old, oldRoot) && equal(roots.new, newRoot)
}

/** Consumes the path from its end, which is nearest to the root. */
function rootFromPath(index: number, size: number, leaf: Uint8Array, rest: Uint8Array[]): Uint8Array | undefined {
  if (size === 1) return leaf
  const sibling = rest.pop()
  if (!sibling) return undefined
  const k = splitPoint(size)
  const below = index < k ? rootFromPath(index, k, leaf, rest) : rootFromPath(index - k, size - k, leaf, rest)
  return below && (index < k ? nodeHash(below, sibling) : nodeHash(sibling, below))
}

interface Roots {
  readonly old: Uint8Array
  readonly new: Uint8Array
}

/** SUBPROOF read backwards; `complete` is the RFC's b: the old subtree is the whole old tree, so its root is known. */
function rootsFromProof(
  m: number,
  n: number,
  oldRoot: Uint8Array,
  complete: boolean,
  rest: Uint8Array[],
): Roots | undefined {
  if (m === n && complete) return { old: oldRoot, new: oldRoot }
  const hash = rest.pop()
  if (!hash) return undefined
  if (m === n) return { old: hash, new: hash }
  const k = splitPoint(n)
  if (m <= k) {
    const left = rootsFromProof(m, k, oldRoot, complete, rest)
    return left && { old: left.old, new: nodeHash(left.new, hash) }
  }
  const right = rootsFromProof(m - k, n - k, oldRoot, false, rest)
  return right && { old: nodeHash(hash, right.old), new: nodeHash(hash, right.new) }
}

/** The largest power of two smaller than n, for n > 1. */
export function splitPoint(n: number): number {
  let k = 1
  while (2 * k < n) k *= 2
  return k
}

function isCount(n: number): boolean {
  return Number.isSafeInteger(n) && n >= 0
}

function areHashes(hashes: readonly Uint8Array[]): boolean {
  return hashes.every(hash => hash.length === 32)
}
