import { createHash, randomBytes } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { SealBroken, type SealedSource, seal, unseal } from '../../service/vault/seal.ts'
import { firstSegmentLen, headerLen, plainLen, sealedLen, segmentLen, tagLen } from '../../service/vault/seal-layout.ts'
import { chunks, collect, drain, pattern } from './streams.ts'
import byCustos from './vectors-custos.json' with { type: 'json' }
import byTink from './vectors-tink.json' with { type: 'json' }

const key = randomBytes(32)
const context = Buffer.from('custos-seal/v1|00|local')
const later = segmentLen - tagLen

/** Sealed bytes in memory that remember which of them were read. */
function held(bytes: Buffer, len = bytes.length): SealedSource & { reads: [number, number][] } {
  const reads: [number, number][] = []
  return {
    len,
    reads,
    read(start, end) {
      reads.push([start, end])
      return chunks(bytes.subarray(start, Math.min(end, bytes.length)), 100_003)
    },
  }
}
const sealed = async (plain: Uint8Array) => collect(seal(chunks(plain), key, context))
const segmentsOf = (bytes: Buffer) =>
  Array.from({ length: Math.ceil(bytes.length / segmentLen) }, (_, i) =>
    bytes.subarray(i * segmentLen, (i + 1) * segmentLen),
  )

const plain = pattern(firstSegmentLen + 2 * later + 12_345)
const whole = await sealed(plain)

describe.each([
  ['what Tink sealed is what we seal from the same header', byTink],
  ['what we sealed is what Tink opened', byCustos],
])('%s', (_, { vectors }) => {
  test.each(vectors)('$len bytes', async vector => {
    const [dataKey, associatedData, header] = [
      Buffer.from(vector.key, 'hex'),
      Buffer.from(vector.associatedData),
      Buffer.from(vector.header, 'hex'),
    ]
    const bytes = await collect(seal(chunks(pattern(vector.len), 70_001), dataKey, associatedData, header))
    expect(bytes.length).toBe(vector.sealedLen)
    expect(createHash('sha256').update(bytes).digest('hex')).toBe(vector.sealedSha256)
    if (vector.sealed !== undefined) expect(bytes.toString('hex')).toBe(vector.sealed)
    expect(sealedLen(vector.len)).toBe(vector.sealedLen)
    expect(plainLen(vector.sealedLen)).toBe(vector.len)
    expect((await collect(unseal(held(bytes), dataKey, associatedData))).equals(pattern(vector.len))).toBe(true)
  })
})

test('the same plaintext never seals to the same bytes', async () => {
  expect((await sealed(pattern(10))).equals(await sealed(pattern(10)))).toBe(false)
})

test('how the body is cut into chunks changes nothing', async () => {
  const header = whole.subarray(0, headerLen)
  for (const size of [1_000_003, segmentLen, plain.length]) {
    expect((await collect(seal(chunks(plain, size), key, context, header))).equals(whole)).toBe(true)
  }
})

describe('a range', () => {
  const offset = fc.oneof(
    fc.nat(plain.length - 1),
    fc.tuple(fc.nat(2), fc.integer({ min: -2, max: 2 })).map(([n, d]) => firstSegmentLen + n * later + d),
  )
  test('is the slice of the plaintext, and no other segment is read', async () => {
    await fc.assert(
      fc.asyncProperty(offset, offset, async (a, b) => {
        const [start, end] = [Math.min(a, b), Math.max(a, b) + 1]
        const source = held(whole)
        expect((await collect(unseal(source, key, context, { start, end }))).equals(plain.subarray(start, end))).toBe(
          true,
        )
        const segment = (at: number) => (at < firstSegmentLen ? 0 : 1 + Math.floor((at - firstSegmentLen) / later))
        const body = [segment(start) * segmentLen, Math.min((segment(end - 1) + 1) * segmentLen, whole.length)]
        expect(source.reads).toEqual(segment(start) === 0 ? [body] : [[0, headerLen], body])
      }),
      { numRuns: 40 },
    )
  })

  test.each([
    [-1, 5],
    [0, plain.length + 1],
    [7, 7],
    [9, 3],
    [0.5, 3],
    [0, Number.NaN],
  ])('from %d to %d is refused', async (start, end) => {
    await expect(collect(unseal(held(whole), key, context, { start, end }))).rejects.toThrow(RangeError)
  })
})

