import { createHash } from 'node:crypto'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { DetectorFault, type Finding, type Picture } from '../../service/redaction/detector.ts'
import { builtInModels, loadModels, type Refiner, readModelIndex } from '../../service/redaction/models.ts'
import { openRefiner } from '../../service/redaction/refine.ts'
import { scratch } from './clips.ts'

const folder = fileURLToPath(new URL('faulty-models/', import.meta.url))

async function refiner(name: 'believes' | 'doubts', more: Partial<Refiner> = {}): Promise<Refiner> {
  const bytes = new Uint8Array(await readFile(join(folder, `${name}.onnx`)))
  const sha256 = createHash('sha256').update(bytes).digest('hex')
  const seeing = { sides: [32, 16] as [number, number], aboutPerMille: 1000, flatnessPerMille: 1000 }
  return { name, file: `${name}.onnx`, sha256, bytes, ...seeing, weightPerMille: 500, fromPerMille: 100, ...more }
}

/** Grey; the left half red. */
function halfRed(): Picture {
  const [width, height] = [128, 64]
  const chroma = (width * height) / 4
  const redness = Uint8Array.from({ length: chroma }, (_, i) => (i % 64 < 32 ? 220 : 128))
  const planes = new Uint8Array(width * height + 2 * chroma).fill(128)
  planes.set(redness, width * height + chroma)
  return { width, height, planes, matrix: 'bt709', looks: [] }
}

const seen = (x: number, score: number): Finding => ({ class: 'plate', score, box: { x, y: 0.25, w: 0.25, h: 0.25 } })

describe('a finding that is looked at by a second network', () => {
  test('is believed more where that network sees the thing, and less where it does not', async () => {
    const refine = await openRefiner(await refiner('believes'))
    const [left, right] = (await refine(halfRed(), [seen(0.1, 0.5), seen(0.7, 0.5)])).toSorted(
      (a, b) => a.box.x - b.box.x,
    )
    expect(left!.score).toBeGreaterThan(0.6)
    expect(right!.score).toBeLessThan(0.52)
    expect(left!.score).toBeGreaterThan(right!.score)
  })

  test('keeps the score of its detector where the second network has no weight', async () => {
    const refine = await openRefiner(await refiner('believes', { weightPerMille: 0 }))
    const [one] = await refine(halfRed(), [seen(0.1, 0.3)])
    expect(one!.score).toBeCloseTo(0.3, 6)
  })

  test('is not silenced by that network where its detector is sure', async () => {
    const refine = await openRefiner(await refiner('believes'))
    const [doubted, weak] = (await refine(halfRed(), [seen(0.7, 0.99), seen(0.7, 0.5)])).map(({ score }) => score)
    expect(Math.max(doubted!, weak!)).toBeGreaterThan(0.6)
  })

  test('lies where that network says, moved in its own sizes, and still covers the middle of where its detector saw it', async () => {
    const refine = await openRefiner(await refiner('believes'))
    const [one] = await refine(halfRed(), [seen(0.1, 0.5)])
    expect(one!.box.x).toBeCloseTo(0.125, 5)
    expect(one!.box.w).toBeCloseTo(0.25, 5)
    // The network asks for e^-0.6 = 0.55 of the height; 0.8 of it stays.
    expect(one!.box.y).toBeCloseTo(0.25 + 0.1 * 0.25, 5)
    expect(one!.box.h).toBeCloseTo(0.8 * 0.25, 5)
  })

  test('is no finding when the answer holds a number that is none: the job fails', async () => {
    const refine = await openRefiner(await refiner('doubts'))
    await expect(refine(halfRed(), [seen(0.1, 0.5)])).rejects.toBeInstanceOf(DetectorFault)
  })

  test('is one of a crowd that is refined to the last; a picture made to drown us keeps the word of its detector', async () => {
    const refine = await openRefiner(await refiner('believes'))
    const many = (count: number) => Array.from({ length: count }, (_, i) => seen(0.1 + (i % 40) / 100, 0.4))
    const crowd = await refine(halfRed(), many(500))
    expect(crowd).toHaveLength(500)
    expect(crowd.every(({ box }) => box.y !== 0.25)).toBe(true)
    expect(await refine(halfRed(), many(600))).toEqual(many(600))
  })

  test('costs nothing where there is none', async () => {
    const refine = await openRefiner(await refiner('doubts'))
    expect(await refine(halfRed(), [])).toEqual([])
  })
})

describe('the refiners of models.json', () => {
  test('are asked by the detectors that name them', async () => {
    const models = await loadModels()
    for (const wanted of ['face', 'plate'] as const) {
      for (const model of models.planning(wanted)) expect(model.refiners?.[wanted]?.bytes.length).toBeGreaterThan(0)
    }
  })

  test('are refused when their bytes are not what models.json says, and when a detector names one that is not there', async () => {
    await using own = await scratch()
    const index = await readModelIndex(builtInModels)
    const [one] = index.refiners
    const list = (refiners: unknown[], models: unknown[] = []) =>
      writeFile(own.path('models.json'), JSON.stringify({ models, refiners, plan: {} }))
    await writeFile(own.path('mine.onnx'), 'no network')
    await list([{ ...one, name: 'mine', file: 'mine.onnx' }])
    await expect(loadModels({ own: own.path('') })).rejects.toThrow(/mine: the SHA-256 of .* is/)
    await list([], [{ ...index.models[0], name: 'other', refinedBy: { face: 'nobody' } }])
    await expect(loadModels({ own: own.path('') })).rejects.toThrow(/other is refined by nobody/)
  })
})
