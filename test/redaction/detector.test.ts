import { copyFile, mkdir, readFile, writeFile } from 'node:fs/promises'
import fc from 'fast-check'
import { InferenceSession, Tensor } from 'onnxruntime-node'
import { describe, expect, test } from 'vitest'
import { floatsOf } from '../../service/redaction/adapter.ts'
import { dense } from '../../service/redaction/dense.ts'
import { DetectorFault, type Picture } from '../../service/redaction/detector.ts'
import { layoutFor } from '../../service/redaction/layout.ts'
import { mediapipe } from '../../service/redaction/mediapipe.ts'
import { loadModels } from '../../service/redaction/models.ts'
import { join, suppress } from '../../service/redaction/nms.ts'
import { openDetector } from '../../service/redaction/onnx-detector.ts'
import { sampleWindow } from '../../service/redaction/planes.ts'
import { scratch } from './clips.ts'

const modelFolder = new URL('../../service/redaction/models/', import.meta.url)
const models = await loadModels()

const floats = (dims: number[], values: number[] | Float32Array) =>
  new Tensor('float32', Float32Array.from(values), dims)

function noise(width: number, height: number): Picture {
  const planes = Uint8Array.from({ length: 3 * width * height }, (_, i) => (i * 7919 + (i >> 5) * 104729) % 256)
  return { width, height, planes }
}

describe('the models', () => {
  test('are refused when their bytes are not those that models.json names', async () => {
    await using folder = await scratch()
    await mkdir(folder.path('models'))
    for (const name of ['models.json', 'mediapipe-full-range.onnx', 'faces.onnx', 'plates.onnx']) {
      await copyFile(new URL(name, modelFolder), folder.path(`models/${name}`))
    }
    await expect(loadModels(folder.path('models'))).resolves.toBeDefined()
    const bytes = await readFile(folder.path('models/faces.onnx'))
    bytes[bytes.length >> 1]! ^= 1
    await writeFile(folder.path('models/faces.onnx'), bytes)
    await expect(loadModels(folder.path('models'))).rejects.toThrow(/faces\.onnx: its SHA-256/)
  })

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
      const detector = await openDetector({ model: models.named(name), floors: { face: 0.2, plate: 0.2 } }, layout)
      const findings = await detector.detect(noise(layout.width, layout.height))
      for (const { score, box } of findings) {
        expect(score).toBeGreaterThanOrEqual(0.2)
        expect(score).toBeLessThanOrEqual(1)
        expect(box.x + box.w > 0 && box.y + box.h > 0 && box.x < 1 && box.y < 1).toBe(true)
      }
    }
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
  })

  test('that lacks an output, or has one too short, is a fault', () => {
    expect(() => dense('bgr', 1).read({ scores: floats([1, 1, 1], [0]) }, window, 0.5)).toThrow(DetectorFault)
    const outputs = { scores: floats([1, 2, 1], [0, 0]), boxes: floats([1, 1, 4], [0, 0, 1, 1]) }
    expect(() => dense('bgr', 1).read(outputs, window, 0.5)).toThrow(DetectorFault)
  })
})

test('every pixel of a frame of any shape lies in a pane and in a square', () => {
  const side = fc.integer({ min: 2, max: 8192 })
  fc.assert(
    fc.property(side, side, (width, height) => {
      fc.pre(Math.max(width, height) / Math.min(width, height) < 40)
      const layout = layoutFor(width, height)
      for (const windows of [layout.panes, layout.squares]) {
        const reach = { x: 0, y: 0 }
        for (const { x, y, w, h } of windows) {
          expect(x <= reach.x && y <= reach.y && x >= 0 && y >= 0).toBe(true)
          expect(x + w <= layout.width && y + h <= layout.height).toBe(true)
          if (w === layout.width || y === 0) reach.x = Math.max(reach.x, x + w)
          if (h === layout.height || x === 0) reach.y = Math.max(reach.y, y + h)
        }
        expect(reach).toEqual({ x: layout.width, y: layout.height })
      }
      for (const { w, h } of layout.panes) expect([w % 32, h % 32, Math.max(w, h)]).toEqual([0, 0, 640])
    }),
  )
})

test('a scaled window keeps the mean of what is under it', () => {
  const picture = noise(640, 352)
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
