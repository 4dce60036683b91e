import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { boxesOf } from '../../service/redaction/chain-boxes.ts'
import { link, type Sighting } from '../../service/redaction/link.ts'
import { lookedAt } from '../../service/redaction/looks.ts'
import type { BoxRun } from '../../service/redaction/plan.ts'
import { rulesOf } from '../../service/redaction/rules.ts'

const rules = rulesOf.face
const size = { width: 1281, height: 720 }

interface Walk {
  frames: Sighting[][]
  seconds: number[]
}

/** One thing on a smooth path, sighted on every frame. */
function walk(count: number, rate: number, at: (seconds: number) => [number, number], side = 60, score = 0.9): Walk {
  const seconds = Array.from({ length: count }, (_, frame) => frame / rate)
  const frames = seconds.map((t, frame) => {
    const [x, y] = at(t)
    return [{ frame, seconds: t, score, box: { x: x - side / 2, y: y - side / 2, w: side, h: side } }]
  })
  return { frames, seconds }
}

function plan({ frames, seconds }: Walk): { runs: BoxRun[]; unseen: [number, number][] }[] {
  return link(frames, seconds, rules).map(chain => boxesOf(chain, seconds, size, rules))
}

/** Whether one box of the frame holds all of it, as far as it lies within the frame. */
function covered(tracks: { runs: BoxRun[] }[], { frame, box }: Sighting): boolean {
  const left = Math.max(0, box.x)
  const top = Math.max(0, box.y)
  const right = Math.min(size.width, box.x + box.w)
  const bottom = Math.min(size.height, box.y + box.h)
  return tracks.some(({ runs }) =>
    runs.some(
      ([from, to, x, y, w, h]) =>
        from <= frame && frame <= to && x <= left && y <= top && x + w >= right && y + h >= bottom,
    ),
  )
}

const score = fc.oneof(fc.constantFrom(0.3, 0.5, 0.8), fc.double({ min: 0.3, max: 1, noNaN: true }))
const sighting = fc.record({
  x: fc.double({ min: -40, max: 1270, noNaN: true }),
  y: fc.double({ min: -40, max: 710, noNaN: true }),
  w: fc.double({ min: 6, max: 400, noNaN: true }),
  h: fc.double({ min: 6, max: 400, noNaN: true }),
})
/** For how many frames more the picture under it stays. */
const stands = fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 12 }))
const anything = fc
  .tuple(
    fc.array(fc.array(fc.tuple(sighting, score, stands), { maxLength: 4 }), { minLength: 1, maxLength: 40 }),
    fc.array(fc.double({ min: 0.001, max: 2.5, noNaN: true }), { minLength: 40, maxLength: 40 }),
  )
  .map(([content, steps]): Walk => {
    let now = 0
    const seconds = content.map((_, i) => (now += i === 0 ? 0 : steps[i]!))
    const frames = content.map((found, frame) =>
      found.map(([box, score, more]): Sighting => {
        const until = Math.min(frame + more, content.length - 1)
        return { frame, until, seconds: seconds[frame]!, score, box }
      }),
    )
    return { frames, seconds }
  })

const smooth = fc
  .record({
    rate: fc.constantFrom(15, 25, 30),
    x: fc.double({ min: 320, max: 960, noNaN: true }),
    y: fc.double({ min: 150, max: 500, noNaN: true }),
    speed: fc.tuple(fc.double({ min: -150, max: 150, noNaN: true }), fc.double({ min: -50, max: 50, noNaN: true })),
    sway: fc.double({ min: 0, max: 20, noNaN: true }),
  })
  .map(({ rate, x, y, speed: [vx, vy], sway }) =>
    walk(rate * 2, rate, t => [x + vx * t, y + vy * t + sway * Math.sin(3 * t)]),
  )

/** So many of them, picked evenly at random: fast-check's own picks favour the first and the last. */
function drawn<T>(from: readonly T[], count: number, seed: number): T[] {
  let state = seed
  const random = () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return state / 2 ** 32
  }
  return from
    .map(one => ({ one, at: random() }))
    .sort((a, b) => a.at - b.at)
    .slice(0, count)
    .map(({ one }) => one)
}

/** A fifth of what is short beside the frame, a tenth of what is long, and 8 pixels at least. */
function leastMargin(side: number): number {
  return Math.max(8, side <= 0.06 * size.width ? side / 5 : side / 10)
}

