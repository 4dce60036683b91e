import { readFile } from 'node:fs/promises'
import fc from 'fast-check'
import { InferenceSession, Tensor } from 'onnxruntime-node'
import { describe, expect, test } from 'vitest'
import { floatsOf } from '../../service/redaction/adapter.ts'
import { adapterFor } from '../../service/redaction/adapters.ts'
import { type Box, intersectionArea } from '../../service/redaction/box.ts'
import { dense } from '../../service/redaction/dense.ts'
import { DetectorFault, type Picture } from '../../service/redaction/detector.ts'
import { fineness, layoutFor, paneOver, squaresOver, wholeOf } from '../../service/redaction/layout.ts'
import { mediapipe } from '../../service/redaction/mediapipe.ts'
import { loadModels, type Model } from '../../service/redaction/models.ts'
import { join, suppress } from '../../service/redaction/nms.ts'
import { type Lens, openDetector } from '../../service/redaction/onnx-detector.ts'
import { sampleWindow } from '../../service/redaction/planes.ts'
import { yunet } from '../../service/redaction/yunet.ts'
import { pattern, type Recording, samplesOf, tensorsOf } from './recording.ts'

const models = await loadModels()
const recordings = JSON.parse(await readFile(new URL('recorded/adapters.json', import.meta.url), 'utf8')) as Recording[]

const floats = (dims: number[], values: number[] | Float32Array) =>
  new Tensor('float32', Float32Array.from(values), dims)

function noise(width: number, height: number): Picture {
  const planes = Uint8Array.from({ length: (width * height * 3) / 2 }, (_, i) => (i * 7919 + (i >> 5) * 104729) % 256)
  return { width, height, planes, matrix: 'bt709', looks: [] }
}

describe('the models', () => {
  test('of MediaPipe answer what TFLite answered before the conversion', async () => {
    const session = await InferenceSession.create(models.named('mediapipe-full-range').bytes)
    const recorded = JSON.parse(
      await readFile(new URL('recorded/mediapipe-full-range.json', import.meta.url), 'utf8'),
    ) as { step: number; cells: number[][] }[]
    for (const { step, cells } of recorded) {
      const values = Float32Array.from({ length: 3 * 192 * 192 }, (_, i) => {
        const [channel, y, x] = [Math.floor(i / 192 / 192), Math.floor(i / 192) % 192, i % 192]
        const wave = Math.floor(x / step) * 37 + Math.floor(y / step) * 91 + channel * 53 + Math.floor((x * y) / 192)
        return (wave % 256) / 127.5 - 1
      })
      const out = await session.run({ input: new Tensor('float32', values, [1, 3, 192, 192]) })
      for (const [cell, logit, ...regressors] of cells) {
        expect(floatsOf(out, 'logits')[cell!]).toBeCloseTo(logit!, 3)
        for (const [i, value] of regressors.entries()) {
          expect(floatsOf(out, 'regressors')[cell! * 16 + i]).toBeCloseTo(value, 2)
        }
      }
    }
  })

  test.for(['mediapipe-full-range', 'faces', 'plates'])('%s looks at frames of any shape', async name => {
    for (const [width, height] of [
      [768, 432],
      [360, 640],
      [500, 500],
      [2000, 400],
    ] as const) {
      const layout = layoutFor(width, height)
      const fine = { width: layout.width * fineness, height: layout.height * fineness }
      const detector = await openDetector({ model: models.named(name), floors: { face: 0.2, plate: 0.2 } })
      const looks = [
        { scale: 'coarse', region: wholeOf(layout) },
        { scale: 'fine', region: wholeOf(fine) },
      ] as const
      const findings = await detector.detect({ ...noise(fine.width, fine.height), looks })
      for (const { score, box } of findings) {
        expect(score).toBeGreaterThanOrEqual(0.2)
        expect(score).toBeLessThanOrEqual(1)
        expect(box.x + box.w > 0 && box.y + box.h > 0 && box.x < 1 && box.y < 1).toBe(true)
      }
    }
  })
})

