import { readFile, truncate, writeFile } from 'node:fs/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { parseFill } from '../../service/redaction/colour.ts'
import type { BoxRun } from '../../service/redaction/plan.ts'
import { type ClipInfo, FramesDiffer, probeClip } from '../../service/redaction/probe.ts'
import { checkCopy, measureFill } from '../../service/redaction/prove.ts'
import { type RenderOptions, renderPlan } from '../../service/redaction/render.ts'
import {
  difference,
  farthest,
  ffmpeg,
  ffprobe,
  handPlan,
  inset,
  motion,
  rgbFrames,
  scratch,
  words,
  x264,
} from './clips.ts'
import { rewrite, setMatrix } from './mp4.ts'

let folder: Awaited<ReturnType<typeof scratch>>
beforeAll(async () => {
  folder = await scratch()
})
afterAll(() => folder[Symbol.asyncDispose]())

const bFrames = [...x264, '-preset', 'veryfast', '-bf', '3', '-g', '12']

/** Microseconds that no frame rate explains. */
const jitter =
  "-vf settb=1/1000000,setpts='N*40000+mod(N*7919,20000)' -fps_mode passthrough -enc_time_base 1:1000000 -video_track_timescale 1000000"

async function make(name: string, ...args: string[]): Promise<string> {
  await ffmpeg(...motion(160, 120, 20), ...(args.length > 0 ? args : bFrames), folder.path(name))
  return folder.path(name)
}

/** One box that is there on every other frame only, and one that is somewhere else on every frame. */
function restless({ frames, width, height }: ClipInfo): { blinking: BoxRun[]; moving: BoxRun[] } {
  const w = Math.floor(width / 8) * 2
  const h = Math.floor(height / 8) * 2
  const all = Array.from({ length: frames }, (_, n) => n)
  return {
    blinking: all.filter(n => n % 2 === 0).map(n => [n, n, 2, 2, w, h]),
    moving: all.map(n => [n, n, 4 * ((n * 7) % 11), h + 4 + 2 * (n % 5), w, h]),
  }
}

/** Renders the restless boxes and names each frame on which a box is missing, late, early or of another colour. */
async function faultsOf(input: string, options: RenderOptions = {}): Promise<string[]> {
  const clip = await probeClip(input)
  const { blinking, moving } = restless(clip)
  const out = folder.path('out.mp4')
  const { width, height } = await renderPlan(input, clip, handPlan(clip, blinking, moving), out, options)
  const before = await rgbFrames(input)
  const after = await rgbFrames(out)
  const fill = parseFill(options.fill ?? '#000000')
  const faults = [
    ...(after.frames.length === clip.frames ? [] : [`${after.frames.length} frames of ${clip.frames}`]),
    ...(after.width === width && after.height === height ? [] : ['size']),
  ]
  const [, , x, y, w, h] = blinking[0]!
  for (let n = 0; n < Math.min(clip.frames, after.frames.length); n++) {
    const [, , left, top] = moving[n]!
    const moved = farthest(after, n, inset({ x: left, y: top, w, h }, 4), fill)
    if (moved > 12) faults.push(`frame ${n}: the moving box is ${moved} away from the fill`)
    const blinked = farthest(after, n, inset({ x, y, w, h }, 4), fill)
    if (n % 2 === 0 && blinked > 12) faults.push(`frame ${n}: the blinking box is ${blinked} away from the fill`)
    const change = n % 2 === 1 ? difference(before, after, n, inset({ x, y, w, h }, 4)) : 0
    if (change > 20) faults.push(`frame ${n}: the blinking box covers a frame that is not its own (${change})`)
  }
  return [...faults, ...(await timeFaults(clip, out))]
}

async function timeFaults(clip: ClipInfo, out: string): Promise<string[]> {
  const copy = await probeClip(out)
  const seconds = (of: ClipInfo, n: number) => (of.pts[n]! * of.timeBase.num) / of.timeBase.den
  const tick = clip.timeBase.num / clip.timeBase.den
  const off = clip.pts.map((_, n) => Math.abs(seconds(copy, n) - seconds(clip, n))).filter(d => !(d <= tick * 1.001))
  return off.length > 0 ? [`${off.length} frames are off their time`] : []
}

