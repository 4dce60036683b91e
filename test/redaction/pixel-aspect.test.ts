/** Clips whose pixels are not square, as recorders write that store half of the columns (half D1) and say so. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { digestFile } from '../../service/redaction/digest.ts'
import { layoutFor, layoutOf } from '../../service/redaction/layout.ts'
import { makePlan } from '../../service/redaction/make-plan.ts'
import { loadModels } from '../../service/redaction/models.ts'
import type { RedactionPlan } from '../../service/redaction/plan.ts'
import { probeClip } from '../../service/redaction/probe.ts'
import { redact } from '../../service/redaction/redact.ts'
import { ffmpeg, ffprobe, handPlan, scratch, words, x264 } from './clips.ts'

let folder: Awaited<ReturnType<typeof scratch>>
let squeezed: string
const models = await loadModels()
beforeAll(async () => {
  folder = await scratch()
  squeezed = folder.path('squeezed.mp4')
  const shop = words('-ss 1 -i fixtures/shop.mp4 -frames:v 12 -an')
  await ffmpeg(...shop, ...x264, ...words('-crf 10'), folder.path('square.mp4'))
  await ffmpeg(...shop, ...words('-vf scale=384:432,setsar=2'), ...x264, ...words('-crf 10'), squeezed)
})
afterAll(() => folder[Symbol.asyncDispose]())

const aspectOf = async (path: string) => (await probeClip(path)).sampleAspect
const shapeOf = async (path: string) =>
  (await ffprobe(...words('-select_streams v:0 -show_entries stream=display_aspect_ratio -of csv=p=0'), path)).trim()

test('the detectors see them as they are displayed, and the plan is in pixels as they are stored', async () => {
  // What is hardly believed may start a track in one and none in the other.
  const planOf = async (path: string) => {
    const { plan } = await makePlan(path, await probeClip(path), { classes: ['face'], models, workers: 1 })
    return { ...plan, tracks: plan.tracks.filter(({ confidence }) => confidence >= 700) }
  }
  const [square, stored] = [await planOf(folder.path('square.mp4')), await planOf(squeezed)]
  expect(stored.clip).toMatchObject({ width: 384, height: 432 })
  // At the same places as in square pixels, and as sure of it as half of the columns let them be.
  expect([square.tracks.length, stored.tracks.length]).toEqual([3, 3])
  const differences = square.tracks.map(({ confidence, runs }) => {
    const [, , x, y, w, h] = runs[0]!
    const near = stored.tracks.find(
      ({ runs: [other] }) => Math.abs(2 * other![2] - x) < w / 2 && Math.abs(other![3] - y) < h / 2,
    )
    return Math.abs(near!.confidence - confidence)
  })
  // Squeezed pictures would differ by 23 in the mean.
  expect(differences.reduce((sum, one) => sum + one) / 3).toBeLessThan(15)
})

test.each([
  ['upright', { num: 2, den: 1 }, 0, [768, 432]],
  ['on its side', { num: 2, den: 1 }, 90, [384, 864]],
  ['wide without belief', { num: 5, den: 1 }, 0, [384, 432]],
] as const)('their picture has square pixels: %s', (_, sampleAspect, rotationDegrees, [width, height]) => {
  const clip = { width: 384, height: 432, sampleAspect, rotationDegrees }
  expect(layoutOf(clip)).toEqual(layoutFor(width, height))
  expect(layoutOf(clip, 512)).toEqual(layoutFor(width, height, 512))
})

describe('the copy is displayed as the clip was', () => {
  const covered = async (path: string, boxes: boolean) => {
    const clip = await probeClip(path)
    const made = boxes ? handPlan(clip, [[0, clip.frames - 1, 20, 20, 60, 40]]) : handPlan(clip)
    const plan: RedactionPlan = { ...made, clip: { ...made.clip, sha256: (await digestFile(path)).sha256 } }
    const output = folder.path('copy.mp4')
    await redact({ input: path, output, classes: [], models, workers: 1, plan })
    return output
  }

  test.each([true, false])('encoded again, or slice by slice (boxes: %j)', async boxes => {
    const copy = await covered(squeezed, boxes)
    expect(await aspectOf(copy)).toEqual({ num: 2, den: 1 })
    expect(await shapeOf(copy)).toBe('16:9')
  })

  test('and upright where the clip lies on its side', async () => {
    const turned = folder.path('turned.mp4')
    await ffmpeg('-i', squeezed, '-c', 'copy', '-metadata:s:v:0', 'rotate=90', turned)
    const copy = await covered(turned, true)
    expect(await probeClip(copy)).toMatchObject({ width: 432, height: 384, sampleAspect: { num: 1, den: 2 } })
    expect(await shapeOf(copy)).toBe('9:16')
  })
})