describe('of what a network sees on the fine picture', () => {
  const layout = layoutFor(640, 360)
  const picture = noise(layout.width * fineness, layout.height * fineness)
  const coarse = { scale: 'coarse', region: wholeOf(layout) } as const
  const fine = { scale: 'fine', region: wholeOf(picture) } as const

  /** The sides, in pixels of the coarse picture, of the squares that a network sees which sees one of 64 and one of 112 wherever it looks; and its scores. */
  async function squares(looks: Picture['looks'], more: Partial<Model> = {}) {
    const bytes = new Uint8Array(await readFile(new URL('faulty-models/squares.onnx', import.meta.url)))
    const model = { ...models.named('faces'), refiners: {}, oversize: undefined, name: 'squares', bytes, ...more }
    const detector = await openDetector({ model, floors: { face: 0.2 } })
    const seen = await detector.detect({ ...picture, looks })
    // What is seen from afar as well has its own tests below.
    const found = seen.filter(({ box }) => Math.round(box.w * layout.width) !== 224)
    const sides = found.map(({ box, score }) => [Math.round(box.w * layout.width), Math.round(score * 1000)])
    return sides.sort((a, b) => a[0]! - b[0]!)
  }

  test('what is large is left to the coarse look beside it', async () => {
    expect(await squares([coarse, fine])).toEqual([
      [32, 800],
      [64, 800],
      [112, 800],
    ])
  })

  test('nothing is left to a look that is not there, or shows another part or not all of it', async () => {
    const both = [
      [32, 800],
      [56, 800],
    ]
    expect(await squares([fine])).toEqual(both)
    const seenBy = async (region: Box) => (await squares([{ ...coarse, region }, fine])).filter(([side]) => side === 56)
    expect(await seenBy({ x: 320, y: 160, w: 192, h: 192 })).toHaveLength(1)
    expect(await seenBy({ x: 0, y: 0, w: 144, h: 192 })).toHaveLength(1)
    expect(await seenBy({ x: 0, y: 0, w: 192, h: 192 })).toHaveLength(0)
  })

  test('a network is believed less above the size that it knows, and as before up to it', async () => {
    expect(await squares([coarse], { oversize: { abovePx: 96, oddsPerMille: 500 } })).toEqual([
      [64, 800],
      [112, 667],
    ])
  })
})

describe('of what a network sees from afar', () => {
  const layout = layoutFor(640, 360)
  const [half, lowered] = [layout.width / 2, layout.height / 2]
  const coarse = { scale: 'coarse', region: wholeOf(layout) } as const

  async function detected(
    file: string,
    looks: Picture['looks'],
    floors: Lens['floors'] = { face: 0.2 },
    more: Partial<Model> = {},
    { width, height } = layout,
  ) {
    const picture = noise(width * fineness, height * fineness)
    const bytes = new Uint8Array(await readFile(new URL(`faulty-models/${file}.onnx`, import.meta.url)))
    const model = { ...models.named('faces'), refiners: {}, oversize: undefined, name: file, bytes, ...more }
    return await (await openDetector({ model, floors })).detect({ ...picture, looks })
  }

  /** Without what was seen on the coarse picture itself, known by its height. */
  async function seen(...args: Parameters<typeof detected>) {
    const { height } = args[4] ?? layout
    return (await detected(...args)).filter(({ box }) => ![64, 112].includes(Math.round(box.h * height)))
  }

  test('what the frame cuts counts, as far as it lies in it', async () => {
    const [face] = await seen('squares', [coarse])
    expect(face!.score).toBeCloseTo(0.8)
    // 200 px to the right in a picture that begins 32 px left of the frame and 40 px above it.
    expect(face!.box.x).toBeCloseTo(168 / half)
    expect(face!.box.w).toBeCloseTo(112 / half)
    expect(face!.box.y).toBe(0)
    expect(face!.box.h).toBeCloseTo(72 / lowered)
  })

  test('what lies in the frame for less than a quarter does not count', async () => {
    const upright = layoutFor(360, 640)
    expect(await seen('squares', [{ ...coarse, region: wholeOf(upright) }], undefined, {}, upright)).toEqual([])
  })

  test('what ends at no border is left to the other looks', async () => {
    expect(await seen('middle', [coarse])).toEqual([])
  })

  test('nobody looks from there for plates, nor where only something within the frame changed', async () => {
    expect(await seen('squares', [coarse], { plate: 0.2 }, { columns: ['plate'] })).toEqual([])
    const within = { x: 96, y: 64, w: 384, h: 192 }
    expect(await seen('squares', [{ ...coarse, region: within }])).toEqual([])
    expect(await seen('squares', [{ ...coarse, region: { ...within, y: 0 } }])).toHaveLength(1)
  })

  test('of a part at the border only what lies around it is seen, and no half of what goes on beside that', async () => {
    const found = await seen('squares', [{ ...coarse, region: { x: 128, y: 0, w: 480, h: 192 } }])
    // 200 px to the right in a picture that begins 32 px right of the frame's edge. Another in its corner ends where the picture does, and is none.
    expect(found).toHaveLength(1)
    expect(found[0]!.box.x).toBeCloseTo(232 / half)
    expect(found[0]!.box.w).toBeCloseTo(88 / half)
    expect(found[0]!.box.h).toBeCloseTo(72 / lowered)
  })

  test('does not push aside what the coarse look saw, nor is pushed aside by it', async () => {
    const square = layoutFor(640, 640)
    const oversize = { abovePx: 40, oddsPerMille: 500 }
    const whole = { ...coarse, region: wholeOf(square) }
    const found = await detected('squares', [whole], undefined, { oversize }, square)
    // One of 64 px in the corner: large on the coarse picture, and half as large from afar.
    const corner = found.filter(({ box }) => box.x === 0 && box.y === 0 && Math.round(box.w * square.width) === 64)
    expect(corner.map(({ score }) => Math.round(score * 1000))).toEqual([667, 800])
  })

  test('a face is large by its size there', async () => {
    const scores = async (abovePx: number) =>
      (await seen('squares', [coarse], undefined, { oversize: { abovePx, oddsPerMille: 500 } })).map(
        ({ score }) => score,
      )
    expect((await scores(120))[0]).toBeCloseTo(0.8)
    expect((await scores(100))[0]).toBeCloseTo(0.667)
  })
})

