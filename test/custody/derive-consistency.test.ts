import fc from 'fast-check'
import { expect, test } from 'vitest'
import { deriveConsistency } from '../../service/custody/derive-consistency.ts'
import { fromBase64 } from '../../service/custody/encoding.ts'
import { inclusionSpans, type Span } from '../../service/custody/subtrees.ts'
import { leafHash, verifyConsistency } from '../../service/custody/tree.ts'
import { merkleRoot } from './merkle-root.ts'

const leaves = Array.from({ length: 200 }, (_, i) => leafHash(Uint8Array.of(i)))
const rootOf = ({ start, end }: Span) => merkleRoot(leaves.slice(start, end))
const included = (index: number, size: number) => ({
  index,
  leaf: leaves[index]!,
  proof: inclusionSpans(index, size).map(rootOf),
})

const trees = fc
  .integer({ min: 1, max: leaves.length })
  .chain(size => fc.tuple(fc.constant(size), fc.nat(size), fc.uniqueArray(fc.nat(size - 1), { maxLength: 6 })))

test('what is derived is a consistency proof, and is derived wherever the old tree ends at a known entry', () => {
  fc.assert(
    fc.property(trees, ([size, oldSize, indices]) => {
      const lines = deriveConsistency(
        indices.map(index => included(index, size)),
        oldSize,
        size,
      )
      if (oldSize === 0 || oldSize === size || indices.includes(oldSize - 1)) expect(lines).toBeDefined()
      if (!lines) return
      const proof = lines.map(fromBase64)
      const [oldRoot, newRoot] = [rootOf({ start: 0, end: oldSize }), rootOf({ start: 0, end: size })]
      expect(verifyConsistency({ oldSize, oldRoot, newSize: size, newRoot, proof })).toBe(true)
    }),
    { numRuns: 400 },
  )
})

test('nothing is derived towards a smaller tree, or from entries that tell too little', () => {
  expect(deriveConsistency([included(3, 10)], 11, 10)).toBeUndefined()
  expect(deriveConsistency([included(0, 10)], 3, 10)).toBeUndefined()
  expect(deriveConsistency([{ index: 99, leaf: leaves[0]!, proof: [] }], 3, 10)).toBeUndefined()
})
