import { createHash } from 'node:crypto'
import { copyFile, mkdir, readdir, readFile, truncate, writeFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { makePlan } from '../../service/redaction/make-plan.ts'
import { builtInModels, loadModels, type Models } from '../../service/redaction/models.ts'
import { parsePlan } from '../../service/redaction/plan.ts'
import { type ClipInfo, defaultLimits, probeClip } from '../../service/redaction/probe.ts'
import { redact } from '../../service/redaction/redact.ts'
import { renderPlan } from '../../service/redaction/render.ts'
import { scanClip } from '../../service/redaction/scan.ts'
import { difference, farthest, ffmpeg, handPlan, inset, motion, rgbFrames, scratch, words, x264 } from './clips.ts'

const faulty = fileURLToPath(new URL('faulty-models/', import.meta.url))
let folder: Awaited<ReturnType<typeof scratch>>
let blind: Models
beforeAll(async () => {
  folder = await scratch()
  blind = await modelsWith('blind')
})
afterAll(() => folder[Symbol.asyncDispose]())

/** Models of which one of faulty-models plans both classes. */
async function modelsWith(name: string): Promise<Models> {
  const own = folder.path(`models-${name}`)
  await mkdir(own)
  await copyFile(join(faulty, `${name}.onnx`), join(own, `${name}.onnx`))
  const bytes = await readFile(join(own, `${name}.onnx`))
  const entry = {
    ...{ name, file: `${name}.onnx`, sha256: createHash('sha256').update(bytes).digest('hex') },
    ...{ adapter: 'dense', channels: 'rgb', columns: ['face'], scorePerMille: 1000 },
  }
  await writeFile(join(own, 'models.json'), JSON.stringify({ models: [entry], plan: { face: [name] } }))
  return await loadModels({ own, builtIn: builtInModels })
}

const lensesOf = (models: Models) => models.planning('face').map(model => ({ model, floors: { face: 0.3 } }))

/** In the middle, where no header is: zeros, or flipped bits. The headers of MPEG-TS packets stay. */
async function spoil(path: string, kind: 'zeros' | 'bits'): Promise<string> {
  const bytes = await readFile(path)
  const middle = Math.floor(bytes.length * 0.45)
  const places =
    kind === 'zeros'
      ? Array.from({ length: 1500 }, (_, i) => middle + i)
      : [0, 1, 2, 3, 4, 5].map(i => middle + i * 700)
  for (const at of places) {
    if (path.endsWith('.ts') && at % 188 < 20) continue
    bytes[at] = kind === 'zeros' ? 0 : bytes[at]! ^ (1 << (at % 8))
  }
  const spoilt = folder.path(`${kind}-${basename(path)}`)
  await writeFile(spoilt, bytes)
  return spoilt
}

/** Frames of a spoilt clip that look different than they did. A frame that is gone is none. */
async function changedFrames(clean: string, spoilt: string): Promise<number[]> {
  const [before, after] = [await probeClip(clean), await probeClip(spoilt, defaultLimits, { decode: true })]
  const [was, is] = [await rgbFrames(clean), await rgbFrames(spoilt)]
  return after.sourcePts.flatMap((pts, n) => {
    const same = was.frames[before.sourcePts.indexOf(pts)]
    if (!same || !is.frames[n]) return []
    const one = { ...was, frames: [same] }
    const other = { ...is, frames: [is.frames[n]!] }
    return difference(one, other, 0, { x: 0, y: 0, w: is.width, h: is.height }) > 0.02 ? [n] : []
  })
}

describe('frames that the decoder had to make up, however it words that, are frames of which nobody could tell', () => {
  test.each([
    ['plain.mp4', '-c:v libx264 -preset veryfast -g 30 -bf 2 -pix_fmt yuv420p'],
    ['slices.mp4', '-c:v libx264 -preset veryfast -g 30 -bf 2 -x264-params slices=4 -pix_fmt yuv420p'],
    ['intra.mkv', '-c:v libx264 -preset veryfast -g 1 -pix_fmt yuv420p'],
    ['jpeg.avi', '-c:v mjpeg -q:v 3 -pix_fmt yuvj420p'],
    ['mpeg2.ts', '-c:v mpeg2video -q:v 3 -g 15 -bf 2 -pix_fmt yuv420p'],
  ])(
    '%s',
    async (name, codec) => {
      const clean = folder.path(name)
      await ffmpeg(...motion(320, 192, 75), ...words(codec), clean)
      const whole = await scanClip(clean, await probeClip(clean), lensesOf(blind), { workers: 1 })
      expect(whole.damaged).toEqual([])
      for (const kind of ['zeros', 'bits'] as const) {
        const spoilt = await spoil(clean, kind)
        const changed = await changedFrames(clean, spoilt)
        // What redact does where the index lists a frame that the decoder drops.
        const counted = await probeClip(spoilt, defaultLimits, { decode: true })
        const { damaged } = await scanClip(spoilt, counted, lensesOf(blind), { workers: 1 })
        const told = (n: number) => damaged.some(([first, last]) => n >= first && n <= last)
        expect(changed.length, kind).toBeGreaterThan(0)
        expect(
          changed.filter(n => !told(n)),
          kind,
        ).toEqual([])
        expect(
          damaged.reduce((sum, [first, last]) => sum + last - first + 1, 0),
          kind,
        ).toBeLessThan(50)
      }
    },
    60_000,
  )

  test('and the copy shows none of them', async () => {
    const spoilt = await spoil(folder.path('plain.mp4'), 'bits')
    const output = folder.path('blanked.mp4')
    const made = await redact({ input: spoilt, output, classes: ['face'], models: blind, workers: 1 })
    const { couldNotTell } = parsePlan(made.plan)
    expect(couldNotTell.length).toBeGreaterThan(0)
    const copy = await rgbFrames(output)
    expect(copy.frames).toHaveLength(made.clip.frames)
    for (const [first, last] of couldNotTell) {
      for (let n = first; n <= last; n++)
        expect(farthest(copy, n, { x: 0, y: 0, w: copy.width, h: copy.height }, [0, 0, 0]), `frame ${n}`).toBeLessThan(
          13,
        )
    }
  }, 60_000)
})

/** A box on one frame, on its neighbours, on the last: each holds on its frames and on no other. */
async function boxesOff(path: string, clip: ClipInfo): Promise<string[]> {
  const box = { x: 32, y: 24, w: 96, h: 64 }
  const middle = Math.floor(clip.frames / 2)
  const covered = new Set([0, middle, middle + 2, clip.frames - 1])
  const plan = handPlan(
    clip,
    [...covered].map(n => [n, n, box.x, box.y, box.w, box.h]),
  )
  const out = `${path}.copy.mp4`
  // Finer than usual: a box that lasts one frame is as constant as its encoding.
  await renderPlan(path, clip, plan, out, { crf: 6 })
  const [before, after] = [await rgbFrames(path), await rgbFrames(out)]
  if (after.frames.length !== clip.frames) return [`${after.frames.length} frames of ${clip.frames}`]
  return clip.pts.flatMap((_, n) => {
    const isCovered = farthest(after, n, inset(box, 4), [0, 0, 0]) <= 12
    const hid = covered.has(n) && !isCovered ? [`frame ${n} is open`] : []
    const isOwn = before.width !== after.width || covered.has(n) || difference(before, after, n, inset(box, 4)) < 20
    return [...hid, ...(isOwn ? [] : [`frame ${n} is covered`])]
  })
}

describe('every box stands on exactly its frames', () => {
  test.each([
    ['one frame a second', 1, 8, []],
    ['120 frames a second', 120, 90, []],
    ['240 frames a second', 240, 90, []],
    ['1000 frames a second', 1000, 90, ['-video_track_timescale', '1000000']],
  ] as const)(
    'at %s',
    async (_, rate, frames, more) => {
      const path = folder.path(`rate-${rate}.mp4`)
      await ffmpeg(...motion(320, 192, frames, rate), ...x264, ...words('-g 30 -bf 2 -preset veryfast'), ...more, path)
      const clip = await probeClip(path)
      expect(clip.frames).toBe(frames)
      expect(await boxesOff(path, clip)).toEqual([])
    },
    60_000,
  )

  test('where the rate goes from 120 frames a second to one and back', async () => {
    const path = folder.path('variable.mp4')
    const times = "setpts='if(lt(N,40),N,if(lt(N,46),40+(N-40)*120,760+N-46))'"
    await ffmpeg(
      ...[...motion(320, 192, 80, 120), '-vf', times, '-fps_mode', 'passthrough', '-video_track_timescale', '90000'],
      ...[...x264, path],
    )
    const clip = await probeClip(path)
    expect([clip.frames, clip.variableRate]).toEqual([80, true])
    expect(await boxesOff(path, clip)).toEqual([])
  }, 60_000)

  test('where frames lie seconds apart, as in a time lapse, and none of them is lost', async () => {
    const path = folder.path('lapse.mp4')
    const times = '-vf setpts=N*6.25/TB -fps_mode passthrough -enc_time_base 1:16'
    await ffmpeg(...motion(320, 192, 80), ...words(times), ...x264, path)
    const clip = await probeClip(path)
    expect(clip.frames).toBe(80)
    expect(await boxesOff(path, clip)).toEqual([])
    expect((await probeClip(`${path}.copy.mp4`)).frames).toBe(80)
  }, 60_000)

  test.each([
    ['larger', 640, 384],
    ['smaller', 160, 96],
    ['another shape', 256, 352],
  ])(
    'where the picture changes its size in mid-stream to %s',
    async (name, width, height) => {
      const path = folder.path(`size-${width}.ts`)
      const parts = [folder.path(`${name}-a.ts`), folder.path(`${name}-b.ts`)]
      await ffmpeg(...motion(320, 192, 25), ...x264, '-f', 'mpegts', parts[0]!)
      await ffmpeg(...motion(width, height, 25), ...x264, ...words('-f mpegts -output_ts_offset 1'), parts[1]!)
      await writeFile(path, Buffer.concat(await Promise.all(parts.map(part => readFile(part)))))
      const clip = await probeClip(path)
      expect([clip.frames, clip.width, clip.height]).toEqual([50, 320, 192])
      const out = `${path}.copy.mp4`
      const whole = handPlan(clip, [[0, 49, 32, 24, 96, 64]])
      await renderPlan(path, clip, whole, out)
      const copy = await rgbFrames(out)
      expect([copy.frames.length, copy.width, copy.height]).toEqual([50, 320, 192])
      for (let n = 0; n < 50; n++)
        expect(farthest(copy, n, inset({ x: 32, y: 24, w: 96, h: 64 }, 4), [0, 0, 0]), `frame ${n}`).toBeLessThan(13)
      const { frames } = await scanClip(path, clip, lensesOf(blind), { workers: 1 })
      expect(frames).toHaveLength(50)
    },
    60_000,
  )
})

describe('a clip with nothing to see', () => {
  test('that is black: nothing is found, and nothing is in doubt', async () => {
    const path = folder.path('black.mp4')
    await ffmpeg('-f', 'lavfi', '-i', 'color=black:s=640x360:r=25:d=2', ...x264, path)
    const models = await loadModels()
    const output = folder.path('black-copy.mp4')
    const made = await redact({ input: path, output, classes: ['face', 'plate'], models, workers: 1, prove: true })
    expect(made).toMatchObject({ tracks: {}, coveredFrames: 0, couldNotTellFrames: 0 })
    expect((await probeClip(output)).frames).toBe(50)
  }, 60_000)

  test('of one frame is redacted like any other', async () => {
    const path = folder.path('single.mp4')
    await ffmpeg(...motion(320, 192, 1), ...x264, path)
    const output = folder.path('single-copy.mp4')
    const made = await redact({ input: path, output, classes: ['face'], models: blind, workers: 2, prove: true })
    expect(made.clip.frames).toBe(1)
    expect((await rgbFrames(output)).frames).toHaveLength(1)
  }, 60_000)

  test('of no bytes, or with a header that promises more than there is, is refused by name', async () => {
    const path = folder.path('promise.mp4')
    await ffmpeg(...motion(320, 192, 25), ...x264, '-movflags', '+faststart', path)
    await truncate(path, 3000)
    await writeFile(folder.path('none.mp4'), '')
    for (const input of [path, folder.path('none.mp4')]) {
      const output = folder.path('refused.mp4')
      const made = redact({ input, output, classes: ['face'], models: blind, workers: 1, limits: defaultLimits })
      await expect(made).rejects.toMatchObject({ type: 'clip-not-video' })
      expect(await readFile(output).catch(() => undefined)).toBeUndefined()
    }
  })
})

describe('a detector that is not well ends its job, and nothing of it is left', () => {
  test.each([
    ['nan', 'a number that is none'],
    ['throws', 'out of data bounds'],
  ])(
    '%s',
    async (name, why) => {
      await using place = await scratch()
      const input = folder.path(`for-${name}.mp4`)
      await ffmpeg(...motion(320, 192, 25), ...x264, input)
      await writeFile(place.path('copy.mp4'), 'an older one')
      const models = await modelsWith(name)
      const made = redact({ input, output: place.path('copy.mp4'), classes: ['face'], models, workers: 2 })
      await expect(made).rejects.toMatchObject({
        type: 'redaction-failed',
        details: { cause: { message: expect.stringContaining(why) } },
      })
      expect(await readdir(place.path('.'))).toEqual(['copy.mp4'])
      expect(await readFile(place.path('copy.mp4'), 'utf8')).toBe('an older one')
      expect(await detectors()).toEqual([])
    },
    60_000,
  )

  test('hangs: after a time it is killed', async () => {
    const input = folder.path('for-hangs.mp4')
    await ffmpeg(...motion(320, 192, 25), ...x264, input)
    const clip = await probeClip(input)
    const models = await modelsWith('hangs')
    const made = makePlan(input, clip, { classes: ['face'], models, workers: 2, pictureMs: 1500 })
    await expect(made).rejects.toMatchObject({
      type: 'redaction-failed',
      details: { cause: { message: 'a worker gave no answer for 1500 ms' } },
    })
    expect(await detectors()).toEqual([])
  }, 60_000)

  test('hangs, and the job is aborted: it is killed at once', async () => {
    const input = folder.path('for-abort.mp4')
    await ffmpeg(...motion(320, 192, 25), ...x264, input)
    const clip = await probeClip(input)
    const abort = new AbortController()
    const options = {
      classes: ['face'] as const,
      models: await loadModels({ own: folder.path('models-hangs') }),
      workers: 1,
    }
    const made = makePlan(input, clip, { ...options, signal: abort.signal })
    while ((await detectors()).length === 0) await new Promise(resolve => setTimeout(resolve, 20))
    abort.abort(new Error('enough'))
    await expect(made).rejects.toThrow('enough')
    expect(await detectors()).toEqual([])
  }, 60_000)

  test('dies: whoever waited for it is told', async () => {
    const input = folder.path('for-death.mp4')
    await ffmpeg(...motion(320, 192, 25), ...x264, input)
    const models = await loadModels({ own: folder.path('models-hangs') })
    const made = makePlan(input, await probeClip(input), { classes: ['face'], models, workers: 1 })
    const failed = expect(made).rejects.toMatchObject({
      type: 'redaction-failed',
      details: { cause: { message: expect.stringMatching(/^a worker ended with SIGKILL/) } },
    })
    let pid: number | undefined
    while (pid === undefined) {
      await new Promise(resolve => setTimeout(resolve, 20))
      ;[pid] = await detectors()
    }
    process.kill(pid, 'SIGKILL')
    await failed
  }, 60_000)
})

/** Detector processes that this process has started. */
async function detectors(): Promise<number[]> {
  const found: number[] = []
  for (const name of await readdir('/proc')) {
    if (!/^\d+$/.test(name)) continue
    const command = await readFile(`/proc/${name}/cmdline`, 'utf8').catch(() => '')
    const status = await readFile(`/proc/${name}/stat`, 'utf8').catch(() => '')
    const parent = Number(/\) \w (\d+)/.exec(status)?.[1])
    if (command.includes('detect-worker') && parent === process.pid) found.push(Number(name))
  }
  return found
}