describe('whatever is sighted', () => {
  test('a plan covers every sighting of a chain, with the margin', () => {
    fc.assert(
      fc.property(anything, given => {
        for (const chain of link(given.frames, given.seconds, rules)) {
          const made = boxesOf(chain, given.seconds, size, rules)
          for (const one of chain) {
            const { x, y, w, h } = one.box
            const [dx, dy] = [leastMargin(w), leastMargin(h)]
            const visible = x + w > 0 && y + h > 0 && x < size.width && y < size.height
            const wide = { ...one, box: { x: x - dx, y: y - dy, w: w + 2 * dx, h: h + 2 * dy } }
            for (let frame = one.frame; visible && frame <= one.until!; frame++)
              expect(covered([made], { ...wide, frame })).toBe(true)
          }
        }
      }),
    )
  })

  test('a sighting belongs to one chain at most, and chains go forward in time', () => {
    fc.assert(
      fc.property(anything, ({ frames, seconds }) => {
        const chains = link(frames, seconds, rules)
        const boxes = chains.flat().map(one => one.box)
        expect(new Set(boxes).size).toBe(boxes.length)
        for (const chain of chains) {
          // Nor is anything elsewhere while it stands where it was seen.
          expect(chain.every((one, i) => i === 0 || one.frame > chain[i - 1]!.until!)).toBe(true)
          expect(chain.some(one => one.score * 1000 >= rules.startPerMille)).toBe(true)
        }
      }),
    )
  })

  test('a strong sighting that was sure is always covered', () => {
    fc.assert(
      fc.property(anything, given => {
        const tracks = plan(given)
        for (const one of given.frames.flat()) {
          const { x, y, w, h } = one.box
          const visible = x + w > 0 && y + h > 0 && x < size.width && y < size.height
          if (one.score < 0.8 || !visible) continue
          for (let frame = one.frame; frame <= one.until!; frame++)
            expect(covered(tracks, { ...one, frame })).toBe(true)
        }
      }),
    )
  })

  test('boxes lie in the frame, on even pixels or on its border, on rising frames', () => {
    fc.assert(
      fc.property(anything, given => {
        for (const { runs, unseen } of plan(given)) {
          let next = 0
          for (const [from, to, x, y, w, h] of runs) {
            expect(from).toBeGreaterThanOrEqual(next)
            expect(to).toBeGreaterThanOrEqual(from)
            next = to + 1
            expect([x % 2, y % 2]).toEqual([0, 0])
            expect((x + w) % 2 === 0 || x + w === size.width).toBe(true)
            expect((y + h) % 2 === 0 || y + h === size.height).toBe(true)
            expect(Math.min(x, y, w - 1, h - 1)).toBeGreaterThanOrEqual(0)
            expect(x + w <= size.width && y + h <= size.height).toBe(true)
          }
          expect(next).toBeLessThanOrEqual(given.frames.length)
          expect(unseen.every(([from, to]) => from <= to)).toBe(true)
        }
      }),
    )
  })

  test('the order in which the sightings of a frame come does not matter', () => {
    fc.assert(
      fc.property(anything, ({ frames, seconds }) => {
        const turned = frames.map(sightings => sightings.toReversed())
        expect(plan({ frames: turned, seconds })).toEqual(plan({ frames, seconds }))
      }),
    )
  })
})

