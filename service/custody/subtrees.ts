/** Which hashes a tree, a proof or a tile is made of. All of them are hashes of complete subtrees, which never change once they exist. */
import { nodeHash, splitPoint } from './tree.ts'

/** The complete subtree over the leaves [n * 2^level, (n + 1) * 2^level). */
export interface NodeId {
  readonly level: number
  readonly n: number
}

export interface TreeNode extends NodeId {
  readonly hash: Uint8Array
}

/** Leaves [start, end) that RFC 6962 hashes as one; `start` is a multiple of the power of two that holds them. */
export interface Span {
  readonly start: number
  readonly end: number
}

/** The complete subtrees of a span, largest first: one for each bit of its length. */
export function subtreesOf({ start, end }: Span): NodeId[] {
  const ids: NodeId[] = []
  for (let at = start; at < end; ) {
    let level = 0
    while (at + 2 ** (level + 1) <= end) level++
    ids.push({ level, n: at / 2 ** level })
    at += 2 ** level
  }
  return ids
}

/** MTH of a span from the hashes of its subtrees; at least one. */
export function foldSubtrees(hashes: readonly Uint8Array[]): Uint8Array {
  return hashes.reduceRight((right, left) => nodeHash(left, right))
}

/** PATH(index, D[size]) of RFC 6962, section 2.1.1, as spans. */
export function inclusionSpans(index: number, size: number, start = 0): Span[] {
  if (size === 1) return []
  const k = splitPoint(size)
  return index < k
    ? [...inclusionSpans(index, k, start), { start: start + k, end: start + size }]
    : [...inclusionSpans(index - k, size - k, start + k), { start, end: start + k }]
}

/** PROOF(oldSize, D[newSize]) of RFC 6962, section 2.1.2, as spans. Empty for an empty or equal old tree. */
export function consistencySpans(oldSize: number, newSize: number): Span[] {
  return oldSize === 0 || oldSize === newSize ? [] : subproof(oldSize, newSize, 0, true)
}

function subproof(m: number, n: number, start: number, complete: boolean): Span[] {
  if (m === n) return complete ? [] : [{ start, end: start + n }]
  const k = splitPoint(n)
  return m <= k
    ? [...subproof(m, k, start, complete), { start: start + k, end: start + n }]
    : [...subproof(m - k, n - k, start + k, false), { start, end: start + k }]
}
