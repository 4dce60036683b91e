import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { blockSide, changedUnder, watchChanges } from '../../service/redaction/changes.ts'
import { gistOf, isCut, watchCuts } from '../../service/redaction/cuts.ts'
import { afar, fineness, layoutFor, paneOver, squaresOver, wholeOf } from '../../service/redaction/layout.ts'
import { flagsOf, lookedAt, lookRules, planLooks } from '../../service/redaction/looks.ts'
import {
  copyWindow,
  halvedLuma,
  planeOf,
  releaseViews,
  sampleWindow,
  viewFromAfar,
  viewOf,
} from '../../service/redaction/planes.ts'

const layout = layoutFor(1920, 1080)
const [across, down] = [layout.width / blockSide, layout.height / blockSide]
const nothing = () => new Uint8Array(across * down)

/** A plane of mild texture, with the same noise for the same seed. */
function plane(seed = 0, noise = 0): Uint8Array {
  return Uint8Array.from({ length: layout.width * layout.height }, (_, i) => {
    const [x, y] = [i % layout.width, Math.floor(i / layout.width)]
    return 90 + 60 * Math.sin(x / 23) * Math.cos(y / 17) + noise * ((((i + 1) * (2 * seed + 1) * 7919) % 7) - 3)
  })
}

test('a frame is flagged by how much of it was looked at, coarsely and finely', () => {
  const whole = wholeOf(layout)
  const [part, twice] = [
    { x: 0, y: 0, w: 192, h: 192 },
    { x: 0, y: 0, w: 2 * whole.w, h: 2 * whole.h },
  ]
  expect(flagsOf([], layout)).toBe(lookedAt.nothing)
  expect(flagsOf([{ scale: 'coarse', region: whole }], layout)).toBe(lookedAt.whole)
  expect(
    flagsOf(
      [
        { scale: 'coarse', region: part },
        { scale: 'fine', region: twice },
      ],
      layout,
    ),
  ).toBe(lookedAt.part | lookedAt.wholeFinely)
  // As large as the whole coarse picture, and a quarter of the fine one.
  expect(flagsOf([{ scale: 'fine', region: whole }], layout)).toBe(lookedAt.partFinely)
})

describe('what changed', () => {
  test('is everything at first, and then nothing while a picture shows only noise', () => {
    const watch = watchChanges(layout)
    const first = watch.compare(plane())
    expect(first.every(change => change === 1)).toBe(true)
    watch.seen(plane(), wholeOf(layout))
    for (const seed of [1, 2, 4]) expect(watch.compare(plane(seed, 1)).some(Boolean)).toBe(false)
  })

  test('is where something small came, however slowly: it is compared with what was last looked at', () => {
    const watch = watchChanges(layout)
    watch.seen(plane(), wholeOf(layout))
    const dawning = [1, 2, 4, 8, 16].map(strength => {
      const luma = plane()
      for (let y = 100; y < 112; y++) for (let x = 200; x < 212; x++) luma[y * layout.width + x]! += strength
      return watch.compare(luma).some(Boolean)
    })
    expect(dawning.at(-1)).toBe(true)
    expect(dawning[0]).toBe(false)
    const box = { x: 200 / layout.width, y: 100 / layout.height, w: 12 / layout.width, h: 12 / layout.height }
    const luma = plane()
    for (let y = 100; y < 112; y++) for (let x = 200; x < 212; x++) luma[y * layout.width + x] = 255
    const changes = watch.compare(luma)
    expect(changedUnder(changes, watch, box)).toBe(true)
    expect(changedUnder(changes, watch, { ...box, x: 0.8 })).toBe(false)
  })

  test('a box beyond the border has nothing under it that could change', () => {
    const all = nothing().fill(1)
    expect(changedUnder(all, { across, down }, { x: 1.1, y: 0.2, w: 0.1, h: 0.1 })).toBe(false)
    expect(changedUnder(all, { across, down }, { x: -0.05, y: 0.2, w: 0.1, h: 0.1 })).toBe(true)
  })
})

