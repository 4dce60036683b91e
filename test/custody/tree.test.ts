import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { fromHex, toHex } from '../../service/custody/encoding.ts'
import { extend, packFrontier, rootOf, unpackFrontier } from '../../service/custody/frontier.ts'
import { consistencySpans, inclusionSpans, subtreesOf } from '../../service/custody/subtrees.ts'
import { emptyRoot, leafHash, nodeHash, verifyConsistency, verifyInclusion } from '../../service/custody/tree.ts'
import { merkleRoot } from './merkle-root.ts'
import { paperProof } from './paper-log.ts'

/** The eight leaves, roots and proofs that Certificate Transparency implementations have shared since RFC 6962. */
const inputs = ['', '00', '10', '2021', '3031', '40414243', '5051525354555657', '606162636465666768696a6b6c6d6e6f']
const roots = [
  'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855',
  '6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d',
  'fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125',
  'aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77',
  'd37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7',
  '4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4',
  '76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef',
  'ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c',
  '5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328',
]
const paths: [index: number, size: number, path: string[]][] = [
  [0, 1, []],
  [
    0,
    8,
    [
      '96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7',
      '5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e',
      '6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4',
    ],
  ],
  [
    5,
    8,
    [
      'bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b',
      'ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0',
      'd37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7',
    ],
  ],
  [2, 3, ['fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125']],
]
const growths: [oldSize: number, newSize: number, proof: string[]][] = [
  [1, 1, []],
  [
    6,
    8,
    [
      '0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a',
      'ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0',
      'd37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7',
    ],
  ],
  [
    2,
    5,
    [
      '5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e',
      'bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b',
    ],
  ],
]

const known = inputs.map(input => leafHash(fromHex(input)))
const many = Array.from({ length: 67 }, (_, i) => leafHash(Uint8Array.of(i)))