describe.each(recordings)('what a $adapter network of $columns said of a rendered face', recording => {
  const { window, floor, outputs, sights, samples } = recording
  const adapter = adapterFor(recording as unknown as Model)

  test('is read as it was when the boxes were seen to be right', () => {
    const read = adapter.read(tensorsOf(outputs), window, floor)
    expect(read).toHaveLength(sights.length)
    for (const [i, { column, score, box }] of read.entries()) {
      expect(column).toBe(sights[i]!.column)
      expect(score).toBeCloseTo(sights[i]!.score, 5)
      for (const side of ['x', 'y', 'w', 'h'] as const) expect(box[side]).toBeCloseTo(sights[i]!.box[side], 5)
    }
  })

  test('is where the others saw it', () => {
    const place = { x: 382, y: 178, w: 29, h: 34 }
    const [best] = adapter
      .read(tensorsOf(outputs), window, floor)
      .filter(({ column }) => recording.columns[column] === 'face')
      .sort((a, b) => b.score - a.score)
    const box = {
      x: window.x + best!.box.x * window.w,
      y: window.y + best!.box.y * window.h,
      w: best!.box.w * window.w,
      h: best!.box.h * window.h,
    }
    const shared = intersectionArea(box, place)
    expect(shared / (box.w * box.h + place.w * place.h - shared)).toBeGreaterThan(0.5)
  })

  test('was asked with these numbers: plane by plane, in the order and the range that it was trained on', () => {
    const fed = samplesOf(adapter.feed(pattern(window), { ...window, x: 0, y: 0 }))
    for (const [i, value] of fed.entries()) expect(value / samples[i]!).toBeCloseTo(1, 4)
  })
})