test('the coarse luma is the rounded mean of four, for every tone', () => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 16 * 8 * 1.5, maxLength: 16 * 8 * 1.5 }), planes => {
      const luma = halvedLuma({ width: 16, height: 8, planes: Uint8Array.from(planes) })
      expect(luma).toHaveLength(32)
      for (let i = 0; i < 32; i++) {
        const at = 32 * Math.floor(i / 8) + 2 * (i % 8)
        const sum = planes[at]! + planes[at + 1]! + planes[at + 16]! + planes[at + 17]!
        expect(luma[i]).toBe((sum + 2) >> 2)
      }
    }),
    { examples: [[new Uint8Array(192).fill(255)], [new Uint8Array(192).fill(0)]] },
  )
})

test('the coarse view shows each pixel as the mean of the four that it stands for', () => {
  const [width, height] = [64, 32]
  // Each two by two of one tone, its own chroma beside it: nothing is lost by looking coarsely.
  const tone = (x: number, y: number) => 30 + ((x * 7 + y * 13) % 180)
  const luma = Uint8Array.from({ length: width * height }, (_, i) => tone((i % width) >> 1, Math.floor(i / width) >> 1))
  const chroma = Uint8Array.from({ length: (width * height) / 2 }, (_, i) => 110 + ((i * 5) % 40))
  const picture = { width, height, planes: Uint8Array.of(...luma, ...chroma), matrix: 'bt601', looks: [] } as const
  const [fine, coarse] = [viewOf(picture, 'fine'), viewOf(picture, 'coarse')]
  expect(coarse).toMatchObject({ width: 32, height: 16 })
  for (let plane = 0; plane < 3; plane++) {
    for (let y = 0; y < 16; y++)
      for (let x = 0; x < 32; x++)
        expect(coarse.planes[plane * 512 + y * 32 + x]).toBe(fine.planes[plane * 2048 + 2 * y * 64 + 2 * x])
  }
})

test('the view from afar shows each pixel as the mean of four of the coarse view, and its edge all around', () => {
  const [width, height] = [256, 128]
  const planes = Uint8Array.from({ length: (width * height * 3) / 2 }, (_, i) => 20 + ((i * 7919) % 200))
  const picture = { width, height, planes, matrix: 'bt709', looks: [] } as const
  const coarse = viewOf(picture, 'coarse')
  const { width: across, height: down, region, planes: seen } = viewFromAfar(picture)
  expect([across, down]).toEqual([64, 32])
  expect(region).toEqual({ x: -16, y: -16, w: 96, h: 64 })
  for (let plane = 0; plane < 3; plane++) {
    for (let y = -16; y < 48; y++) {
      for (let x = -16; x < 80; x++) {
        const [column, row] = [Math.min(63, Math.max(0, x)), Math.min(31, Math.max(0, y))]
        const from = plane * 128 * 64 + 2 * row * 128 + 2 * column
        const four = [from, from + 1, from + 128, from + 129].map(at => coarse.planes[at]!)
        expect(seen[plane * 96 * 64 + (y + 16) * 96 + x + 16]).toBe(four.reduce((a, b) => a + b) / 4)
      }
    }
  }
})

test('of a part of the frame the view from afar holds a part, and shows there what the whole one shows', () => {
  const [width, height] = [1280, 704]
  const planes = Uint8Array.from({ length: (width * height * 3) / 2 }, (_, i) => 20 + ((i * 7919) % 200))
  const picture = { width, height, planes, matrix: 'bt709', looks: [] } as const
  const all = viewFromAfar(picture)
  for (const [part, region] of [
    [
      { x: 0, y: 160, w: 192, h: 192 },
      { x: -32, y: 24, w: 160, h: 192 },
    ],
    [
      { x: 384, y: 0, w: 192, h: 96 },
      { x: 160, y: -40, w: 160, h: 128 },
    ],
    [wholeOf({ width: 640, height: 352 }), all.region!],
  ] as const) {
    const view = viewFromAfar(picture, part)
    expect(view).toMatchObject({ width: 320, height: 176, region })
    for (let plane = 0; plane < 3; plane++)
      for (let y = 0; y < region.h; y++)
        for (let x = 0; x < region.w; x++) {
          const [column, row] = [region.x + x - all.region!.x, region.y + y - all.region!.y]
          const at = (plane * all.region!.h + row) * all.region!.w + column
          if (view.planes[(plane * region.h + y) * region.w + x] !== all.planes[at])
            throw new Error(`${plane} ${x} ${y}`)
        }
  }
})

