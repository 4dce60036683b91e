import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import {
  acceptable,
  boundFor,
  canonicalCertificate,
  parseCertificate,
  soundCopy,
  wellFormed,
} from '../../service/redaction/certificate.ts'
import { makePlan } from '../../service/redaction/make-plan.ts'
import { loadModels } from '../../service/redaction/models.ts'
import type { BoxRun, RedactionPlan } from '../../service/redaction/plan.ts'
import { type ClipInfo, probeClip } from '../../service/redaction/probe.ts'
import { checkCopy, measureFill, proveRedaction } from '../../service/redaction/prove.ts'
import { type Rendered, renderPlan } from '../../service/redaction/render.ts'
import { ffmpeg, handPlan, motion, scratch, words, x264 } from './clips.ts'

let folder: Awaited<ReturnType<typeof scratch>>
let clip: ClipInfo
let plan: RedactionPlan
let rendered: Rendered
const runs: BoxRun[] = Array.from({ length: 20 }, (_, n) => [n, n, 4 * (n % 7), 20, 60, 40])

beforeAll(async () => {
  folder = await scratch()
  await ffmpeg(...motion(160, 120, 20), ...x264, folder.path('clip.mp4'))
  clip = await probeClip(folder.path('clip.mp4'))
  plan = handPlan(clip, runs)
  rendered = await renderPlan(folder.path('clip.mp4'), clip, plan, folder.path('copy.mp4'))
})
afterAll(() => folder[Symbol.asyncDispose]())

const check = async (path: string, by: RedactionPlan = plan) =>
  (await measureFill(path, await checkCopy(path, clip, by, rendered))).certificate

describe('a copy is held against clip and plan', () => {
  test('a sound one passes, and its certificate is canonical and without floats', async () => {
    const certificate = await check(folder.path('copy.mp4'))
    expect(soundCopy(certificate)).toBe(true)
    expect(certificate).toMatchObject({
      frames: { listed: 20, decoded: 20, farthestTickPerMille: 0 },
      fill: { colour: '#000000', tolerance: 12, edgePixels: 4, frames: 20, boxes: 20, framesBeyond: [] },
      metadata: [],
      couldNotTell: { frames: 0, blanked: true },
    })
    expect(certificate.fill!.worst).toBeLessThanOrEqual(12)
    const text = canonicalCertificate(certificate)
    expect(canonicalCertificate(parseCertificate(text))).toBe(text)
    expect(numbersIn(JSON.parse(text)).filter(n => !Number.isInteger(n))).toEqual([])
  })

  test('what is too narrow to tell is covered, and counted as such', async () => {
    const [whole, ...others] = handPlan(clip, runs, [[4, 6, 100, 80, 20, 20]], [[5, 9, 100, 20, 20, 20]]).tracks
    const narrow = others.map(track => ({ ...track, couldNotTell: true as const }))
    const parameters = { face: { leastWidthPx: 6 } }
    const unsure = {
      ...plan,
      classes: ['face' as const],
      tool: { models: [], parameters },
      tracks: [whole!, ...narrow],
    }
    const rendered = await renderPlan(folder.path('clip.mp4'), clip, unsure, folder.path('unsure.mp4'))
    const certificate = await check(folder.path('unsure.mp4'), unsure)
    expect(certificate.couldNotTell).toMatchObject({
      frames: 0,
      covered: { tracks: 2, frames: 6, leastWidthPx: { face: 6 } },
    })
    expect(certificate.fill).toMatchObject({ boxes: 28, framesBeyond: [] })
    expect(soundCopy(certificate)).toBe(true)
    expect(rendered.blankedWhereUnsure).toBe(true)
    const shown = { ...unsure, tracks: unsure.tracks.map(track => ({ ...track, visible: true as const })) }
    const { certificate: kept } = await checkCopy(folder.path('unsure.mp4'), clip, shown, rendered)
    expect(kept.couldNotTell.covered).toMatchObject({ tracks: 0, frames: 0 })
  })

  test('nothing is acceptable that no detector looked at, and nothing sound that was not decoded', async () => {
    expect(acceptable(await check(folder.path('copy.mp4')))).toBe(false)
    const { certificate } = await checkCopy(folder.path('copy.mp4'), clip, plan, rendered)
    expect(certificate.fill).toBeUndefined()
    expect([wellFormed(certificate), soundCopy(certificate)]).toEqual([true, false])
  })

  test('a box that is missing on one frame is found on that frame', async () => {
    const gappy = handPlan(clip, runs.toSpliced(7, 1))
    await renderPlan(folder.path('clip.mp4'), clip, gappy, folder.path('gappy.mp4'))
    const certificate = await check(folder.path('gappy.mp4'))
    expect(certificate.fill!.framesBeyond).toEqual([[7, 7]])
    expect(certificate.fill!.worst).toBeGreaterThan(100)
    expect(soundCopy(certificate)).toBe(false)
  })

  test('a box that is six pixels too narrow is found', async () => {
    const narrow = handPlan(
      clip,
      runs.map(([a, b, x, y, w, h]): BoxRun => [a, b, x, y, w - 10, h]),
    )
    await renderPlan(folder.path('clip.mp4'), clip, narrow, folder.path('narrow.mp4'))
    expect((await check(folder.path('narrow.mp4'))).fill!.framesBeyond).toEqual([[0, 19]])
  })

  test('another fill than the certificate names is found', async () => {
    await renderPlan(folder.path('clip.mp4'), clip, plan, folder.path('grey.mp4'), { fill: '#202020' })
    expect((await check(folder.path('grey.mp4'))).fill).toMatchObject({ framesBeyond: [[0, 19]], colour: '#000000' })
  })

  test('a frame that is missing, and frames that are late, are found', async () => {
    const change = async (filter: string, ...more: string[]) => {
      await ffmpeg(
        '-i',
        folder.path('copy.mp4'),
        '-vf',
        filter,
        ...words('-fps_mode passthrough'),
        ...more,
        ...x264,
        folder.path('changed.mp4'),
      )
      return check(folder.path('changed.mp4'))
    }
    const missing = await change('select=not(eq(n\\,5))')
    expect(missing.frames.decoded).toBe(19)
    expect(soundCopy(missing)).toBe(false)
    const late = await change("setpts='PTS+gte(N,10)*3'", '-enc_time_base', '1:12800')
    expect(late.frames).toEqual({ listed: 20, decoded: 20, farthestTickPerMille: 3000 })
    expect(soundCopy(late)).toBe(false)
  })

  test('a copy that was encoded once more is found, by what the encoder left', async () => {
    await ffmpeg('-i', folder.path('copy.mp4'), ...x264, folder.path('again.mp4'))
    expect((await check(folder.path('again.mp4'))).metadata.length).toBeGreaterThan(0)
  })
})

