/** RFC 6962, section 2.1, read literally and with hashing of its own: the yardstick for the service's incremental tree. */
import { createHash } from 'node:crypto'

/** MTH of leaf hashes. */
export function merkleRoot(leaves: readonly Uint8Array[]): Uint8Array {
  if (leaves.length === 0) return createHash('sha256').digest()
  if (leaves.length === 1) return leaves[0]!
  const k = 2 ** Math.floor(Math.log2(leaves.length - 1))
  return createHash('sha256')
    .update('\x01')
    .update(merkleRoot(leaves.slice(0, k)))
    .update(merkleRoot(leaves.slice(k)))
    .digest()
}
