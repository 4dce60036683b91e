import { readFile, truncate, writeFile } from 'node:fs/promises'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { parseFill } from '../../service/redaction/colour.ts'
import { type Cover, coversOf } from '../../service/redaction/covers.ts'
import { drawScript } from '../../service/redaction/draw-commands.ts'
import type { BoxRun } from '../../service/redaction/plan.ts'
import { type ClipInfo, FramesDiffer, probeClip } from '../../service/redaction/probe.ts'
import { type RenderOptions, renderPlan } from '../../service/redaction/render.ts'
import { difference, farthest, ffmpeg, ffprobe, handPlan, inset, motion, rgbFrames, scratch, x264 } from './clips.ts'
import { rewrite, setMatrix } from './mp4.ts'

let folder: Awaited<ReturnType<typeof scratch>>
beforeAll(async () => {
  folder = await scratch()
})
afterAll(() => folder[Symbol.asyncDispose]())

const bFrames = [...x264, '-preset', 'veryfast', '-bf', '3', '-g', '12']

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
    [
      'nanoseconds.mp4',
      [
        ...bFrames,
        '-vf',
        "settb=1/1000000,setpts='N*40000+mod(N*7919,20000)'",
        '-fps_mode',
        'passthrough',
        '-enc_time_base',
        '1:1000000',
        '-video_track_timescale',
        '1000000',
      ],
    ],
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
        '-vf',
        'scale=out_color_matrix=bt709',
        ...bFrames,
        '-colorspace',
        'bt709',
        '-color_primaries',
        'bt709',
        '-color_trc',
        'bt709',
      ],
    ],
    [
      'ten-bit-bt2020.mp4',
      [
        '-vf',
        'scale=out_color_matrix=bt2020',
        ...bFrames,
        '-pix_fmt',
        'yuv420p10le',
        '-colorspace',
        'bt2020nc',
        '-color_primaries',
        'bt2020',
        '-color_trc',
        'bt2020-10',
      ],
    ],
    ['yuv444.mp4', [...bFrames, '-pix_fmt', 'yuv444p']],
    ['rgb.mp4', ['-c:v', 'libx264rgb', '-preset', 'ultrafast', '-pix_fmt', 'rgb24']],
    ['jpeg.mkv', ['-c:v', 'mjpeg', '-q:v', '2', '-pix_fmt', 'yuvj422p']],
  ])('%s', async (name, args) => {
    const path = await make(name, ...args)
    expect(await faultsOf(path, { fill: '#000000' })).toEqual([])
    expect(await faultsOf(path, { fill: '#C02080' })).toEqual([])
  })

  test('odd dimensions are padded to even ones, and nothing is cut away', async () => {
    const path = await make('odd.mp4', '-vf', 'format=yuv444p,scale=161:121', ...bFrames, '-pix_fmt', 'yuv444p')
    expect(await faultsOf(path)).toEqual([])
    const before = await rgbFrames(path)
    const after = await rgbFrames(folder.path('out.mp4'))
    expect([after.width, after.height]).toEqual([162, 122])
    expect(difference(before, after, 5, { x: 153, y: 113, w: 8, h: 8 })).toBeLessThan(25)
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

  test('a crowd of more boxes than there are slots blanks the frame', async () => {
    const clip = { width: 160, height: 120, frames: 20 }
    const boxes = Array.from({ length: 401 }, (_, i): BoxRun[] => [[4, 6 + (i % 2), (i % 80) * 2, 0, 2, 2]])
    const covers = coversOf(handPlan(clip, ...boxes))
    expect(covers.filter(c => c.w === 160)).toMatchObject([{ first: 4, last: 6, h: 120 }])
    expect(covers.filter(c => c.first <= 6 && c.w < 160)).toEqual([])
    expect(covers.filter(c => c.first === 7)).toHaveLength(200)
  })

  test('sixty boxes at once', async () => {
    const path = await make('many.mp4')
    const clip = await probeClip(path)
    const at = (i: number) => ({ x: (i % 10) * 16, y: Math.floor(i / 10) * 20, w: 12, h: 12 })
    const runs = Array.from({ length: 60 }, (_, i): BoxRun[] => [[0, 19, at(i).x, at(i).y, 12, 12]])
    const { slots } = await renderPlan(path, clip, handPlan(clip, ...runs), folder.path('out.mp4'))
    const out = await rgbFrames(folder.path('out.mp4'))
    expect(slots).toBe(60)
    for (let i = 0; i < 60; i++) expect(farthest(out, 7, inset(at(i), 4), [0, 0, 0])).toBeLessThanOrEqual(12)
  })
})