describe('every box stands on exactly its frames, and every frame at its time', () => {
  test.each<[name: string, args: string[]]>([
    ['b-frames.mp4', bFrames],
    ['milliseconds.mkv', [...bFrames, '-r', '30000/1001']],
    ['start.ts', [...bFrames, '-output_ts_offset', '3600']],
    ['divx.avi', ['-c:v', 'mpeg4', '-q:v', '2', '-bf', '2']],
    [
      'variable.mp4',
      [...bFrames, '-vf', "setpts='N*(N+5)*100'", '-fps_mode', 'passthrough', '-video_track_timescale', '90000'],
    ],
    ['nanoseconds.mp4', [...bFrames, ...words(jitter)]],
  ])('%s', async (name, args) => {
    expect(await faultsOf(await make(name, ...args))).toEqual([])
  })

  test('a clip cut by an edit list, whose first time is negative', async () => {
    const whole = await make('whole.mp4', ...bFrames, '-g', '50')
    await ffmpeg('-ss', '0.2', '-i', whole, '-c', 'copy', folder.path('edited.mp4'))
    expect((await probeClip(folder.path('edited.mp4'))).frames).toBeLessThan(20)
    expect(await faultsOf(folder.path('edited.mp4'))).toEqual([])
  })

  test('an MPEG-TS whose clock jumps backwards, repaired', async () => {
    const part = await readFile(await make('part.ts'))
    await writeFile(folder.path('jump.ts'), Buffer.concat([part, part]))
    expect((await probeClip(folder.path('jump.ts'))).repairs).toBeGreaterThan(0)
    expect(await faultsOf(folder.path('jump.ts'))).toEqual([])
  })

  test('a clip that ends in the middle of a frame', async () => {
    const path = await make('cut.mp4', ...bFrames, '-movflags', '+faststart')
    await truncate(path, Math.floor((await readFile(path)).length * 0.7))
    expect(await faultsOf(path)).toEqual([])
  })
})

describe('the fill is what was asked for, whatever the clip is made of', () => {
  test.each<[name: string, args: string[]]>([
    ['full-range.mp4', ['-vf', 'scale=out_range=pc', ...bFrames, '-pix_fmt', 'yuvj420p']],
    [
      'bt709.mp4',
      [
        ...words('-vf scale=out_color_matrix=bt709'),
        ...bFrames,
        ...words('-colorspace bt709 -color_primaries bt709 -color_trc bt709'),
      ],
    ],
    [
      'ten-bit-bt2020.mp4',
      [
        ...words('-vf scale=out_color_matrix=bt2020'),
        ...bFrames,
        ...words('-pix_fmt yuv420p10le -colorspace bt2020nc -color_primaries bt2020 -color_trc bt2020-10'),
      ],
    ],
    [
      'ten-bit-full-range.mp4',
      ['-vf', 'scale=out_range=pc', ...bFrames, ...words('-pix_fmt yuv420p10le -color_range pc')],
    ],
    ['yuv444.mp4', [...bFrames, '-pix_fmt', 'yuv444p']],
    ['rgb.mp4', ['-c:v', 'libx264rgb', '-preset', 'ultrafast', '-pix_fmt', 'rgb24']],
    ['jpeg.mkv', ['-c:v', 'mjpeg', '-q:v', '2', '-pix_fmt', 'yuvj422p']],
  ])('%s', async (name, args) => {
    const path = await make(name, ...args)
    expect(await faultsOf(path, { fill: '#000000', crf: 10 })).toEqual([])
    expect(await faultsOf(path, { fill: '#C02080', crf: 10 })).toEqual([])
  })

  test('odd dimensions are padded to even ones, and nothing is cut away', async () => {
    const path = await make('odd.mp4', '-vf', 'format=yuv444p,scale=161:121', ...bFrames, '-pix_fmt', 'yuv444p')
    expect(await faultsOf(path)).toEqual([])

    const orange = folder.path('orange.mp4')
    await ffmpeg(
      ...words('-f lavfi -i color=c=#ffa500:s=160x120:d=0.2 -vf format=yuv444p,scale=161:121 -c:v libx264'),
      orange,
    )
    const clip = await probeClip(orange)
    await renderPlan(orange, clip, handPlan(clip), folder.path('out.mp4'))
    const out = await rgbFrames(folder.path('out.mp4'))
    expect([clip.width, clip.height, out.width, out.height]).toEqual([161, 121, 162, 122])
    expect(farthest(out, 2, { x: 0, y: 0, w: 162, h: 122 }, [255, 165, 0])).toBeLessThanOrEqual(12)
  })

  test('the copy is tagged as 8-bit 4:2:0 in limited range, with its matrix', async () => {
    await faultsOf(await make('tags.mp4', '-vf', 'scale=out_color_matrix=bt709', ...bFrames, '-colorspace', 'bt709'))
    const shown = ['-show_entries', 'stream=pix_fmt,color_range,color_space', '-of', 'csv=p=0', folder.path('out.mp4')]
    expect((await ffprobe(...shown)).trim()).toBe('yuv420p,tv,bt709')
  })
})

test.each([
  ['a quarter clockwise', [0, 1, -1, 0]],
  ['upside down', [-1, 0, 0, -1]],
  ['a quarter back', [0, -1, 1, 0]],
  ['mirrored', [-1, 0, 0, 1]],
] as const)('boxes are measured in the frame as shown: %s', async (_, matrix) => {
  await rewrite(await make('upright.mp4'), folder.path('turned.mp4'), bytes => setMatrix(bytes, matrix))
  expect(await faultsOf(folder.path('turned.mp4'))).toEqual([])
  expect(await ffprobe('-show_entries', 'stream_side_data', folder.path('out.mp4'))).not.toContain('matrix')
})

