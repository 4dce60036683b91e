import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { watchChanges } from '../../service/redaction/changes.ts'
import type { Finding, Look } from '../../service/redaction/detector.ts'
import { type Followed, follow, type Luma } from '../../service/redaction/follow.ts'
import { layoutFor, wholeOf } from '../../service/redaction/layout.ts'
import { followRules, pursue } from '../../service/redaction/pursue.ts'

const layout = layoutFor(640, 360)
const side = 24

/** Six by six squares of tones in no order. */
const tones = Uint8Array.from({ length: 36 }, (_, i) => (Math.imul(i + 1, 2654435761) >>> 7) % 220)

/** A ground of waves, and on it a thing of its own pattern with its corner at x, y. */
function scene(x: number, y: number, shown = true, size = side): Luma {
  const bytes = Uint8Array.from(
    { length: layout.width * layout.height },
    (_, i) => 100 + 40 * Math.sin((i % layout.width) / 19) * Math.cos(Math.floor(i / layout.width) / 13),
  )
  if (shown) {
    for (let row = 0; row < size; row++)
      for (let column = 0; column < size; column++)
        bytes[(y + row) * layout.width + x + column] =
          tones[Math.floor((6 * row) / size) * 6 + Math.floor((6 * column) / size)]!
  }
  return { ...layout, bytes }
}

function boxAt(x: number, y: number) {
  return { x: x / layout.width, y: y / layout.height, w: side / layout.width, h: side / layout.height }
}

const face = (x: number, y: number, score = 0.9): Finding => ({ class: 'face', score, box: boxAt(x, y) })
const whole: Look = { scale: 'fine', region: { x: 0, y: 0, w: layout.width * 2, h: layout.height * 2 } }

/** Shows the frames one after another, 25 a second; on those that `seen` names, a look finds what it names. */
function run(
  places: readonly { x: number; y: number; shown?: boolean }[],
  seen: Record<number, Finding[]>,
  look: Look = whole,
) {
  const watch = watchChanges(layout)
  const pursuing = pursue(layout, watch)
  places.forEach(({ x, y, shown }, frame) => {
    const luma = scene(x, y, shown)
    const changes = watch.compare(luma.bytes)
    const looks = seen[frame] ? [look] : []
    if (seen[frame]) watch.seen(luma.bytes, wholeOf(layout))
    pursuing.take({ seconds: frame / 25, luma, changes, looks, findings: seen[frame] ?? [] })
  })
  return pursuing.frames
}