describe('what was changed is refused, and nothing of the changed segment leaves', () => {
  async function expectBroken(bytes: Buffer, intactSegments: number, len = bytes.length) {
    const { bytes: left, error } = await drain(unseal(held(bytes, len), key, context))
    expect(error).toBeInstanceOf(SealBroken)
    expect(left.length).toBeLessThanOrEqual(intactSegments === 0 ? 0 : firstSegmentLen + (intactSegments - 1) * later)
    expect(left.equals(plain.subarray(0, left.length))).toBe(true)
  }

  test('one bit, anywhere', async () => {
    const edges = [0, 1, 33, 39, 40, segmentLen - 1, segmentLen, whole.length - 1].map(at => fc.constant(at))
    await fc.assert(
      fc.asyncProperty(fc.oneof(fc.nat(whole.length - 1), ...edges), fc.nat(7), async (at, bit) => {
        const changed = Buffer.from(whole)
        changed[at]! ^= 1 << bit
        await expectBroken(changed, at < headerLen ? 0 : Math.floor(at / segmentLen))
      }),
      { numRuns: 60 },
    )
  })

  test('cut at the end of a segment, whether or not the length was known', async () => {
    for (const n of [1, 2, 3]) {
      await expectBroken(whole.subarray(0, n * segmentLen), n, whole.length)
      await expectBroken(whole.subarray(0, n * segmentLen), n - 1)
    }
  })

  test('cut anywhere else', async () => {
    for (const len of [0, 39, 40, 55, 56, segmentLen - 1, segmentLen + 1, segmentLen + 16, whole.length - 1]) {
      await expectBroken(whole.subarray(0, len), 3)
      await expectBroken(whole.subarray(0, len), 3, whole.length)
    }
  })

  test('segments in another order, left out, or twice', async () => {
    const [a, b, c, d] = segmentsOf(whole) as [Buffer, Buffer, Buffer, Buffer]
    await expectBroken(Buffer.concat([a, c, b, d]), 1)
    await expectBroken(Buffer.concat([a, c, d]), 1)
    await expectBroken(Buffer.concat([a, b, b, c, d]), 2)
  })

  test('a segment of another clip under the same key', async () => {
    const other = segmentsOf(await sealed(plain))
    const [a, , c, d] = segmentsOf(whole) as [Buffer, Buffer, Buffer, Buffer]
    await expectBroken(Buffer.concat([a, other[1]!, c, d]), 1)
  })

  test('bytes after the end', async () => {
    for (const extra of [1, 16, 17, segmentLen]) await expectBroken(Buffer.concat([whole, Buffer.alloc(extra)]), 3)
  })
})

test('another key or another context opens nothing', async () => {
  expect(await drain(unseal(held(whole), randomBytes(32), context))).toMatchObject({
    bytes: Buffer.alloc(0),
    error: expect.any(SealBroken),
  })
  const elsewhere = Buffer.from('custos-seal/v1|01|local')
  expect(await drain(unseal(held(whole), key, elsewhere))).toMatchObject({
    bytes: Buffer.alloc(0),
    error: expect.any(SealBroken),
  })
})

test('lengths that no plaintext has are refused', () => {
  for (const len of [0, 39, 55, segmentLen + 1, segmentLen + 16, 2 * segmentLen + 3, Number.NaN, 56.5])
    expect(plainLen(len)).toBeUndefined()
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 1e12 }), len => {
      expect(plainLen(sealedLen(len))).toBe(len)
    }),
  )
})
