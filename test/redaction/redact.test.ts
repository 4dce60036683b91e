import { readdir, readFile, writeFile } from 'node:fs/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Problem } from '../../service/http/problem.ts'
import { parseCertificate } from '../../service/redaction/certificate.ts'
import { digestFile } from '../../service/redaction/digest.ts'
import { loadModels } from '../../service/redaction/models.ts'
import { canonicalPlan, parsePlan, type RedactionPlan } from '../../service/redaction/plan.ts'
import { probeClip } from '../../service/redaction/probe.ts'
import { type RedactOptions, redact, type Stage } from '../../service/redaction/redact.ts'
import { ffmpeg, handPlan, motion, rgbFrames, scratch, words, x264 } from './clips.ts'
import { boxBody, rewrite } from './mp4.ts'

let folder: Awaited<ReturnType<typeof scratch>>
const models = await loadModels()
beforeAll(async () => {
  folder = await scratch()
})
afterAll(() => folder[Symbol.asyncDispose]())

async function make(name: string, frames = 15): Promise<string> {
  await ffmpeg(...motion(160, 120, frames), ...x264, ...words('-bf 2 -preset veryfast'), folder.path(name))
  return folder.path(name)
}

async function planFor(path: string, decode = false): Promise<RedactionPlan> {
  const clip = await probeClip(path, undefined, { decode })
  const plan = handPlan(clip, [[0, clip.frames - 1, 20, 20, 60, 40]])
  return { ...plan, clip: { ...plan.clip, sha256: (await digestFile(path)).sha256 } }
}

const run = (input: string, output: string, more: Partial<RedactOptions> = {}) =>
  redact({ input, output: folder.path(output), classes: ['face'], models, workers: 1, ...more })

describe('one call makes a copy', () => {
  test('with plan, manifest and certificate that name one another by digest', async () => {
    const input = await make('clip.mp4')
    const plan = await planFor(input)
    const stages: Stage[] = []
    const made = await run(input, 'copy.mp4', { plan, onProgress: stage => stages.push(stage) })
    const copy = await digestFile(folder.path('copy.mp4'))
    const manifest = JSON.parse(made.manifest)
    const planSha256 = (await digestFile(await file('plan.json', made.plan))).sha256
    expect(made.plan).toBe(canonicalPlan(plan))
    expect(made.copy).toEqual(copy)
    expect(manifest).toMatchObject({
      v: 'custos-redaction-manifest/v1',
      clip: { sha256: plan.clip.sha256, frames: 15 },
      copy: { ...copy, frames: 15 },
      plan: { sha256: planSha256 },
      style: { kind: 'constant-fill', colour: '#000000' },
      regions: [{ track: 1, class: 'region', ground: 'third-party', origin: { kind: 'person' }, frames: [[0, 14]] }],
      tools: { ffmpeg: expect.any(String) },
    })
    expect(parseCertificate(made.certificate)).toMatchObject({ copy, plan: { sha256: planSha256 } })
    expect(made.manifest).not.toMatch(/\d\.\d+[,}]/)
    expect(new Set(stages)).toEqual(new Set(['render']))
  })

  test('and decodes and measures it where it is to be proven, and says that nobody did where not', async () => {
    const input = await make('proven.mp4')
    const plan = await planFor(input)
    const stages: Stage[] = []
    const onProgress = (stage: Stage) => stages.push(stage)
    const proven = await run(input, 'proven-copy.mp4', { plan, prove: true, onProgress })
    expect(parseCertificate(proven.certificate)).toMatchObject({ frames: { decoded: 15 }, fill: { boxes: 15 } })
    expect(new Set(stages)).toEqual(new Set(['render', 'prove']))
    const told = parseCertificate((await run(input, 'told.mp4', { plan })).certificate)
    expect(told).toMatchObject({ frames: { listed: 15 }, metadata: [] })
    expect([told.fill, told.frames.decoded, told.residual]).toEqual([undefined, undefined, undefined])
  })

  test('of the same bytes each time', async () => {
    const input = await make('same.mp4')
    const plan = await planFor(input)
    const one = await run(input, 'one.mp4', { plan })
    const two = await run(input, 'two.mp4', { plan })
    expect(two).toEqual(one)
  })

  test('and looks for what it was told to, without a plan', async () => {
    const made = await run(await make('looked.mp4'), 'looked-copy.mp4', { classes: ['face'] })
    expect(parsePlan(made.plan)).toMatchObject({ classes: ['face'], clip: { frames: 15 } })
  })
})