describe('an answer of a model', () => {
  const window = { x: 0, y: 0, w: 640, h: 352 }

  test('is read from corners in pixels', () => {
    const outputs = {
      scores: floats([1, 2, 2], [0.1, 0.9, 0.7, 0.2]),
      boxes: floats([1, 2, 4], [64, 35.2, 128, 70.4, 0, 0, 320, 176]),
    }
    const [plate, face, ...others] = dense('rgb', 2).read(outputs, window, 0.5)
    expect(others).toEqual([])
    expect(plate).toMatchObject({ column: 1, score: expect.closeTo(0.9) })
    expect(plate!.box).toEqual({
      x: expect.closeTo(0.1),
      y: expect.closeTo(0.1),
      w: expect.closeTo(0.1),
      h: expect.closeTo(0.1),
    })
    expect(face).toMatchObject({ column: 0, box: { x: 0, y: 0, w: 0.5, h: 0.5 } })
  })

  test('is read from centres of cells, as MediaPipe means it', () => {
    const logits = new Float32Array(48 * 48).fill(-20)
    const regressors = new Float32Array(48 * 48 * 16)
    const cell = 12 * 48 + 24
    logits[cell] = Math.log(3)
    regressors.set([2, -2, 48, 96], cell * 16)
    const outputs = { logits: floats([1, 2304, 1], logits), regressors: floats([1, 2304, 16], regressors) }
    const [face, ...others] = mediapipe().read(outputs, window, 0.5)
    expect(others).toEqual([])
    expect(face!.score).toBeCloseTo(0.75)
    const centre = [24.5 / 48 + 2 / 192, 12.5 / 48 - 2 / 192]
    expect(face!.box.x).toBeCloseTo(centre[0]! - 0.125)
    expect(face!.box.y).toBeCloseTo(centre[1]! - 0.25)
    expect([face!.box.w, face!.box.h]).toEqual([0.25, 0.5])
  })

  test.for([Number.NaN, Number.POSITIVE_INFINITY])('with %s anywhere is a fault, and not "nothing found"', bad => {
    fc.assert(
      fc.property(fc.nat({ max: 7 }), fc.constantFrom('scores', 'boxes'), (at, output) => {
        const outputs = { scores: floats([1, 8, 1], Array(8).fill(0)), boxes: floats([1, 8, 4], Array(32).fill(0)) }
        ;(outputs[output as 'scores'].data as Float32Array)[at] = bad
        expect(() => dense('bgr', 1).read(outputs, window, 0.5)).toThrow(DetectorFault)
      }),
    )
    const logits = floats([1, 2304, 1], Array(2304).fill(-9))
    const regressors = floats([1, 2304, 16], Array(2304 * 16).fill(0))
    ;(logits.data as Float32Array)[1000] = bad
    expect(() => mediapipe().read({ logits, regressors }, window, 0.5)).toThrow(DetectorFault)
    for (const name of ['cls_8', 'obj_16', 'bbox_32']) {
      const outputs = ofYunet(window)
      ;(outputs[name]!.data as Float32Array)[5] = bad
      expect(() => yunet('bgr', 1).read(outputs, window, 0.5), name).toThrow(DetectorFault)
    }
  })

  test('with a score that is no share is a fault: raw logits must not pass for low scores', () => {
    for (const bad of [-3, 1.5]) {
      const outputs = { scores: floats([1, 2, 1], [0.5, bad]), boxes: floats([1, 2, 4], Array(8).fill(0)) }
      expect(() => dense('bgr', 1).read(outputs, window, 0.6)).toThrow(DetectorFault)
      const grid = ofYunet(window)
      ;(grid.cls_8!.data as Float32Array)[0] = bad
      expect(() => yunet('bgr', 1).read(grid, window, 0.6)).toThrow(DetectorFault)
    }
  })

  test('with a box that has no end is a fault', () => {
    const outputs = ofYunet(window)
    for (const name of ['cls_8', 'obj_8']) (outputs[name]!.data as Float32Array)[0] = 1
    ;(outputs.bbox_8!.data as Float32Array)[2] = 800
    expect(() => yunet('bgr', 1).read(outputs, window, 0.5)).toThrow(DetectorFault)
  })

  test('that lacks an output, or has one too short, is a fault', () => {
    expect(() => dense('bgr', 1).read({ scores: floats([1, 1, 1], [0]) }, window, 0.5)).toThrow(DetectorFault)
    const outputs = { scores: floats([1, 2, 1], [0, 0]), boxes: floats([1, 1, 4], [0, 0, 1, 1]) }
    expect(() => dense('bgr', 1).read(outputs, window, 0.5)).toThrow(DetectorFault)
    const cells = { logits: floats([1, 2304, 1], Array(2304).fill(9)), regressors: floats([1, 8], Array(8).fill(1)) }
    expect(() => mediapipe().read(cells, window, 0.5)).toThrow(DetectorFault)
    expect(() => yunet('bgr', 1).read(ofYunet({ ...window, w: 320 }), window, 0.5)).toThrow(DetectorFault)
    expect(() => yunet('bgr', 2).read(ofYunet(window), window, 0.5)).toThrow(DetectorFault)
  })
})