test('however much room there is, a part at the border has all of it', () => {
  const coarse = layoutFor(1920, 1080)
  const all = afar(coarse, 300).window
  expect(all).toEqual({ x: -96, y: -104, w: 512, h: 384 })
  const { window } = afar(coarse, 300, { x: 0, y: coarse.height - 96, w: 96, h: 96 })
  expect([window.x, window.y + window.h]).toEqual([all.x, all.y + all.h])
  expect(window.w * window.h).toBeLessThan(all.w * all.h)
})

test.for([
  [1920, 1080],
  [360, 640],
  [500, 500],
  [3000, 400],
] as const)(
  'a frame of %dx%d has a tenth of its long side around it from afar, or of 2.5 short ones, and little more',
  ([width, height]) => {
    const coarse = layoutFor(width, height)
    const { size, window } = afar(coarse, lookRules.afarRoomPerMille)
    expect([size.width * 2, size.height * 2]).toEqual([coarse.width, coarse.height])
    const [short, long] = [Math.min(size.width, size.height), Math.max(size.width, size.height)]
    const room = Math.min(long, 2.5 * short) / 10
    for (const [from, length, sides] of [
      [window.x, window.w, size.width],
      [window.y, window.h, size.height],
    ] as const) {
      expect([length % 32, Number.isInteger(from)]).toEqual([0, true])
      expect(-from).toBeGreaterThanOrEqual(room)
      expect(from + length - sides).toBeGreaterThanOrEqual(room)
      expect(length - sides).toBeLessThan(2 * room + 32)
    }
  },
)

test('a window of a part of the picture holds what it holds in all of it', () => {
  const [width, height] = [128, 64]
  const planes = Uint8Array.from({ length: (width * height * 3) / 2 }, (_, i) => (i * 37) % 220)
  const picture = { width, height, planes, matrix: 'bt709', looks: [] } as const
  const window = { x: 64, y: 32, w: 32, h: 32 }
  const [whole, part] = [undefined, { x: 32, y: 32, w: 96, h: 32 }].map(region => {
    const [copied, sampled] = [new Float32Array(32 * 32), new Float32Array(8 * 8)]
    copyWindow(viewOf(picture, 'fine', region), planeOf.blue, window, copied)
    sampleWindow(viewOf(picture, 'fine', region), planeOf.red, window, sampled, 8)
    return { copied, sampled }
  })
  expect(part).toEqual(whole)
})

test('a picture that is shown in the planes of one before it shows nothing of that one', () => {
  const pictureOf = (tone: number, width = 64, height = 32) => {
    const planes = Uint8Array.from({ length: (width * height * 3) / 2 }, (_, i) => 16 + ((i * tone) % 200))
    return { width, height, planes, matrix: 'bt601', looks: [] } as const
  }
  const region = { x: 8, y: 4, w: 24, h: 12 }
  const viewsOf = (picture: ReturnType<typeof pictureOf>) =>
    [viewOf(picture, 'fine'), viewOf(picture, 'coarse'), viewOf(picture, 'fine', region), viewFromAfar(picture)].map(
      ({ planes }) => planes,
    )
  const copied = (views: Float32Array[]) => views.map(planes => planes.slice())
  const [wanted, small] = [copied(viewsOf(pictureOf(11))), copied(viewsOf(pictureOf(17, 32, 16)))]
  const [one, another] = [pictureOf(7), pictureOf(11)]
  const [shown, kept] = [viewsOf(one), viewsOf(another)]
  const first = copied(shown)
  releaseViews(one)
  const less = viewsOf(pictureOf(17, 32, 16))
  expect(less.some(({ buffer }) => shown.some(planes => planes.buffer === buffer))).toBe(true)
  expect(less).toEqual(small)
  expect(kept).toEqual(wanted)
  releaseViews(another)
  expect(viewsOf(one)).toEqual(first)
})

