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
  for (const { index, leaf, proof } of leaves) if (index < size) learn(known, index, leaf, proof, size)
  const hashes = consistencySpans(oldSize, size).map(span => hashOf(known, span))
  return hashes.every(hash => hash !== undefined) ? hashes.map(toBase64) : undefined
}

function learn(
  known: Map<string, Uint8Array>,
  index: number,
  leaf: Uint8Array,
  proof: readonly Uint8Array[],
  size: number,
) {
  let own: Span & { hash: Uint8Array } = { start: index, end: index + 1, hash: leaf }
  known.set(keyOf(own), own.hash)
  inclusionSpans(index, size).forEach((span, i) => {
    const hash = proof[i]
    if (!hash) return
    known.set(keyOf(span), hash)
    own =
      span.start < own.start
        ? { start: span.start, end: own.end, hash: nodeHash(hash, own.hash) }
        : { start: own.start, end: span.end, hash: nodeHash(own.hash, hash) }
    known.set(keyOf(own), own.hash)
  })
}

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
