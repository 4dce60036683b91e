/** A consistency proof out of inclusion proofs: their hashes often suffice, always where an older checkpoint ends at one of the entries. */
import { toBase64 } from './encoding.ts'
import { consistencySpans, inclusionSpans, type Span } from './subtrees.ts'
import { nodeHash, splitPoint } from './tree.ts'

export interface IncludedLeaf {
  readonly index: number
  /** Leaf hash. */
  readonly leaf: Uint8Array
  /** RFC 6962 inclusion proof in the tree of `size`. */
  readonly proof: readonly Uint8Array[]
}

/**
 * PROOF(oldSize, D[size]) of RFC 6962, section 2.1.2, as base64 hashes; undefined where a hash is not known. Nothing here is checked:
 * the result is worth what `verifyConsistency` makes of it.
 */
export function deriveConsistency(
  leaves: readonly IncludedLeaf[],
  oldSize: number,
  size: number,
): string[] | undefined {
  if (oldSize > size) return undefined
  const known = new Map<string, Uint8Array>()
  for (const { index, leaf, proof } of leaves) {
    if (index >= size) continue
    known.set(keyOf({ start: index, end: index + 1 }), leaf)
    inclusionSpans(index, size).forEach((span, i) => {
      if (proof[i]) known.set(keyOf(span), proof[i])
    })
  }
  const hashes = consistencySpans(oldSize, size).map(span => hashOf(known, span))
  return hashes.every(hash => hash !== undefined) ? hashes.map(toBase64) : undefined
}

/** What is not known as a whole may be known in its halves. */
function hashOf(known: ReadonlyMap<string, Uint8Array>, span: Span): Uint8Array | undefined {
  const hash = known.get(keyOf(span))
  const length = span.end - span.start
  if (hash || length === 1) return hash
  const middle = span.start + splitPoint(length)
  const left = hashOf(known, { start: span.start, end: middle })
  const right = left && hashOf(known, { start: middle, end: span.end })
  return right && nodeHash(left, right)
}

function keyOf({ start, end }: Span): string {
  return `${start}-${end}`
}