test.for([
  ['bt601', [81, 90, 240], [255, 0, 0]],
  ['bt709', [63, 102, 240], [255, 0, 0]],
  ['bt601', [145, 54, 34], [0, 255, 1]],
  ['bt709', [235, 128, 128], [255, 255, 255]],
  ['bt601', [16, 128, 128], [0, 0, 0]],
] as const)('%s %j is shown to detectors as %j', ([matrix, [y, u, v], rgb]) => {
  const planes = Uint8Array.from({ length: 6 }, (_, i) => (i < 4 ? y : i < 5 ? u : v))
  const { planes: seen } = viewOf({ width: 2, height: 2, planes, matrix, looks: [] }, 'fine')
  for (const [channel, value] of rgb.entries()) expect(Math.abs(seen[4 * channel]! - value)).toBeLessThanOrEqual(2)
})

describe('looks', () => {
  test('whatever changes and however fast frames come, every changed block is looked at in time', () => {
    const steps = fc.array(
      fc.record({
        wait: fc.double({ min: 0.008, max: 1.2, noNaN: true }),
        block: fc.nat(across * down - 1),
        on: fc.boolean(),
      }),
      { minLength: 1, maxLength: 60 },
    )
    fc.assert(
      fc.property(steps, given => {
        const planner = planLooks(layout)
        let [now, whole] = [0, Number.NEGATIVE_INFINITY]
        const pending = new Map<number, number>()
        for (const { wait, block, on } of given) {
          now += wait
          if (on && !pending.has(block)) pending.set(block, now)
          const changes = nothing()
          for (const waiting of pending.keys()) changes[waiting] = 1
          for (const { scale, region } of planner.next(now, changes)) {
            if (scale === 'fine') continue
            if (region.w === layout.width && region.h === layout.height) whole = now
            for (const waiting of [...pending.keys()]) {
              const [x, y] = [(waiting % across) * blockSide, Math.floor(waiting / across) * blockSide]
              const inside = x >= region.x && y >= region.y && x < region.x + region.w && y < region.y + region.h
              if (inside) pending.delete(waiting)
            }
          }
          for (const since of pending.values()) expect((now - since) * 1000).toBeLessThan(lookRules.apartMs)
          expect((now - whole) * 1000).toBeLessThanOrEqual(lookRules.stillMs)
        }
      }),
    )
  })

  test('what changed is looked at finely in time, though it rests by then and something else moves', () => {
    const steps = fc.array(
      fc.record({
        wait: fc.double({ min: 0.008, max: 0.3, noNaN: true }),
        block: fc.nat(across * down - 1),
        on: fc.boolean(),
      }),
      { minLength: 1, maxLength: 80 },
    )
    fc.assert(
      fc.property(steps, fc.nat(across * down - 1), (given, restless) => {
        const planner = planLooks(layout)
        const pending = new Map<number, number>()
        let now = 0
        for (const { wait, block, on } of given) {
          now += wait
          const changes = nothing()
          changes[restless] = 1
          if (on) {
            changes[block] = 1
            if (!pending.has(block)) pending.set(block, now)
          }
          for (const { scale, region } of planner.next(now, changes)) {
            if (scale === 'coarse') continue
            for (const waiting of [...pending.keys()]) {
              const [x, y] = [waiting % across, Math.floor(waiting / across)].map(at => at * blockSide * fineness)
              const inside = x! >= region.x && y! >= region.y && x! < region.x + region.w && y! < region.y + region.h
              if (inside) pending.delete(waiting)
            }
          }
          for (const since of pending.values())
            expect((now - since) * 1000).toBeLessThan(lookRules.fineChangeMs + lookRules.apartMs)
        }
      }),
    )
  })

  test('lie in the picture, in whole blocks, and their windows hold all of them', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 32, max: 4000 }),
        fc.integer({ min: 32, max: 4000 }),
        fc.nat(),
        fc.nat(),
        (w, h, a, b) => {
          fc.pre(Math.max(w, h) / Math.min(w, h) < 20)
          const picture = layoutFor(w, h)
          const changes = new Uint8Array((picture.width / blockSide) * (picture.height / blockSide))
          changes[a % changes.length] = 1
          changes[b % changes.length] = 1
          const planner = planLooks(picture)
          planner.next(0, changes)
          for (const { scale, region } of planner.next(0.5, changes)) {
            const times = scale === 'fine' ? fineness : 1
            const view = { width: picture.width * times, height: picture.height * times }
            for (const window of [paneOver(region, view), ...squaresOver(region, view)]) {
              expect(window.x >= 0 && window.y >= 0).toBe(true)
              expect(window.x + window.w <= view.width && window.y + window.h <= view.height).toBe(true)
            }
            const pane = paneOver(region, view)
            expect([pane.w % 32, pane.h % 32]).toEqual([0, 0])
            expect(pane.x <= region.x && pane.y <= region.y).toBe(true)
            expect(pane.x + pane.w >= region.x + region.w && pane.y + pane.h >= region.y + region.h).toBe(true)
          }
        },
      ),
    )
  })

  test('a new scene is looked at at once, all of it, finely', () => {
    const planner = planLooks(layout)
    planner.next(0, nothing().fill(1))
    expect(planner.next(0.04, nothing())).toEqual([])
    expect(planner.next(0.08, nothing(), true).map(look => look.scale)).toEqual(['coarse', 'fine'])
  })
})

