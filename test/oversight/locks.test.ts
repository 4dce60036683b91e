import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { longerLock } from '../../service/oversight/locks.ts'

const day = 86_400_000
const lockMs = 14 * day
const now = new Date('2028-02-29T12:00:00Z')
const at = (days: number) => new Date(now.getTime() + days * day)

describe('a lock', () => {
  test.each([
    ['is left alone while more than half of it is left', 7.001, 100, undefined],
    ['is lengthened at half', 7, 100, 14],
    ['is lengthened after its end, when the sweep was dead that long', -3, 100, 14],
    ['never grows beyond the end of keeping', 2, 5, 5],
    ['is left alone when keeping ends with it', 5, 5, undefined],
    ['ends when keeping has ended', 1, -1, undefined],
    ['is not set to a time that has passed', -3, -1, undefined],
    ['goes on where no end is in sight', 1, undefined, 14],
  ])('%s', (_, ends, end, want) => {
    expect(longerLock(at(ends), end === undefined ? undefined : at(end), now, lockMs)).toEqual(
      want === undefined ? undefined : at(want),
    )
  })

  test('never reaches beyond the end of keeping, nor beyond one lock from now, and never shrinks', () => {
    const days = fc.double({ min: -400, max: 400, noNaN: true })
    fc.assert(
      fc.property(days, fc.option(days, { nil: undefined }), (ends, end) => {
        const longer = longerLock(at(ends), end === undefined ? undefined : at(end), now, lockMs)
        if (!longer) return
        expect(longer > at(ends)).toBe(true)
        expect(longer.getTime()).toBeLessThanOrEqual(now.getTime() + lockMs)
        if (end !== undefined) expect(longer <= at(end)).toBe(true)
      }),
    )
  })

  test('of an object that somebody needs never ends, though the sweep is dead for days at a time', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 6 }), { minLength: 1, maxLength: 60 }), pauses => {
        let [ends, clock] = [at(14), now]
        for (const pause of pauses) {
          clock = new Date(clock.getTime() + pause * day)
          expect(ends > clock).toBe(true)
          ends = longerLock(ends, undefined, clock, lockMs) ?? ends
        }
      }),
    )
  })
})