describe('a thing in smooth motion', () => {
  test('stays covered when 60% of its sightings in the middle are lost', () => {
    fc.assert(
      fc.property(smooth, fc.integer({ min: 1 }), (given, seed) => {
        const middle = given.frames.slice(3, -3).flat()
        const lost = new Set(drawn(middle, Math.round(0.6 * middle.length), seed))
        const frames = given.frames.map(found => found.filter(one => !lost.has(one)))
        const tracks = plan({ frames, seconds: given.seconds })
        expect(tracks).toHaveLength(1)
        for (const one of given.frames.flat()) expect(covered(tracks, one)).toBe(true)
      }),
      { numRuns: 500 },
    )
  })

  test('has no box that lags behind it, when only every second to fifth frame was looked at', () => {
    fc.assert(
      fc.property(smooth, fc.integer({ min: 2, max: 5 }), (given, step) => {
        const looks = Uint8Array.from(given.frames, (_, n) => (n % step === 0 ? 1 : 0))
        const frames = given.frames.map((found, n) => (looks[n] ? found : []))
        const made = link(frames, given.seconds, rules, looks).map(chain => boxesOf(chain, given.seconds, size, rules))
        for (const one of given.frames.flat()) expect(covered(made, one)).toBe(true)
      }),
      // Seldom drawn, and once too far: the last frame, where nobody looked any more, of things that speed up.
      {
        examples: [
          [walk(30, 15, t => [320, 150 + 10.67 * t + 18.57 * Math.sin(3 * t)]), 5],
          [walk(30, 15, t => [400, 200 + 12.1 * t + 20 * Math.sin(3 * t)]), 5],
          [walk(30, 15, t => [690 + 150 * t, 200 + 50 * t + 20 * Math.sin(3 * t)]), 5],
        ],
      },
    )
  })

  const followedAs = (one: Sighting, box = one.box): Sighting => ({ ...one, box, score: 0.23, followed: true })

  test('is carried on from where it was followed to, and covered where the follower says nothing for a frame', () => {
    const { frames, seconds } = walk(60, 25, t => [300 + 200 * t, 300])
    const followedOn = (n: number) => (n >= 15 && n <= 30) || (n >= 40 && n <= 52)
    const seen = frames.map((found, n) => {
      if (n > 30 && n < 40) return found
      return followedOn(n) && n % 7 !== 0 ? found.map(one => followedAs(one)) : []
    })
    const tracks = plan({ frames: seen, seconds })
    expect(tracks).toHaveLength(1)
    expect([tracks[0]!.runs[0]![0], tracks[0]!.runs.at(-1)![1]]).toEqual([8, 59])
    for (let frame = 8; frame <= 59; frame++) expect(covered(tracks, frames[frame]![0]!)).toBe(true)
  })

  test('stays covered where it was seen until its cover ends, wherever a follower goes meanwhile', () => {
    // The first: 0.3 s at 10 frames a second is a little more in binary. The last: two seconds, so one frame.
    for (const [rate, until] of [
      [10, 13],
      [25, 17],
      [2, 11],
    ] as const) {
      const { frames, seconds } = walk(40, rate, () => [300, 300])
      const seen = frames.map((found, n) => {
        if (n <= 10) return found
        return n <= 17 ? found.map(one => followedAs(one, { ...one.box, x: one.box.x + 12 * (n - 10) })) : []
      })
      const tracks = plan({ frames: seen, seconds })
      expect(tracks).toHaveLength(1)
      for (let frame = 0; frame <= until; frame++) expect(covered(tracks, frames[frame]![0]!)).toBe(true)
      // There the follower alone is believed.
      expect(covered(tracks, { ...frames[20]![0]!, frame: until + 3 })).toBe(false)
    }
  })

  test('is followed as large as it was seen, when a detector saw only a part of it last', () => {
    const { frames, seconds } = walk(40, 25, () => [300, 300])
    const part = (one: Sighting): Sighting => ({ ...one, box: { ...one.box, h: 36 } })
    const seen = frames.map((found, n) => {
      if (n <= 9) return found
      return n <= 10 ? found.map(part) : n <= 20 ? found.map(one => followedAs(part(one))) : []
    })
    const tracks = plan({ frames: seen, seconds })
    for (let frame = 0; frame <= 19; frame++) expect(covered(tracks, frames[frame]![0]!)).toBe(true)
  })

  test.each([3, 4, 8, 10, 25])(
    'stays covered where each second look sees only a part of it, %i frames a second',
    rate => {
      const { frames, seconds } = walk(5 * rate, rate, () => [300, 300])
      const part = (one: Sighting): Sighting => ({ ...one, box: { ...one.box, y: one.box.y + 13, h: one.box.h - 26 } })
      const apart = Math.max(1, Math.round(rate / 8))
      const seen = frames.map((found, n) => (n % apart ? [] : n % (2 * apart) ? found.map(part) : found))
      const tracks = plan({ frames: seen, seconds })
      expect(frames.every(([one]) => covered(tracks, one!))).toBe(true)
    },
  )

  test('that stood still for long stays covered when a detector sees only a part of it next', () => {
    const { frames, seconds } = walk(60, 10, () => [300, 300])
    const part = (one: Sighting): Sighting => ({ ...one, box: { ...one.box, y: one.box.y + 13, h: one.box.h - 26 } })
    const seen = frames.map((found, n) => {
      if (n === 0) return found.map(one => ({ ...one, until: 19 }))
      return n === 20 ? found.map(part) : []
    })
    const tracks = plan({ frames: seen, seconds })
    for (let frame = 0; frame <= 20; frame++) expect(covered(tracks, frames[frame]![0]!)).toBe(true)
  })

  test('that stood still unseen is covered there, and counts as seen', () => {
    const { frames, seconds } = walk(50, 25, () => [400, 300])
    const once = frames.map((found, n) => (n === 5 ? found.map(one => ({ ...one, until: 30 })) : []))
    const looks = new Uint8Array(50)
    looks[5] = 1
    const [chain] = link(once, seconds, rules, looks)
    const { runs, unseen } = boxesOf(chain!, seconds, size, rules)
    expect([runs[0]![0], runs.at(-1)![1]]).toEqual([0, 37])
    expect(unseen).toEqual([
      [0, 4],
      [31, 37],
    ])
  })

  test('that stood still longer than what was last linked to it is covered to its own end', () => {
    const { frames, seconds } = walk(100, 25, () => [400, 300])
    const [first, beside] = [frames[0]![0]!, frames[10]![0]!]
    const seen = frames.map((): Sighting[] => [])
    seen[0] = [{ ...first, until: 50 }]
    seen[10] = [{ ...beside, box: { ...beside.box, x: beside.box.x + 48 } }]
    const tracks = plan({ frames: seen, seconds })
    for (let frame = 0; frame <= 57; frame++) expect(covered(tracks, { ...first, frame })).toBe(true)
    expect(covered(tracks, { ...first, frame: 58 })).toBe(false)
  })

  test('goes on where it went after it stood, whatever else was seen beside it meanwhile', () => {
    const { frames, seconds } = walk(160, 25, t => [300 + 90 * Math.max(0, t - 3.2), 300])
    const beside = { x: 310, y: 310, w: 60, h: 60 }
    const seen = frames.map((found, n): Sighting[] => {
      if (n === 0) return found.map(one => ({ ...one, until: 79 }))
      if (n === 25) return found.map(one => ({ ...one, score: 0.3, box: beside }))
      return n >= 80 && n <= 105 ? found.map(one => followedAs(one)) : []
    })
    const tracks = plan({ frames: seen, seconds })
    for (let frame = 0; frame <= 105; frame++) expect(covered(tracks, frames[frame]![0]!)).toBe(true)
  })

  test('is bridged and carried on as ever when it passes what stands', () => {
    const { frames, seconds } = walk(100, 50, t => [250 + 430 * (t - 0.2), 340])
    const parked = { frame: 0, until: 99, seconds: 0, score: 0.95, box: { x: 270, y: 280, w: 60, h: 60 } }
    const seen = frames.map((found, n): Sighting[] => (n % 5 === 0 && n >= 10 && n <= 60 ? found : []))
    seen[0] = [parked]
    const tracks = plan({ frames: seen, seconds })
    for (let frame = 10; frame <= 60; frame++) expect(covered(tracks, frames[frame]![0]!)).toBe(true)
    for (let frame = 61; frame <= 75; frame++) expect(covered(tracks, { ...frames[60]![0]!, frame })).toBe(true)
    for (let frame = 0; frame <= 99; frame++) expect(covered(tracks, { ...parked, frame })).toBe(true)
  })

  test('that stands still is believed by the looks at all of the frame, however often others look elsewhere', () => {
    const { frames, seconds } = walk(60, 25, () => [400, 300], 60, 0.6)
    const looks = Uint8Array.from(seconds, (_, n) =>
      n % 20 === 0 ? lookedAt.whole : n % 3 === 0 ? lookedAt.part : lookedAt.nothing,
    )
    const seen = frames.map((found, n) => (n % 20 === 0 ? found.map(one => ({ ...one, until: n + 19 })) : []))
    expect(link(seen, seconds, rules, looks)).toHaveLength(1)
  })

  test('that is hardly believed must be seen five times, or in half of the looks', () => {
    const { frames, seconds } = walk(40, 25, () => [400, 300], 60, 0.6)
    const looks = Uint8Array.from(seconds, (_, n) => (n % 3 === 0 ? lookedAt.whole : lookedAt.nothing))
    const seenOn = (...numbers: number[]) => frames.map((found, n) => (numbers.includes(n) ? found : []))
    expect(link(seenOn(3, 15, 27, 36), seconds, rules, looks)).toHaveLength(0)
    expect(link(seenOn(3, 12, 21, 30, 36), seconds, rules, looks)).toHaveLength(1)
    expect(link(seenOn(3, 9, 12, 15), seconds, rules, looks)).toHaveLength(1)
  })

  test('that is small is believed by the fine looks: coarse ones cannot see it', () => {
    const { frames, seconds } = walk(100, 25, t => [200 + 20 * t, 300], 27, 0.6)
    const [coarsely, finely] = [lookedAt.whole, lookedAt.whole | lookedAt.wholeFinely]
    const looks = Uint8Array.from(seconds, (_, n) =>
      n % 75 === 0 ? finely : n % 20 === 0 ? coarsely : lookedAt.nothing,
    )
    const seen = (small: boolean, at: (n: number) => boolean) =>
      frames.map((found, n) =>
        found.map((one): Sighting => ({ ...one, ...(small && { finely: true }), ...(!at(n) && { followed: true }) })),
      )
    const byFine = (n: number) => n % 75 === 0
    expect(link(seen(true, byFine), seconds, rules, looks)).toHaveLength(1)
    expect(link(seen(false, byFine), seconds, rules, looks)).toHaveLength(0)
    // Where coarse looks saw it, those that did not count.
    const byCoarse = (n: number) => n === 20 || n === 40
    expect(link(seen(true, byCoarse), seconds, rules, looks)).toHaveLength(0)
    // A fine look that did not see it counts against it.
    const looksMore = looks.map((flags, n) => (n % 20 === 0 ? finely : flags))
    expect(link(seen(true, byFine), seconds, rules, looksMore)).toHaveLength(0)
  })

  test('is believed by all looks of a short scene, though it was followed where nobody looked', () => {
    for (const kind of [lookedAt.whole, lookedAt.part]) {
      const { frames, seconds } = walk(16, 25, () => [400, 300], 60, 0.6)
      const looks = Uint8Array.from(seconds, (_, n) => (n % 4 === 0 ? kind : lookedAt.nothing))
      const seen = frames.map((found, n) =>
        n % 4 === 0 ? found : found.map(one => ({ ...one, followed: true as const })),
      )
      expect(link(seen, seconds, rules, looks)).toHaveLength(1)
      const seenOnce = seen.map((found, n) =>
        n === 0 ? found : found.map(one => ({ ...one, followed: true as const })),
      )
      expect(link(seenOnce, seconds, rules, looks)).toHaveLength(0)
    }
  })

  test('stays covered where a detector sees only a part of it for a moment', () => {
    const { frames, seconds } = walk(50, 25, () => [300, 300])
    const parts = frames.map((found, n) => {
      if (n % 5 > 0) return []
      const whole = found.map(one => ({ ...one, until: n + 4 }))
      return n % 2 ? whole.map(one => ({ ...one, box: { ...one.box, x: one.box.x + 12, w: 36 } })) : whole
    })
    const tracks = plan({ frames: parts, seconds })
    for (const one of frames.flat()) expect(covered(tracks, one)).toBe(true)
  })

  test('is one track over a second’s gap after it stood still, and none over a longer one', () => {
    for (const [gap, tracks] of [
      [24, 1],
      [40, 2],
    ] as const) {
      const { frames, seconds } = walk(100, 25, () => [400, 300])
      const held = frames.map((found, n) => {
        if (n === 5) return found.map(one => ({ ...one, until: 30 }))
        return n >= 30 + gap ? found : []
      })
      expect(plan({ frames: held, seconds })).toHaveLength(tracks)
    }
  })

  test('is no evidence where it was only followed, and is followed all the same where it was seen', () => {
    const { frames, seconds } = walk(50, 25, t => [300 + 100 * t, 300], 60, 0.55)
    const followed = frames.map((found, n) =>
      found.map(one => (n === 20 ? one : { ...one, score: 0.3, followed: true as const })),
    )
    expect(plan({ frames: followed, seconds })).toEqual([])
    const seen = followed.map((found, n) =>
      n % 5 === 0 ? found.map(({ followed: _, ...one }) => ({ ...one, score: 0.55 })) : found,
    )
    const [track, ...others] = plan({ frames: seen, seconds })
    expect(others).toEqual([])
    for (const one of frames.flat()) expect(covered([track!], one)).toBe(true)
  })

  test('is one track through a stretch of weak sightings and a gap of a second, which the plan marks', () => {
    const { frames, seconds } = walk(75, 25, t => [300 + 100 * t, 300])
    const faded = frames.map((found, n) => (n >= 20 && n < 30 ? found.map(one => ({ ...one, score: 0.32 })) : found))
    const gone = faded.map((found, n) => (n >= 30 && n < 54 ? [] : found))
    const tracks = plan({ frames: gone, seconds })
    expect(tracks).toHaveLength(1)
    expect(tracks[0]!.unseen).toEqual([[30, 53]])
    for (const one of frames.flat()) expect(covered(tracks, one)).toBe(true)
  })

  test('is found backwards in time: weak sightings before the first strong one are its own', () => {
    const { frames, seconds } = walk(50, 25, t => [300 + 100 * t, 300])
    const dawning = frames.map((found, n) => (n < 20 ? found.map(one => ({ ...one, score: 0.35 })) : found))
    const [track] = plan({ frames: dawning, seconds })
    expect(track!.runs[0]![0]).toBe(0)
    expect(track!.unseen).toEqual([])
  })

  test('stays covered for 0.3 s after it was last seen, by the clock and not by the count', () => {
    for (const rate of [10, 20, 50]) {
      const { frames, seconds } = walk(rate * 2, rate, () => [400, 300])
      const gone = frames.map((found, n) => (n < rate ? found : []))
      const [track] = plan({ frames: gone, seconds })
      expect(track!.runs.at(-1)![1]).toBe(rate - 1 + 0.3 * rate)
    }
  })
})