test('the script shows each frame exactly its covers, in as few slots as can be', () => {
  const timeBase = { num: 1, den: 90_000 }
  const canvas = { width: 640, height: 480 }
  const even = (max: number) => fc.integer({ min: 0, max: max / 2 }).map(v => v * 2)
  const cover = fc.record({
    first: fc.nat(30),
    length: fc.nat(8),
    x: even(600),
    y: even(440),
    w: even(38).map(v => v + 2),
    h: even(38).map(v => v + 2),
    track: fc.nat(5),
  })
  const gaps = fc.array(fc.integer({ min: 1, max: 9000 }), { minLength: 31, maxLength: 31 })
  fc.assert(
    fc.property(fc.array(cover, { maxLength: 25 }), gaps, (drawn, steps) => {
      const pts = steps.reduce<number[]>((all, step) => [...all, all.at(-1)! + step], [0])
      const covers: Cover[] = drawn.map(({ length, ...c }) => ({ ...c, last: Math.min(31, c.first + length) }))
      const script = drawScript(covers, pts, timeBase, canvas)
      const state = new Map<string, Record<string, number>>()
      const lines = script.lines.map(line => /^(\S+) (.*);$/.exec(line)!)
      let most = 0
      for (let n = 0; n < 32; n++) {
        const microsecond = Math.round((pts[n]! * 1e6) / 90_000)
        while (lines.length > 0 && Math.round(Number(lines[0]![1]) * 1e6) <= microsecond) {
          for (const command of lines.shift()![2]!.split(',')) {
            const [slot = '', side = '', value = ''] = command.split(' ')
            state.set(slot, { ...(state.get(slot) ?? { y: 0, w: 2, h: 2 }), [side]: Number(value) })
          }
        }
        const key = ({ x, y, w, h }: Record<string, number> | Cover) => [x, y, w, h].join()
        const shown = [...state.values()].filter(s => s.x! + s.w! > 0).map(key)
        const due = covers.filter(c => c.first <= n && n <= c.last).map(key)
        expect(shown.sort()).toEqual(due.sort())
        most = Math.max(most, due.length)
      }
      expect(script.slots).toBe(most)
    }),
  )
})

test('the same plan gives the same bytes', async () => {
  const path = await make('same.mp4')
  const clip = await probeClip(path)
  const plan = handPlan(clip, restless(clip).moving)
  await renderPlan(path, clip, plan, folder.path('one.mp4'))
  await renderPlan(path, clip, plan, folder.path('two.mp4'))
  expect((await readFile(folder.path('one.mp4'))).equals(await readFile(folder.path('two.mp4')))).toBe(true)
})

describe('nothing of the clip goes along but its pictures', () => {
  const secret = 'SECRET-7c1f'

  test('tags, chapters, place, captions, data, attachments, SEI, sound', async () => {
    await writeFile(
      folder.path('meta'),
      `;FFMETADATA1\ntitle=${secret}\n[CHAPTER]\nTIMEBASE=1/1000\nSTART=0\nEND=500\ntitle=${secret}\n`,
    )
    await writeFile(folder.path('subs.srt'), `1\n00:00:00,000 --> 00:00:00,500\n${secret}\n`)
    const inputs = ['-i', folder.path('meta'), '-i', folder.path('subs.srt'), '-f', 'lavfi', '-i', 'sine=d=0.8']
    const sei = `h264_metadata=sei_user_data=086f3693-b7b3-4f2c-9653-21492feee5b8+${secret}`
    const path = await make(
      'leaky.mkv',
      ...inputs,
      '-map_metadata',
      '1',
      '-map',
      '0',
      '-map',
      '2',
      '-map',
      '3',
      ...bFrames,
      '-bsf:v',
      sei,
      '-metadata',
      `location=${secret}`,
      '-metadata:s:v',
      `title=${secret}`,
      '-attach',
      folder.path('subs.srt'),
      '-metadata:s:t',
      'mimetype=text/plain',
    )
    expect((await readFile(path)).includes(secret)).toBe(true)
    await faultsOf(path)
    const shown = JSON.parse(
      await ffprobe('-show_streams', '-show_chapters', '-show_format', '-of', 'json', folder.path('out.mp4')),
    )
    expect(shown.streams.map((s: { codec_name: string }) => s.codec_name)).toEqual(['h264'])
    expect(shown.chapters).toEqual([])
    const bytes = await readFile(folder.path('out.mp4'))
    for (const trace of [secret, 'x264', 'Lavf', 'options:'])
      expect(bytes.includes(trace), trace).toBe(trace === 'x264' && bytes.includes('Lavc libx264'))
  })

  test('sound goes along when it is asked for, all tracks of it', async () => {
    const sounds = ['-f', 'lavfi', '-i', 'sine=f=300:d=0.8', '-f', 'lavfi', '-i', 'sine=f=600:d=0.8']
    const path = await make('two-tracks.mp4', ...sounds, '-map', '0', '-map', '1', '-map', '2', ...bFrames)
    expect(await faultsOf(path, { audio: true })).toEqual([])
    const shown = await ffprobe('-show_entries', 'stream=codec_name', '-of', 'csv=p=0', folder.path('out.mp4'))
    expect(shown.trim().split('\n')).toEqual(['h264', 'aac', 'aac'])
  })
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