describe('the tree', () => {
  test('has the roots that RFC 6962 implementations agree on', () => {
    const grown = roots.map((_, size) => toHex(rootOf(extend({ size: 0, hashes: [] }, known.slice(0, size)).frontier)))
    expect(grown).toEqual(roots)
    expect(toHex(emptyRoot)).toBe(roots[0])
  })

  test.each(paths)('proves leaf %i in size %i by the known path', (index, size, path) => {
    expect(paperProof(known, inclusionSpans(index, size)).map(toHex)).toEqual(path)
    const claim = { index, size, leaf: known[index]!, proof: path.map(fromHex), root: fromHex(roots[size]!) }
    expect(verifyInclusion(claim)).toBe(true)
  })

  test.each(growths)('proves that size %i is a prefix of size %i by the known proof', (oldSize, newSize, proof) => {
    expect(paperProof(known, consistencySpans(oldSize, newSize)).map(toHex)).toEqual(proof)
    const [oldRoot, newRoot] = [fromHex(roots[oldSize]!), fromHex(roots[newSize]!)]
    expect(verifyConsistency({ oldSize, oldRoot, newSize, newRoot, proof: proof.map(fromHex) })).toBe(true)
  })

  test('proves every leaf of every size, and refutes every other place', () => {
    for (let size = 1; size <= many.length; size++) {
      const root = merkleRoot(many.slice(0, size))
      for (let index = 0; index < size; index++) {
        const proof = paperProof(many, inclusionSpans(index, size))
        const claim = { index, size, leaf: many[index]!, proof, root }
        expect(verifyInclusion(claim)).toBe(true)
        expect(verifyInclusion({ ...claim, index: (index + 1) % size })).toBe(size === 1)
        expect(verifyInclusion({ ...claim, proof: [...proof, root] })).toBe(false)
        expect(verifyInclusion({ ...claim, proof: proof.slice(1) })).toBe(size === 1)
        expect(verifyInclusion({ ...claim, leaf: root })).toBe(size === 1)
      }
    }
  })

  test('proves every prefix of every size, and refutes every other root', () => {
    const rootAt = many.concat(emptyRoot).map((_, size) => merkleRoot(many.slice(0, size)))
    for (let newSize = 0; newSize < rootAt.length; newSize++) {
      for (let oldSize = 0; oldSize <= newSize; oldSize++) {
        const proof = paperProof(many, consistencySpans(oldSize, newSize))
        const claim = { oldSize, oldRoot: rootAt[oldSize]!, newSize, newRoot: rootAt[newSize]!, proof }
        expect(verifyConsistency(claim)).toBe(true)
        expect(verifyConsistency({ ...claim, oldRoot: known[3]! })).toBe(false)
        expect(verifyConsistency({ ...claim, proof: [...proof, known[3]!] })).toBe(false)
        if (oldSize > 0) expect(verifyConsistency({ ...claim, newRoot: known[3]! })).toBe(false)
        if (oldSize < newSize) expect(verifyConsistency({ ...claim, oldSize: newSize, newSize: oldSize })).toBe(false)
      }
    }
  })

  test('refutes a proof with any bit changed', () => {
    fc.assert(
      fc.property(fc.integer({ min: 2, max: many.length }), fc.nat(), fc.nat(), fc.nat(255), (size, at, which, bit) => {
        const index = at % size
        const root = merkleRoot(many.slice(0, size))
        const proof = flip(paperProof(many, inclusionSpans(index, size)), which, bit)
        expect(verifyInclusion({ index, size, leaf: many[index]!, proof, root })).toBe(false)
        const oldSize = 1 + (at % (size - 1))
        const growth = flip(paperProof(many, consistencySpans(oldSize, size)), which, bit)
        const oldRoot = merkleRoot(many.slice(0, oldSize))
        expect(verifyConsistency({ oldSize, oldRoot, newSize: size, newRoot: root, proof: growth })).toBe(false)
      }),
    )
  })

  test('counts beyond 32 bits', () => {
    const size = 2 ** 40 + 1
    const left = known[0]!
    const root = nodeHash(left, known[1]!)
    const claim = { index: 2 ** 40, size, leaf: known[1]!, proof: [left], root }
    expect(verifyInclusion(claim)).toBe(true)
    expect(verifyInclusion({ ...claim, index: 2 ** 40 - 1 })).toBe(false)
    expect(subtreesOf({ start: 0, end: size })).toEqual([
      { level: 40, n: 0 },
      { level: 0, n: 2 ** 40 },
    ])
    expect(inclusionSpans(2 ** 40, size)).toEqual([{ start: 0, end: 2 ** 40 }])
  })

  test.each([-1, 0.5, Number.NaN, 2 ** 53])('takes %d for no size and no index', n => {
    const leaf = known[0]!
    expect(verifyInclusion({ index: n, size: 1, leaf, proof: [], root: leaf })).toBe(false)
    expect(verifyInclusion({ index: 0, size: n, leaf, proof: [], root: leaf })).toBe(false)
    expect(verifyConsistency({ oldSize: n, oldRoot: leaf, newSize: n, newRoot: leaf, proof: [] })).toBe(false)
  })

  test('grows in any batches to the same frontier, and completes each subtree once', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(9), { maxLength: 12 }), batches => {
        let state = { size: 0, hashes: [] as readonly Uint8Array[] }
        const seen = new Map<string, string>()
        for (const batch of batches) {
          const leaves = many.slice(state.size, state.size + batch)
          const { frontier, completed } = extend(state, leaves)
          for (const { level, n, hash } of completed) {
            expect(seen.has(`${level} ${n}`)).toBe(false)
            seen.set(`${level} ${n}`, toHex(hash))
            expect(toHex(hash)).toBe(toHex(merkleRoot(many.slice(n * 2 ** level, (n + 1) * 2 ** level))))
          }
          state = unpackFrontier(frontier.size, packFrontier(frontier))
        }
        expect(toHex(rootOf(state))).toBe(toHex(merkleRoot(many.slice(0, state.size))))
        const complete = (level: number) => Math.floor(state.size / 2 ** level)
        expect(seen.size).toBe([1, 2, 3, 4, 5, 6].reduce((sum, level) => sum + complete(level), 0))
      }),
    )
  })
})

function flip(proof: Uint8Array[], which: number, bit: number): Uint8Array[] {
  const changed = proof.map(hash => Uint8Array.from(hash))
  changed[which % changed.length]![bit >> 3]! ^= 1 << (bit & 7)
  return changed
}