describe('the second look', () => {
  const fixture = fileURLToPath(new URL('../../fixtures/door.mp4', import.meta.url))
  const classes = ['face', 'plate'] as const

  test('finds a face that the plan lost, and none where the plan is whole', async () => {
    const models = await loadModels()
    const path = folder.path('door.mp4')
    await ffmpeg('-i', fixture, ...words('-t 0.6 -an'), ...x264, '-crf', '12', path)
    const info = await probeClip(path)
    const { plan: whole } = await makePlan(path, info, { classes, models, workers: 2 })
    const without = { ...whole, tracks: whole.tracks.filter(track => track.class !== 'face') }
    const prove = async (by: RedactionPlan, leastWidthPx = {}) => {
      const made = await renderPlan(path, info, by, folder.path('out.mp4'))
      const checked = await checkCopy(folder.path('out.mp4'), info, by, made)
      return proveRedaction(path, info, folder.path('out.mp4'), checked, { classes, models, leastWidthPx, workers: 2 })
    }
    const faces = (hits: { class: string }[] | undefined) => hits?.filter(hit => hit.class === 'face').length

    // What is too narrow to tell counts as well, and is called so.
    const open = await prove(without, { face: info.width })
    expect(faces(open.residual?.hits)).toBeGreaterThan(0)
    expect(open.residual?.hits.filter(hit => hit.class === 'face' && hit.verdict !== 'could-not-tell')).toEqual([])
    expect(acceptable(open)).toBe(false)
    expect(open).toMatchObject({
      looks: [
        { family: 'detectors', independence: 'same-models', view: { mirrored: true } },
        { family: 'text', independence: 'other-models', view: { mirrored: false } },
      ],
      bounds: [{ method: 'poisson' }, {}],
    })

    const covered = await prove(whole)
    expect(faces(covered.residual?.hits)).toBe(0)
    expect(acceptable(covered)).toBe(covered.residual?.tracks === 0)
    expect(() => canonicalCertificate(covered)).not.toThrow()
  })

  test('its bound follows the rule of three, grows with the hits, and never says more than all', () => {
    expect(boundFor('detectors', 3000, 0)).toMatchObject({
      method: 'rule-of-three',
      framesPerMillion: 1000,
      confidencePercent: 95,
    })
    // Exact Poisson limits (chi-squared quantiles) for 1, 5 and 20 events: 4.744, 10.513, 29.062.
    const limits = [1, 5, 20].map(hits => boundFor('text', 1_000_000, hits).framesPerMillion)
    for (const [i, exact] of [4.744, 10.513, 29.062].entries()) expect(Math.abs(limits[i]! - exact)).toBeLessThan(1.1)
    expect(boundFor('text', 1, 0).framesPerMillion).toBe(1_000_000)
  })
})

function numbersIn(value: unknown): number[] {
  if (typeof value === 'number') return [value]
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(numbersIn) : []
}