describe('what a plan asks for beyond its tracks', () => {
  test('frames of which it could not tell are blanked, unless that is not wanted', async () => {
    const path = await make('unsure.mp4')
    const clip = await probeClip(path)
    const plan = { ...handPlan(clip), couldNotTell: [[3, 5]] as [number, number][] }
    const whole = { x: 0, y: 0, w: 160, h: 120 }
    const blank = async (options: RenderOptions) => {
      await renderPlan(path, clip, plan, folder.path('out.mp4'), options)
      const out = await rgbFrames(folder.path('out.mp4'))
      return out.frames.flatMap((_, n) => (farthest(out, n, whole, [0, 0, 0]) <= 12 ? [n] : []))
    }
    expect(await blank({})).toEqual([3, 4, 5])
    expect(await blank({ blankWhereUnsure: false })).toEqual([])
  })

  test.each([
    [60, 'slots'],
    [450, 'mask'],
  ])('%i boxes at once, drawn by %s', async (count, way) => {
    const path = await make('many.mp4')
    const clip = await probeClip(path)
    const at = (i: number) => ({ x: (i % 10) * 16, y: (Math.floor(i / 10) % 6) * 20, w: 12, h: 12 })
    const runs = Array.from({ length: count }, (_, i): BoxRun[] => [[4, 15, at(i).x, at(i).y, 12, 12]])
    const { drawnBy } = await renderPlan(path, clip, handPlan(clip, ...runs), folder.path('out.mp4'), { crf: 10 })
    expect(drawnBy).toBe(way)
    const [before, after] = [await rgbFrames(path), await rgbFrames(folder.path('out.mp4'))]
    for (let i = 0; i < 60; i++) {
      for (const n of [4, 9, 15]) expect(farthest(after, n, inset(at(i), 4), [0, 0, 0])).toBeLessThanOrEqual(12)
      for (const n of [3, 16]) expect(difference(before, after, n, at(i))).toBeLessThan(25)
    }
  })
})

describe('a script that is too long for sendcmd gives way to a mask, with the same result', () => {
  test.each<[name: string, args: string[]]>([
    ['long.mp4', bFrames],
    ['long-variable.mkv', [...bFrames, ...words(jitter)]],
    ['long-turned.mp4', bFrames],
  ])('%s', async (name, args) => {
    const path = folder.path(name)
    await ffmpeg(...motion(160, 120, 400), ...args, path)
    if (name === 'long-turned.mp4') await rewrite(path, path, bytes => setMatrix(bytes, [0, 1, -1, 0]))
    const clip = await probeClip(path)
    const { blinking, moving } = restless(clip)
    const more = Array.from({ length: 16 }, (_, i) =>
      moving.map(([a, b, x, y, w, h]): BoxRun => [a, b, x + 2 * (i % 8), y + 2 * (i % 2), w, h]),
    )
    const plan = handPlan(clip, blinking, ...more)
    const out = folder.path('out.mp4')
    const rendered = await renderPlan(path, clip, plan, out, { fill: '#3060c0', crf: 10 })
    expect(rendered.drawnBy).toBe('mask')
    const { certificate } = await measureFill(out, await checkCopy(out, clip, plan, rendered))
    expect(certificate).toMatchObject({
      frames: { decoded: 400, farthestTickPerMille: 0 },
      fill: { framesBeyond: [] },
      metadata: [],
    })
    const [before, after] = [await rgbFrames(path), await rgbFrames(out)]
    const [, , x, y, w, h] = blinking[0]!
    const late = clip.pts.flatMap((_, n) =>
      n % 2 === 1 && difference(before, after, n, inset({ x, y, w, h }, 4)) > 20 ? [n] : [],
    )
    expect(late).toEqual([])
  })
})

test('the same plan gives the same bytes', async () => {
  const path = await make('same.mp4')
  const clip = await probeClip(path)
  const plan = handPlan(clip, restless(clip).moving)
  await renderPlan(path, clip, plan, folder.path('one.mp4'))
  await renderPlan(path, clip, plan, folder.path('two.mp4'))
  expect((await readFile(folder.path('one.mp4'))).equals(await readFile(folder.path('two.mp4')))).toBe(true)
})

test('a clip info that does not fit the frames is noticed while rendering', async () => {
  const path = await make('fits.mp4')
  const clip = await probeClip(path)
  const render = (info: ClipInfo) => renderPlan(path, info, handPlan(clip), folder.path('out.mp4'))
  const late = { ...clip, pts: clip.pts.map((t, n) => (n > 9 ? t + 1 : t)), sourcePts: clip.sourcePts }
  const short = { ...clip, frames: 19, pts: clip.pts.slice(0, 19), sourcePts: clip.sourcePts.slice(0, 19) }
  await expect(render({ ...late, sourcePts: late.pts })).rejects.toThrow(FramesDiffer)
  await expect(render(short)).rejects.toThrow(FramesDiffer)
})
