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
import type { TextBox } from '../../service/redaction/text-boxes.ts'
import { lineOf } from '../../service/redaction/text-line.ts'
import { lookForText } from '../../service/redaction/text-look.ts'
import type { Lines } from '../../service/redaction/text-worker.ts'
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

describe('while writing is read', () => {
  const size = { width: 320, height: 180 }
  const line: TextBox = { x: 100, y: 60, along: 80, across: 20, angle: 0, score: 0.9 }
  const nothing = { covers: [], visible: [] }
  const luma = Uint8Array.from({ length: size.width * size.height * 1.5 }, (_, i) => 16 + ((i * 7919) % 200))

  test('the copy goes on, and what is read is the frame that was shown', async () => {
    const looked = Promise.withResolvers<TextBox[]>()
    const read: Lines[] = []
    const look = lookForText(size, [nothing, nothing], {
      look: () => looked.promise,
      judge: async lines => {
        read.push(lines)
        return 'plate-like'
      },
      [Symbol.asyncDispose]: async () => {},
    })
    const planes = luma.slice()
    await look.take({ ...size, planes }, 0)
    planes.fill(0)
    looked.resolve([line])
    expect((await look.end()).tracks).toMatchObject([{ first: 0, verdict: 'plate-like' }])
    const shown = { ...size, pixels: luma.subarray(0, size.width * size.height) }
    const halved = {
      ...line,
      x: line.x / 2,
      y: (line.y * 180) / 352,
      along: line.along / 2,
      across: (line.across * 180) / 352,
    }
    expect(read.map(({ lines }) => lines)).toEqual([[lineOf(shown, halved)]])
  })

  test('a reader that is lost ends the look at the next frame that is to be read, and at the end', async () => {
    const lost = new Error('lost')
    const family = {
      look: () => Promise.reject(lost),
      judge: () => Promise.reject(lost),
      [Symbol.asyncDispose]: async () => {},
    }
    const look = lookForText(size, [nothing, nothing, nothing], family)
    await look.take({ ...size, planes: luma }, 0)
    await expect(look.take({ ...size, planes: luma }, 20)).rejects.toBe(lost)
    await expect(look.end()).rejects.toBe(lost)
  })
})