describe('time', () => {
  test('at one frame a second a single sighting is covered, and held for a frame', () => {
    const { frames, seconds } = walk(6, 1, () => [400, 300], 60, 0.55)
    const once = frames.map((found, n) => (n === 2 ? found : []))
    const tracks = plan({ frames: once, seconds })
    expect(tracks.map(({ unseen }) => unseen)).toEqual([
      [
        [1, 1],
        [3, 3],
      ],
    ])
  })

  test('at 25 frames a second a single weak sighting is chance', () => {
    const { frames, seconds } = walk(50, 25, () => [400, 300], 60, 0.55)
    expect(plan({ frames: frames.map((found, n) => (n === 20 ? found : [])), seconds })).toEqual([])
  })

  test('a clip of one frame covers what is on it', () => {
    const one = walk(1, 25, () => [400, 300], 60, 0.55)
    expect(covered(plan(one), one.frames[0]![0]!)).toBe(true)
  })

  test('a frame rate that changes changes nothing', () => {
    const seconds = Array.from({ length: 60 }, (_, n) => (n < 30 ? n / 30 : 1 + (n - 30) / 10))
    const frames = seconds.map((t, frame) => [
      { frame, seconds: t, score: 0.9, box: { x: 200 + 120 * t, y: 300, w: 60, h: 60 } },
    ])
    const thinned = frames.map((found, n) => (n % 3 === 0 ? found : []))
    const tracks = plan({ frames: thinned, seconds })
    expect(tracks).toHaveLength(1)
    for (const one of frames.flat().slice(0, 58)) expect(covered(tracks, one)).toBe(true)
  })
})

