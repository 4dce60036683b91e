/** The compact form of a growing tree: the roots of its complete subtrees, largest first, which is all that appending needs. */
import { concat } from './encoding.ts'
import { foldSubtrees, type TreeNode } from './subtrees.ts'
import { emptyRoot, nodeHash } from './tree.ts'

export interface Frontier {
  readonly size: number
  /** One for each bit set in `size`. */
  readonly hashes: readonly Uint8Array[]
}

/** The frontier after `leaves` (leaf hashes), and every subtree of level 1 and above that they completed. */
export function extend(
  frontier: Frontier,
  leaves: readonly Uint8Array[],
): { frontier: Frontier; completed: TreeNode[] } {
  const hashes = [...frontier.hashes]
  const completed: TreeNode[] = []
  let size = frontier.size
  for (const leaf of leaves) {
    let hash = leaf
    let n = size
    for (let level = 1; n % 2 === 1; level++) {
      hash = nodeHash(hashes.pop()!, hash)
      n = (n - 1) / 2
      completed.push({ level, n, hash })
    }
    hashes.push(hash)
    size++
  }
  return { frontier: { size, hashes }, completed }
}

export function rootOf({ hashes }: Frontier): Uint8Array {
  return hashes.length === 0 ? emptyRoot : foldSubtrees(hashes)
}

export function packFrontier({ hashes }: Frontier): Uint8Array {
  return concat(...hashes)
}

/** Throws a RangeError when the bytes are not one hash for each bit of the size. */
export function unpackFrontier(size: number, bytes: Uint8Array): Frontier {
  const bits = size.toString(2).replaceAll('0', '').length
  if (bytes.length !== 32 * bits) throw new RangeError('a frontier has one hash for each bit of its size')
  return { size, hashes: Array.from({ length: bits }, (_, i) => bytes.slice(32 * i, 32 * (i + 1))) }
}