describe('a follower', () => {
  test('finds what moved, within a pixel', () => {
    const step = fc.integer({ min: -12, max: 12 })
    fc.assert(
      fc.property(fc.integer({ min: 60, max: 500 }), fc.integer({ min: 60, max: 250 }), step, step, (x, y, dx, dy) => {
        const at = { box: { x, y, w: side, h: side }, dx: 0, dy: 0 }
        const next = follow(scene(x, y), scene(x + dx, y + dy), at)
        expect(Math.abs(next!.dx - dx)).toBeLessThanOrEqual(1)
        expect(Math.abs(next!.dy - dy)).toBeLessThanOrEqual(1)
      }),
    )
  })

  test('finds a face of four pixels by what is around it', () => {
    const step = fc.integer({ min: -3, max: 3 })
    const [across, down] = [fc.integer({ min: 4, max: 630 }), fc.integer({ min: 4, max: 340 })]
    fc.assert(
      fc.property(across, down, step, step, (x, y, dx, dy) => {
        const at = { box: { x, y, w: 4, h: 4 }, dx: 0, dy: 0 }
        const next = follow(scene(x, y, true, 4), scene(x + dx, y + dy, true, 4), at)
        expect(Math.abs(next!.box.x - x - dx)).toBeLessThan(0.1)
        expect(Math.abs(next!.box.y - y - dy)).toBeLessThan(0.1)
      }),
    )
  })

  test('lets go of a face of four pixels that leaves the picture, and does not hold on to what it passed', () => {
    const { width, height } = layout
    const rough = { width, height, bytes: Uint8Array.from({ length: width * height }, (_, i) => tones[(i * 31) % 36]!) }
    expect(follow(rough, rough, { box: { x: 0, y: 100, w: 4, h: 4 }, dx: -1, dy: 0 })).toBeDefined()
    expect(follow(rough, rough, { box: { x: -1, y: 100, w: 4, h: 4 }, dx: -1, dy: 0 })).toBeUndefined()
  })

  /** Smooth noise, each bump so many pixels wide. */
  function noise(u: number, v: number, bump: number): number {
    const tone = (i: number, j: number) => ((Math.imul(i * 7919 + j * 104729 + 1, 2654435761) >>> 9) % 1000) / 1000
    const [i, j] = [Math.floor(u / bump), Math.floor(v / bump)]
    const ease = (t: number) => t * t * (3 - 2 * t)
    const [a, b] = [ease(u / bump - i), ease(v / bump - j)]
    return (
      (tone(i, j) * (1 - a) + tone(i + 1, j) * a) * (1 - b) + (tone(i, j + 1) * (1 - a) + tone(i + 1, j + 1) * a) * b
    )
  }

  /** On a ground of its own a thing whose sides may lie between two pixels. */
  function soft(left: number, top: number, w: number, h: number): Luma {
    const share = (at: number, from: number, length: number) =>
      Math.max(0, Math.min(at + 1, from + length) - Math.max(at, from))
    const bytes = Uint8Array.from(ground)
    for (let y = Math.floor(top); y < top + h; y++) {
      for (let x = Math.floor(left); x < left + w; x++) {
        const [part, at] = [share(x, left, w) * share(y, top, h), y * layout.width + x]
        bytes[at] = Math.round(
          bytes[at]! * (1 - part) + part * (60 + 140 * noise(x - left + 500, y - top + 500, h / 4)),
        )
      }
    }
    return { ...layout, bytes }
  }
  const ground = Uint8Array.from(
    { length: layout.width * layout.height },
    (_, i) => 70 + 80 * noise(i % layout.width, Math.floor(i / layout.width), 23),
  )

  test.each([6, 8, 12, 20])('stays where something of %i px stands', size => {
    let followed: Followed | undefined = { box: { x: 280, y: 150, w: size, h: size }, dx: 0, dy: 0 }
    const picture = soft(280, 150, size, size)
    for (let n = 0; n < 60 && followed; n++) followed = follow(picture, picture, followed)
    expect(followed!.box).toEqual({ x: 280, y: 150, w: size, h: size })
  })

  test.each([
    [10, 25, 20, 20],
    [-12, 30, 20, 20],
    [24, 60, 20, 20],
    [36, 60, 20, 20],
    [50, 120, 20, 20],
    [60, 25, 100, 21],
    [-60, 25, 200, 42],
  ])('goes along at %i px a second and %i frames, with what is %i by %i px', (speed, rate, w, h) => {
    const at = (n: number) => 280 + (speed * n) / rate
    let followed: Followed | undefined = { box: { x: at(0), y: 150, w, h }, dx: 0, dy: 0 }
    for (let n = 1; n <= rate && followed; n++) {
      followed = follow(soft(at(n - 1), 150, w, h), soft(at(n), 150, w, h), followed)
    }
    expect(Math.abs(followed!.box.x - at(rate))).toBeLessThan(Math.abs(speed) / 5)
    expect(Math.abs(followed!.box.y - 150)).toBeLessThan(h / 8)
  })

  test('says so when it is gone, and where there is nothing to hold on to', () => {
    const at = { box: { x: 200, y: 100, w: side, h: side }, dx: 0, dy: 0 }
    expect(
      follow(scene(200, 100), { ...layout, bytes: new Uint8Array(layout.width * layout.height).fill(90) }, at),
    ).toBeUndefined()
    const plain = { ...layout, bytes: new Uint8Array(layout.width * layout.height).fill(90) }
    expect(follow(plain, plain, at)).toBeUndefined()
    expect(
      follow(scene(200, 100), scene(200, 100), { ...at, box: { x: 630, y: 100, w: side, h: side } }),
    ).toBeUndefined()
  })
})

