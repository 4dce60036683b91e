import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  encodeBundle,
  entriesPath,
  parseBundle,
  parseTile,
  tileLevels,
  tilePath,
  tilesOf,
} from '../../service/custody/tiles.ts'

describe('tiles', () => {
  test('are named as C2SP tlog-tiles names them', () => {
    expect(tilePath(0, { n: 1234067, width: 256 })).toBe('tile/0/x001/x234/067')
    expect(tilePath(2, { n: 0, width: 1 })).toBe('tile/2/000.p/1')
    expect(entriesPath({ n: 273, width: 112 })).toBe('tile/entries/273.p/112')
    expect(tilePath(0, { n: 1000, width: 256 })).toBe('tile/0/x001/000')
  })

  test('of a tree of 70,000 entries are those of the specification', () => {
    expect(tileLevels(70_000)).toBe(3)
    const [zero, one, two] = [0, 1, 2].map(level => tilesOf(level, 70_000))
    expect(zero).toHaveLength(274)
    expect(zero!.at(-1)).toEqual({ n: 273, width: 112 })
    expect(one).toEqual([
      { n: 0, width: 256 },
      { n: 1, width: 17 },
    ])
    expect(two).toEqual([{ n: 0, width: 1 }])
  })

  test('of a full tile end there, with its hash one level up', () => {
    expect(tilesOf(0, 256)).toEqual([{ n: 0, width: 256 }])
    expect(tilesOf(1, 256)).toEqual([{ n: 0, width: 1 }])
    expect([tileLevels(0), tileLevels(1), tileLevels(255), tileLevels(256)]).toEqual([0, 1, 1, 2])
  })

  test('hold 1 to 256 hashes', () => {
    expect(parseTile(new Uint8Array(64))).toHaveLength(2)
    for (const length of [0, 31, 33, 257 * 32]) expect(() => parseTile(new Uint8Array(length))).toThrow(RangeError)
  })

  test('and bundles are read back as they were written, and never from a shortened copy', () => {
    fc.assert(
      fc.property(
        fc.array(fc.uint8Array({ minLength: 1, maxLength: 300 }), { minLength: 1, maxLength: 8 }),
        fc.nat(),
        (entries, cut) => {
          const bundle = encodeBundle(entries)
          expect(parseBundle(bundle)).toEqual(entries)
          const shortened = bundle.subarray(0, cut % bundle.length)
          try {
            expect(parseBundle(shortened).length).toBeLessThan(entries.length)
          } catch (error) {
            expect(error).toBeInstanceOf(RangeError)
          }
        },
      ),
    )
    expect(() => encodeBundle([new Uint8Array(65_536)])).toThrow(RangeError)
  })
})