/** Nothing found in a window of this size. */
function ofYunet({ w, h }: { w: number; h: number }): Record<string, Tensor> {
  const outputs: Record<string, Tensor> = {}
  for (const stride of [8, 16, 32]) {
    const cells = (w / stride) * (h / stride)
    for (const [name, numbers] of Object.entries({ cls: 1, obj: 1, bbox: 4 }))
      outputs[`${name}_${stride}`] = floats([1, cells, numbers], new Float32Array(cells * numbers))
  }
  return outputs
}

test('every pixel of a region of a frame of any shape lies in a pane and in a square, and these in the picture', () => {
  const side = fc.integer({ min: 2, max: 8192 })
  const share = fc.double({ min: 0, max: 1, noNaN: true })
  fc.assert(
    fc.property(side, side, fc.tuple(share, share, share, share), (width, height, [left, top, across, down]) => {
      fc.pre(Math.max(width, height) / Math.min(width, height) < 40)
      const picture = layoutFor(width, height)
      const [x, y] = [Math.floor(left * (picture.width - 1)), Math.floor(top * (picture.height - 1))]
      const w = 1 + Math.floor(across * (picture.width - x - 1))
      const h = 1 + Math.floor(down * (picture.height - y - 1))
      for (const region of [{ x, y, w, h }, wholeOf(picture)]) {
        const pane = paneOver(region, picture)
        expect([pane.w % 32, pane.h % 32]).toEqual([0, 0])
        for (const windows of [[pane], squaresOver(region, picture)]) {
          for (const one of windows) {
            expect(Object.values(one).every(Number.isInteger)).toBe(true)
            expect(one.x >= 0 && one.y >= 0).toBe(true)
            expect(one.x + one.w <= picture.width && one.y + one.h <= picture.height).toBe(true)
          }
          expect(missed(region, windows)).toEqual([])
        }
      }
    }),
  )
})

/** Points of the region that lie in no window: its corners, and those beside each edge of a window. */
function missed(region: Box, windows: readonly Box[]): [number, number][] {
  const stops = (from: number, length: number, edges: number[]) =>
    [from, from + length - 1, ...edges.flatMap(at => [at - 1, at])].filter(at => at >= from && at < from + length)
  const across = stops(
    region.x,
    region.w,
    windows.flatMap(({ x, w }) => [x, x + w]),
  )
  const down = stops(
    region.y,
    region.h,
    windows.flatMap(({ y, h }) => [y, y + h]),
  )
  const isIn = (x: number, y: number) =>
    windows.some(one => x >= one.x && y >= one.y && x < one.x + one.w && y < one.y + one.h)
  return across.flatMap(x => down.filter(y => !isIn(x, y)).map((y): [number, number] => [x, y]))
}

test('a scaled window keeps the mean of what is under it', () => {
  const picture = pattern({ x: 0, y: 0, w: 640, h: 352 })
  const square = { x: 280, y: 0, w: 360, h: 352 }
  const target = new Float32Array(192 * 192)
  sampleWindow(picture, 1, square, target, 192)
  const start = picture.width * picture.height
  let sum = 0
  for (let y = 0; y < 352; y++) for (let x = 280; x < 640; x++) sum += picture.planes[start + y * 640 + x]!
  const mean = target.reduce((total, value) => total + value, 0) / target.length
  expect(mean).toBeCloseTo(sum / (360 * 352) / 127.5 - 1, 4)
})

describe('findings that overlap', () => {
  const at = (x: number, score: number) => ({ class: 'face' as const, score, box: { x, y: 0, w: 0.1, h: 0.1 } })

  test('are one within a detector: the best', () => {
    expect(suppress([at(0, 0.6), at(0.02, 0.9), at(0.5, 0.4)])).toEqual([at(0.02, 0.9), at(0.5, 0.4)])
  })

  test('are one between detectors: large enough for all of them', () => {
    const [joined, ...others] = join([at(0, 0.6), at(0.02, 0.9)])
    expect(others).toEqual([])
    expect(joined).toEqual({ class: 'face', score: 0.9, box: { x: 0, y: 0, w: expect.closeTo(0.12), h: 0.1 } })
  })

  test('stay apart when they are of two classes', () => {
    expect(join([at(0, 0.6), { ...at(0, 0.9), class: 'plate' }])).toHaveLength(2)
  })
})