describe('a finding', () => {
  test('stands, unseen again, for as long as the picture under it stays', () => {
    const frames = run(Array(10).fill({ x: 200, y: 100 }), { 0: [face(200, 100)] })
    expect(frames[0]).toEqual([{ ...face(200, 100), until: 9 }])
    expect(frames.slice(1).flat()).toEqual([])
  })

  test('that stands unchanged is as large as it was when a look sees a part of it', () => {
    const still = Array(8).fill({ x: 200, y: 100 })
    const upper = { ...face(200, 100), box: { ...boxAt(200, 100), h: 12 / layout.height } }
    const frames = run(still, { 0: [face(200, 100)], 4: [upper] })
    const near = Object.entries(boxAt(200, 100)).map(([side, value]) => [side, expect.closeTo(value, 9)])
    expect(frames[4]).toEqual([{ ...upper, box: Object.fromEntries(near), until: 7 }])
    // Two parts may be two things.
    const lower = { ...upper, box: { ...upper.box, y: 111 / layout.height, h: 13 / layout.height } }
    const two = run(still, { 0: [face(200, 100)], 4: [upper, lower] })
    expect(two[4]!.map(({ box }) => Math.round(box.h * layout.height))).toEqual([12, 13])
    // What moved is as large as it is seen: of what it was nothing is known.
    const moves = [...still.slice(0, 4), ...Array(4).fill({ x: 203, y: 100 })]
    const part = { ...upper, box: { ...upper.box, x: 203 / layout.width } }
    expect(run(moves, { 0: [face(200, 100)], 4: [part] })[4]).toEqual([{ ...part, until: 7, finely: true }])
  })

  test('says so if it is so small that a coarse look may miss it', () => {
    const small = { ...face(200, 100), box: { ...boxAt(200, 100), h: 10 / layout.height } }
    const long = { ...small, box: { ...small.box, w: 60 / layout.width } }
    const frames = run([{ x: 200, y: 100 }], { 0: [small] })
    expect(frames[0]).toEqual([{ ...small, until: 0, finely: true }])
    expect(run([{ x: 200, y: 100 }], { 0: [long] })[0]).toEqual([{ ...long, until: 0 }])
  })

  test('is taken back by the second look that would show it and does not: one may miss it', () => {
    const still = Array(12).fill({ x: 200, y: 100 })
    expect(run(still, { 0: [face(200, 100)], 4: [] })[0]![0]!.until).toBe(11)
    expect(run(still, { 0: [face(200, 100)], 4: [], 8: [] })[0]![0]!.until).toBe(7)
  })

  test('that is large is not taken back by fine looks, which leave it to coarse ones', () => {
    const still = Array(12).fill({ x: 200, y: 100 })
    const large = { ...face(200, 100), box: { ...boxAt(180, 80), w: 60 / layout.width, h: 60 / layout.height } }
    const seen = { 0: [large], 4: [], 8: [] }
    expect(run(still, seen)[0]![0]!.until).toBe(11)
    expect(run(still, seen, { scale: 'coarse', region: wholeOf(layout) })[0]![0]!.until).toBe(7)
  })

  test('is followed from where a look saw it, forward when it moves on and back to where it came from', () => {
    const places = Array.from({ length: 20 }, (_, n) => ({ x: 100 + 6 * n, y: 100 + 2 * n }))
    const frames = run(places, { 10: [face(160, 120)] })
    for (const [frame, { x, y }] of places.entries()) {
      if (frame === 10) continue
      const [found, ...others] = frames[frame]!
      expect(others).toEqual([])
      expect(found).toMatchObject({ class: 'face', until: frame, followed: true })
      expect(Math.abs(found!.box.x * layout.width - x)).toBeLessThanOrEqual(2)
      expect(Math.abs(found!.box.y * layout.height - y)).toBeLessThanOrEqual(2)
    }
  })

  test('is followed no longer than the rules say, and not at all once it is out of sight', () => {
    const places = Array.from({ length: 60 }, (_, n) => ({ x: 50 + 4 * n, y: 100, shown: n < 50 }))
    const frames = run(places, { 0: [face(50, 100)] })
    const last = frames.findLastIndex(found => found.length > 0)
    expect(last).toBe((followRules.followMs / 1000) * 25)
    const gone = run(
      places.map((one, n) => ({ ...one, shown: n < 10 })),
      { 0: [face(50, 100)] },
    )
    expect(gone.findLastIndex(found => found.length > 0)).toBeLessThan(12)
  })

  test('that is found again replaces what followed it', () => {
    const places = Array.from({ length: 9 }, (_, n) => ({ x: 100 + 6 * n, y: 100 }))
    const frames = run(places, { 0: [face(100, 100)], 4: [face(124, 100)], 8: [face(148, 100)] })
    for (const found of frames) expect(found).toHaveLength(1)
    expect(frames[4]![0]).not.toHaveProperty('followed')
  })

  test('does not go on over a cut', () => {
    const watch = watchChanges(layout)
    const pursuing = pursue(layout, watch)
    const luma = scene(200, 100)
    const frame = { luma, changes: new Uint8Array(watch.across * watch.down), looks: [], findings: [] }
    pursuing.take({ ...frame, seconds: 0, looks: [whole], findings: [face(200, 100)] })
    pursuing.cut()
    pursuing.take({ ...frame, seconds: 0.04 })
    expect(pursuing.frames.map(found => found.map(one => one.until))).toEqual([[0], []])
  })
})
