import { describe, expect, test } from 'vitest'
import { ffmpeg, motion, scratch, x264 } from './clips.ts'
import { measureLeak, type Truth, type TruthBox } from './leak-truth.ts'

const size = [160, 96] as const
const frames = 10

/** A face of 40 x 40 that stands at 60, 20 on all frames. */
const truth: Truth = {
  frames: Array.from({ length: frames }, (_, k) => k),
  boxes: Array.from({ length: frames }, (_, frame) => face(frame)),
}

function face(frame: number): TruthBox {
  return { frame, class: 'face', track: 'face-1', x: 60, y: 20, w: 40, h: 40 }
}

/** Covers by `drawbox` what the filter says. */
async function measured(filter: string, colour = 'black', options = {}) {
  await using folder = await scratch()
  const [original, redacted] = [folder.path('original.mp4'), folder.path('redacted.mp4')]
  await ffmpeg(...motion(...size, frames), ...x264, '-crf', '10', original)
  await ffmpeg('-i', original, '-vf', filter.replaceAll('COLOUR', `${colour}:t=fill`), ...x264, '-crf', '10', redacted)
  return await measureLeak(original, redacted, truth, options)
}

describe('the measure of leaks', () => {
  test('calls a face closed when a box holds it on every frame, and counts what the box covers beyond it', async () => {
    const report = await measured('drawbox=50:10:60:60:COLOUR')
    expect(report.classes.face).toMatchObject({ boxes: 10, frames: 10, leakedFrames: 0, longestLeakedRun: 0 })
    expect(report.classes.face.worstOpen).toBe(0)
    expect(report.overRedaction).toBeGreaterThan(((60 * 60 - 40 * 40) / (160 * 96)) * 0.85)
    expect(report.overRedaction).toBeLessThanOrEqual((60 * 60 - 40 * 40) / (160 * 96))
  })

  test('calls every face open in a clip that nobody redacted', async () => {
    const report = await measured('null')
    expect(report.classes.face).toMatchObject({ leakedFrames: 10, frameLeakRate: 1, longestLeakedRun: 10 })
    expect(report.classes.face.worstOpen).toBeGreaterThan(0.99)
  })

  test('calls a face leaked when a fifth of it sticks out', async () => {
    const report = await measured('drawbox=68:20:60:60:COLOUR')
    expect(report.classes.face.leakedFrames).toBe(10)
    expect(report.classes.face.meanOpen).toBeGreaterThan(0.15)
    expect(report.classes.face.meanOpen).toBeLessThan(0.3)
  })

  test('finds the frames that a plan skipped, and how many in a row', async () => {
    const report = await measured("drawbox=50:10:60:60:COLOUR:enable='not(between(n,3,6)+eq(n,9))'")
    expect(report.classes.face).toMatchObject({ leakedFrames: 5, longestLeakedRun: 4 })
    expect(report.leaked.map(each => each.frame)).toEqual([3, 4, 5, 6, 9])
  })

  test('knows the fill by its colour', async () => {
    const filter = 'drawbox=50:10:60:60:COLOUR'
    expect((await measured(filter, '0x3060a0', { fill: '#3060a0' })).classes.face.leakedFrames).toBe(0)
    expect((await measured(filter, '0x3060a0')).classes.face.leakedFrames).toBe(10)
  })

  test('takes a face blurred or darkened for an open one', async () => {
    expect((await measured('gblur=sigma=6')).classes.face.leakedFrames).toBe(10)
    expect((await measured('eq=brightness=-0.1')).classes.face.leakedFrames).toBe(10)
  })

  test('refuses clips of different length, and truth beyond the end', async () => {
    await expect(measured("select='lt(n,8)'")).rejects.toThrow('ends after 8 frames')
    await using folder = await scratch()
    await ffmpeg(...motion(...size, 4), ...x264, folder.path('short.mp4'))
    await expect(measureLeak(folder.path('short.mp4'), folder.path('short.mp4'), truth)).rejects.toThrow('frame 9')
  })
})
