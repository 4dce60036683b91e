/** The second family at work on copies that are made on the spot, with writing that no font is needed for. */
import sharp from 'sharp'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { acceptable, canonicalCertificate, type LeakCertificate } from '../../service/redaction/certificate.ts'
import { loadModels } from '../../service/redaction/models.ts'
import type { BoxRun, RedactionPlan } from '../../service/redaction/plan.ts'
import { probeClip } from '../../service/redaction/probe.ts'
import { checkCopy, proveRedaction } from '../../service/redaction/prove.ts'
import { renderPlan } from '../../service/redaction/render.ts'
import { strokes } from '../../service/redaction/strokes.ts'
import { ffmpeg, handPlan, scratch, words, x264 } from './clips.ts'

let folder: Awaited<ReturnType<typeof scratch>>
const frames = 12
const [width, height] = [640, 368]
/** Where the plate lies. */
const plateBox = { x: 240, y: 220, w: 180, h: 44 }
/** Somewhere else. */
const elsewhere: BoxRun[] = [[0, frames - 1, 20, 300, 60, 40]]

beforeAll(async () => {
  folder = await scratch()
  await still('plate', [{ text: 'AB41 EFT', ...plateBox }])
  await still('clock', [
    { text: '14:07:52', x: 20, y: 14, w: 150, h: 30 },
    { text: '21.08.2024', x: 440, y: 14, w: 180, h: 30 },
  ])
})
afterAll(() => folder[Symbol.asyncDispose]())

/** A clip of writing on cards, over a grey ground with a little texture. */
async function still(name: string, cards: { text: string; x: number; y: number; w: number; h: number }[]) {
  const layers = cards.map(({ text, x, y, w, h }) => {
    const card = `<svg xmlns="http://www.w3.org/2000/svg" width="${w}" height="${h}"><rect width="${w}" height="${h}" fill="#f4f4f0"/></svg>`
    return [
      { input: Buffer.from(card), left: x, top: y },
      {
        input: Buffer.from(strokes(text, Math.round(h * 0.72), '#101010')),
        left: x + 12,
        top: y + Math.round(h * 0.14),
      },
    ]
  })
  const ground = sharp({ create: { width, height, channels: 3, background: '#5a5f66' } })
  await ground
    .composite(layers.flat())
    .png()
    .toFile(folder.path(`${name}.png`))
  const input = ['-loop', '1', '-framerate', '10', '-i', folder.path(`${name}.png`), '-frames:v', String(frames)]
  await ffmpeg(...input, ...words('-vf noise=alls=6:allf=t'), ...x264, '-crf', '12', folder.path(`${name}.mp4`))
}

async function prove(name: string, ...tracks: BoxRun[][]): Promise<LeakCertificate> {
  return proveBy(name, handPlan(await probeClip(folder.path(`${name}.mp4`)), ...tracks))
}

async function proveBy(name: string, plan: RedactionPlan): Promise<LeakCertificate> {
  const [path, out] = [folder.path(`${name}.mp4`), folder.path('out.mp4')]
  const clip = await probeClip(path)
  const checked = await checkCopy(out, clip, plan, await renderPlan(path, clip, plan, out))
  const options = { classes: ['plate'] as const, models: await loadModels(), workers: 1 }
  const certificate = await proveRedaction(path, clip, out, checked, options)
  expect(() => canonicalCertificate(certificate)).not.toThrow()
  return certificate
}

describe('writing that the plan left open', () => {
  test('a plate is caught by the family that reads, whatever the detectors say', async () => {
    const certificate = await prove('plate', elsewhere)
    const read = certificate.residual?.hits.filter(hit => hit.family === 'text')
    expect(read).toMatchObject([{ class: 'plate', verdict: 'plate-like', first: 0, last: frames - 1 }])
    expect(acceptable(certificate)).toBe(false)
    expect(certificate.looks?.map(({ independence }) => independence)).toEqual(['same-models', 'other-models'])
    expect(certificate.bounds?.find(({ family }) => family === 'text')).toMatchObject({ method: 'poisson' })
    expect(canonicalCertificate(certificate)).not.toMatch(/AB41|EFT/)
  })

  test('the same plate under a cover is nowhere', async () => {
    const { x, y, w, h } = plateBox
    const certificate = await prove('plate', [[0, frames - 1, x - 10, y - 10, w + 20, h + 20]])
    expect(certificate.residual).toEqual({ tracks: 0, frames: 0, hits: [] })
    expect(acceptable(certificate)).toBe(true)
  })

  test('a burned-in clock alone lets the copy go, and is listed', async () => {
    const certificate = await prove('clock', elsewhere)
    expect(certificate.residual?.hits).toEqual([])
    expect(acceptable(certificate)).toBe(true)
    expect(certificate.harmless?.map(({ verdict }) => verdict)).toContain('other-text')
  })

  test('a plate that a person chose to keep visible blocks nothing, and is listed apart', async () => {
    const clip = await probeClip(folder.path('plate.mp4'))
    const { x, y, w, h } = plateBox
    const plan = handPlan(clip, elsewhere, [[0, frames - 1, x - 4, y - 4, w + 8, h + 8]])
    const [covered, chosen] = plan.tracks
    const certificate = await proveBy('plate', { ...plan, tracks: [covered!, { ...chosen!, visible: true }] })
    expect(certificate.residual?.tracks).toBe(0)
    expect(certificate.keptVisible?.length).toBeGreaterThan(0)
    expect(certificate.keptVisible?.some(hit => 'verdict' in hit)).toBe(false)
    expect(acceptable(certificate)).toBe(true)
  })
})