describe('a cut', () => {
  const luma = (bytes: Uint8Array) => gistOf({ ...layout, bytes })
  const other = Uint8Array.from({ length: layout.width * layout.height }, (_, i) => ((i * 31) ^ (i >> 9)) % 256)

  test('is where two frames show different scenes', () => {
    expect(isCut(luma(plane()), luma(other))).toBe(true)
  })

  test('is none where the light changes, something passes, or a frame is of one tone', () => {
    const bright = plane().map(value => Math.min(255, value / 2 + 90))
    const passing = plane()
    for (let i = 0; i < passing.length * 0.3; i++) passing[i] = 20
    const black = new Uint8Array(layout.width * layout.height)
    for (const after of [bright, passing, black, plane(3, 2)]) expect(isCut(luma(plane()), luma(after))).toBe(false)
    expect(isCut(luma(black), luma(plane()))).toBe(false)
  })

  test('ends a scene, unless what was seen before is back within half a second: then it was a flash', () => {
    const [dim, lit] = [luma(plane()), luma(other)]
    const cutsOf = (shown: readonly (typeof dim)[], rate: number) => {
      const watch = watchCuts()
      const told = shown.map((gist, n) => watch.next(n / rate, gist))
      return { cuts: watch.cuts, told: told.flatMap((cut, n) => (cut ? [n] : [])) }
    }
    const shown = (frames: string) => [...frames].map(one => (one === 'x' ? lit : dim))
    // Whatever comes next, neighbours look so different that nothing is followed from one to the other.
    expect(cutsOf(shown('...xxx...xx..'), 25)).toEqual({ cuts: [], told: [3, 6, 9, 11] })
    expect(cutsOf(shown('...xxx...'), 2)).toEqual({ cuts: [3, 6], told: [3, 6] })
    expect(cutsOf(shown('...xxxxxx'), 25)).toEqual({ cuts: [3], told: [3] })
    const third = luma(plane().map((_, i) => (i * 7919) % 251))
    expect(cutsOf([dim, lit, third, dim], 25)).toEqual({ cuts: [1, 2, 3], told: [1, 2, 3] })
  })
})