test('two things that pass each other stay two', () => {
  const left = walk(50, 25, t => [300 + 200 * t, 300])
  const right = walk(50, 25, t => [700 - 200 * t, 380])
  const frames = left.frames.map((found, n) => [...found, ...right.frames[n]!])
  expect(plan({ frames, seconds: left.seconds })).toHaveLength(2)
})

describe('the margin of a cover', () => {
  const evenPixels = 2
  const marginOf = (side: number) => {
    const { frames, seconds } = walk(3, 25, () => [640, 360], side)
    const [one] = plan({ frames, seconds })
    return (one!.runs[0]![4] - side) / 2
  }

  test('is a fifth of a short side, a tenth of a long one, never less for a longer one, and 8 pixels at least', () => {
    const isAbout = (side: number, wanted: number) =>
      expect(Math.abs(marginOf(side) - wanted)).toBeLessThanOrEqual(evenPixels)
    for (const side of [10, 30, 40]) isAbout(side, 8)
    for (const side of [60, 76]) isAbout(side, side / 5)
    for (const side of [214, 300, 500]) isAbout(side, side / 10)
    let most = 0
    for (let side = 10; side < 600; side += 4) {
      most = Math.max(most, marginOf(side))
      expect(marginOf(side)).toBeGreaterThanOrEqual(most - evenPixels)
    }
  })

  test('of what is bare is none', () => {
    const { frames, seconds } = walk(3, 25, () => [640, 360], 60)
    const [chain] = link(frames, seconds, rules)
    const { runs } = boxesOf(chain!, seconds, size, rules, undefined, true)
    expect(runs).toEqual([[0, 2, 610, 330, 60, 60]])
  })
})

test('what is a few pixels wide is covered like anything else', () => {
  const { frames, seconds } = walk(50, 25, () => [400, 300], 5)
  const tracks = plan({ frames, seconds })
  for (const one of frames.flat()) expect(covered(tracks, one)).toBe(true)
})
