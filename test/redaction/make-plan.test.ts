import { readFile, writeFile } from 'node:fs/promises'
import { beforeAll, describe, expect, test } from 'vitest'
import { damagedFrames } from '../../service/redaction/damage.ts'
import { digestFile } from '../../service/redaction/digest.ts'
import { layoutFor, wholeOf } from '../../service/redaction/layout.ts'
import { lookRules } from '../../service/redaction/looks.ts'
import { lensesFor, makePlan, parametersOf } from '../../service/redaction/make-plan.ts'
import { loadModels, type Model } from '../../service/redaction/models.ts'
import { canonicalPlan, parsePlan } from '../../service/redaction/plan.ts'
import { FramesDiffer, probeClip } from '../../service/redaction/probe.ts'
import { scanClip } from '../../service/redaction/scan.ts'
import { openPool } from '../../service/redaction/worker-pool.ts'
import { ffmpeg, motion, scratch, x264 } from './clips.ts'

const models = await loadModels()
const classes = ['face', 'plate'] as const
const folder = await scratch()
const clipPath = folder.path('motion.mp4')

beforeAll(async () => {
  await ffmpeg(...motion(640, 360, 30), ...x264, clipPath)
  return () => folder[Symbol.asyncDispose]()
})

describe('a plan', () => {
  test('is the same bytes whatever the number of workers, and fits its clip', async () => {
    const shop = folder.path('shop.mp4')
    await ffmpeg('-i', 'fixtures/shop.mp4', '-frames:v', '30', '-an', ...x264, shop)
    const clip = await probeClip(shop)
    const [one, three] = [1, 3].map(workers => makePlan(shop, clip, { classes, models, workers }))
    const { plan, stats } = await one!
    expect(canonicalPlan((await three!).plan)).toBe(canonicalPlan(plan))
    expect(parsePlan(canonicalPlan(plan))).toEqual(plan)
    expect(plan.clip).toEqual({ sha256: (await digestFile(shop)).sha256, width: 768, height: 432, frames: 30 })
    expect(plan.tracks.length).toBeGreaterThan(0)
    expect(stats).toMatchObject({ frames: 30, couldNotTellFrames: 0 })
    expect(plan.couldNotTell).toEqual([])
  })

  test('names the models that were looked through, and no class that was not looked for', async () => {
    const clip = await probeClip(clipPath)
    const { plan } = await makePlan(clipPath, clip, { classes: ['plate'], models, workers: 1 })
    const plates = models.named('plates')
    const networks = [plates, plates.refiners!.plate!].map(({ name, sha256 }) => ({ name, sha256 }))
    expect(plan.tool.models).toEqual(networks)
    expect(plan.tracks.every(({ origin }) => 'models' in origin && origin.models.length === 2)).toBe(true)
    expect(plan.classes).toEqual(['plate'])
    expect(plan.tracks.every(track => track.class === 'plate')).toBe(true)
    expect(Object.keys(plan.tool.parameters)).toEqual(['plate', 'looks', 'plates', 'plates-refine'])
  })

  test('holds the numbers by which a look leaves things to another, and a network is believed less', () => {
    const { faces, looks } = parametersOf(lensesFor(['face'], models))
    const { scorePerMille, oversize } = models.named('faces')
    expect(oversize).toBeDefined()
    expect(faces).toEqual({
      scorePerMille,
      oversizeAbovePx: oversize?.abovePx,
      oversizeOddsPerMille: oversize?.oddsPerMille,
    })
    expect(looks).toMatchObject({ fineMostPx: lookRules.fineMostPx })
  })

  test('tells of its progress frame by frame', async () => {
    const clip = await probeClip(clipPath)
    const heard: number[] = []
    const onProgress = (done: number) => heard.push(done)
    await makePlan(clipPath, clip, { classes: ['plate'], models, workers: 2, onProgress })
    expect(heard).toEqual(clip.pts.map((_, i) => i + 1))
  })

  test('is in the upright frame: a turned clip is planned as it is displayed', async () => {
    const turned = folder.path('turned.mp4')
    await ffmpeg('-i', clipPath, '-c', 'copy', '-metadata:s:v:0', 'rotate=90', turned)
    const clip = await probeClip(turned)
    expect([clip.width, clip.height]).toEqual([360, 640])
    const { plan } = await makePlan(turned, clip, { classes, models, workers: 2 })
    expect(() => parsePlan(canonicalPlan(plan))).not.toThrow()
  })
})