test('where the index lists a frame that the decoder drops, the frames are counted and the plan is made for those', async () => {
  await ffmpeg(...motion(160, 120, 15), ...words('-c:v mjpeg -pix_fmt yuvj420p'), folder.path('whole.mp4'))
  await rewrite(folder.path('whole.mp4'), folder.path('dropped.mp4'), bytes => {
    const sizes = boxBody(bytes, 'stsz') + 12
    const size = (n: number) => bytes.readUInt32BE(sizes + 4 * n)
    let at = boxBody(bytes, 'mdat')
    for (let n = 0; n < 9; n++) at += size(n)
    bytes.fill(0, at, at + size(9))
  })
  const path = folder.path('dropped.mp4')
  const listed = await probeClip(path)
  const counted = await probeClip(path, undefined, { decode: true })
  expect([listed.decoded, listed.frames, counted.frames]).toEqual([false, 15, 14])
  const made = await run(path, 'dropped-copy.mp4', { plan: await planFor(path, true) })
  expect(made.clip.frames).toBe(14)
  expect((await rgbFrames(folder.path('dropped-copy.mp4'))).frames).toHaveLength(14)
})

describe('when it fails, the target is as it was and nothing else is left', () => {
  const untouched = async (work: () => Promise<unknown>, type: string) => {
    const before = await readdir(folder.path('.'))
    const error = (await work().catch(e => e)) as Problem
    expect(error).toBeInstanceOf(Problem)
    expect(error.type).toBe(type)
    expect(await readdir(folder.path('.'))).toEqual(before)
    expect(await readFile(folder.path('old.mp4'), 'utf8')).toBe('old')
  }

  test('a plan for another clip, a clip that is none, the clip itself as target, colours nobody knows', async () => {
    const input = await make('fails.mp4')
    const other = await planFor(await make('other.mp4', 12))
    await file('old.mp4', 'old')
    await file('none.mp4', 'none')
    await untouched(() => run(input, 'old.mp4', { plan: other }), 'plan-does-not-fit')
    await untouched(() => run(folder.path('none.mp4'), 'old.mp4'), 'clip-not-video')
    await untouched(() => run(input, 'fails.mp4'), 'invalid-request')
    await expect(run(input, 'old.mp4', { plan: await planFor(input), fill: 'red' })).rejects.toThrow(/#rrggbb/)
  })

  test('no class to look for: an empty search would find nothing, and certify it', async () => {
    const input = await make('searched.mp4')
    await file('old.mp4', 'old')
    const plan = await planFor(input)
    await untouched(() => run(input, 'old.mp4', { classes: [] }), 'invalid-request')
    await untouched(() => run(input, 'old.mp4', { classes: [], plan, prove: true }), 'invalid-request')
    expect(await run(input, 'planned.mp4', { classes: [], plan })).toMatchObject({ coveredFrames: 15 })
  })

  test.each<Stage>(['plan', 'render', 'prove'])('an abort while it is at %s', async stage => {
    const input = await make('aborted.mp4', 60)
    await file('old.mp4', 'old')
    const before = await readdir(folder.path('.'))
    const abort = new AbortController()
    const reason = new Error('enough')
    const onProgress = (at: Stage) => at === stage && abort.abort(reason)
    const plan = stage === 'plan' ? undefined : await planFor(input)
    const asked = { plan, classes: ['plate'] as const, prove: true, onProgress, signal: abort.signal }
    await expect(run(input, 'old.mp4', asked)).rejects.toBe(reason)
    expect(await readdir(folder.path('.'))).toEqual(before)
    expect(await readFile(folder.path('old.mp4'), 'utf8')).toBe('old')
  })
})

async function file(name: string, text: string): Promise<string> {
  await writeFile(folder.path(name), text)
  return folder.path(name)
}