describe('no plan is made', () => {
  test('when a detector answers with numbers that are none', async () => {
    const clip = await probeClip(clipPath)
    const model = await brokenModel(models.named('faces'))
    const scan = scanClip(clipPath, clip, [{ model, floors: { face: 0.3 } }], { workers: 2 })
    await expect(scan).rejects.toMatchObject({
      type: 'redaction-failed',
      details: { cause: { message: 'the model answered with a number that is none' } },
    })
  })

  test('when a detector cannot be opened', async () => {
    const clip = await probeClip(clipPath)
    const model = { ...models.named('faces'), bytes: new Uint8Array(100) }
    const scan = scanClip(clipPath, clip, [{ model, floors: { face: 0.3 } }], { workers: 2 })
    await expect(scan).rejects.toMatchObject({ type: 'redaction-failed' })
  })

  test.for([29, 31])('when %i frames were probed and 30 come', async frames => {
    const clip = { ...(await probeClip(clipPath)), frames }
    await expect(makePlan(clipPath, clip, { classes, models, workers: 1 })).rejects.toThrow(FramesDiffer)
  })

  test('when it is aborted half way, and the process goes on', async () => {
    const clip = await probeClip(clipPath)
    const stop = new AbortController()
    const onProgress = (done: number) => done === 5 && stop.abort(new Error('enough'))
    const made = makePlan(clipPath, clip, { classes, models, workers: 2, onProgress, signal: stop.signal })
    await expect(made).rejects.toThrow('enough')
  })
})

test('a pool with a fault answers nothing more', async () => {
  const { width, height } = layoutFor(640, 360)
  const looks = [{ scale: 'fine', region: wholeOf({ width, height }) }] as const
  const picture = () => ({
    width,
    height,
    planes: new Uint8Array(1.5 * width * height),
    matrix: 'bt601' as const,
    looks,
  })
  await using pool = openPool([{ model: await brokenModel(models.named('faces')), floors: { face: 0.3 } }], 1)
  const { findings } = await pool.submit(picture())
  await expect(findings).rejects.toThrow('a number that is none')
  await expect(pool.submit(picture())).rejects.toThrow('a number that is none')
})

test('frames that the decoder had to make up are told apart from frames without findings', async () => {
  const damaged = folder.path('damaged.ts')
  await ffmpeg(...motion(640, 360, 75), ...x264, '-preset', 'medium', '-g', '30', '-bf', '2', '-f', 'mpegts', damaged)
  const bytes = await readFile(damaged)
  const middle = Math.floor(bytes.length / 188 / 2)
  for (let packet = middle; packet < middle + 6; packet++) {
    for (let at = 20; at < 180; at++) bytes[packet * 188 + at] = (at * 97 + packet * 31) % 256
  }
  await writeFile(damaged, bytes)
  const clip = await probeClip(damaged)
  const { plan, stats } = await makePlan(damaged, clip, { classes: ['plate'], models, workers: 2 })
  expect(stats.couldNotTellFrames).toBeGreaterThan(0)
  expect(stats.couldNotTellFrames).toBeLessThan(31)
  expect(plan.couldNotTell).toEqual(await damagedFrames(damaged, clip))
  expect(await damagedFrames(clipPath, await probeClip(clipPath))).toEqual([])
})

/** The same network with weights that are not numbers: half of the bytes of one are set to all ones. */
async function brokenModel(model: Model): Promise<Model> {
  const bytes = model.bytes.slice()
  bytes.fill(0xff, Math.floor(bytes.length * 0.5), Math.floor(bytes.length * 0.5) + 64)
  return { ...model, bytes }
}
