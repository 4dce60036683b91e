import { readFile, truncate, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Problem } from '../../service/http/problem.ts'
import { defaultLimits, probeClip } from '../../service/redaction/probe.ts'
import { repairTiming } from '../../service/redaction/timing.ts'
import { ffmpeg, motion, scratch, words, x264 } from './clips.ts'
import { boxBody, rewrite, setMatrix, setSize } from './mp4.ts'

let folder: Awaited<ReturnType<typeof scratch>>
beforeAll(async () => {
  folder = await scratch()
})
afterAll(() => folder[Symbol.asyncDispose]())

/** A clip of 12 frames of 96x64 under that name. */
async function clip(name: string, ...args: string[]): Promise<string> {
  const path = folder.path(name)
  await ffmpeg(...motion(96, 64, 12), ...(args.length > 0 ? args : x264), path)
  return path
}

async function problemOf(path: string, limits = defaultLimits): Promise<Problem> {
  const problem = await probeClip(path, limits).then(
    () => undefined,
    error => error,
  )
  expect(problem).toBeInstanceOf(Problem)
  return problem
}

describe('what is no video is refused, and the refusal says why', () => {
  test('an empty file', async () => {
    await writeFile(folder.path('empty.mp4'), '')
    expect(await problemOf(folder.path('empty.mp4'))).toMatchObject({
      type: 'clip-not-video',
      message: 'The file is empty.',
    })
  })

  test('a text and random bytes dressed as mp4', async () => {
    await writeFile(folder.path('text.mp4'), 'not a video\n'.repeat(100))
    await writeFile(folder.path('noise.mp4'), crypto.getRandomValues(new Uint8Array(20_000)))
    for (const name of ['text.mp4', 'noise.mp4'])
      expect((await problemOf(folder.path(name))).type).toBe('clip-not-video')
  })

  test('sound without a picture, and sound with a cover picture', async () => {
    await ffmpeg('-f', 'lavfi', '-i', 'sine=d=0.5', folder.path('sound.mp4'))
    await ffmpeg('-f', 'lavfi', '-i', 'color=s=64x64:d=1', '-frames:v', '1', folder.path('cover.png'))
    const cover = ['-i', folder.path('sound.mp4'), '-i', folder.path('cover.png'), '-map', '0', '-map', '1']
    await ffmpeg(
      ...cover,
      '-c:a',
      'copy',
      '-c:v',
      'mjpeg',
      '-disposition:v',
      'attached_pic',
      folder.path('covered.mp4'),
    )
    for (const name of ['sound.mp4', 'covered.mp4']) {
      expect(await problemOf(folder.path(name))).toMatchObject({
        type: 'clip-not-video',
        message: 'It has no video stream.',
      })
    }
  })

  test('a track of zero frames', async () => {
    const path = await clip('none.mp4', ...x264, '-t', '0', '-movflags', 'empty_moov+frag_keyframe')
    expect((await problemOf(path)).type).toBe('clip-not-video')
  })

  test('frames of which none decodes', async () => {
    const path = await clip('whole.mp4')
    await rewrite(path, folder.path('hollow.mp4'), bytes => {
      const data = boxBody(bytes, 'mdat')
      const end = bytes.indexOf('moov', data, 'latin1') - 4
      bytes.fill(0, data + 4, end)
    })
    expect(await problemOf(folder.path('hollow.mp4'))).toMatchObject({
      type: 'clip-not-video',
      message: 'None of its frames can be decoded.',
    })
  })

  test('an mp4 that ends before its index', async () => {
    const path = await clip('early.mp4')
    await truncate(path, (await readFile(path)).indexOf('moov', 0, 'latin1') - 4)
    expect((await problemOf(path)).message).toMatch(/cut off before its end/)
  })

  test('frames without a size', async () => {
    const path = await clip('jpeg.mp4', '-c:v', 'mjpeg', '-pix_fmt', 'yuvj420p')
    await rewrite(path, folder.path('flat.mp4'), bytes => setSize(bytes, 'mp4v', 0, 0))
    expect((await problemOf(folder.path('flat.mp4'))).type).toBe('clip-not-video')
  })
})

describe('what asks for too much is refused before it is decoded', () => {
  test('gigantic dimensions', async () => {
    const path = await clip('small.mp4', '-c:v', 'mjpeg', '-pix_fmt', 'yuvj420p')
    await rewrite(path, folder.path('giant.mp4'), bytes => setSize(bytes, 'mp4v', 65_500, 65_500))
    expect(await problemOf(folder.path('giant.mp4'))).toMatchObject({
      type: 'clip-beyond-limits',
      message: expect.stringMatching(/pixels/),
    })
  })

  test('too many pixels, streams, frames or seconds', async () => {
    const path = await clip('limits.mp4')
    await ffmpeg('-i', path, '-map', '0', '-map', '0', '-c', 'copy', folder.path('twice.mp4'))
    const beyond: [string, Partial<typeof defaultLimits>][] = [
      [path, { pixels: 6000 }],
      [folder.path('twice.mp4'), { streams: 1 }],
      [path, { frames: 11 }],
      [path, { durationSeconds: 0.4 }],
    ]
    for (const [file, limit] of beyond) {
      expect((await problemOf(file, { ...defaultLimits, ...limit })).type, JSON.stringify(limit)).toBe(
        'clip-beyond-limits',
      )
    }
    const within = { ...defaultLimits, pixels: 6144, streams: 1, frames: 12, durationSeconds: 0.48 }
    expect((await probeClip(path, within)).frames).toBe(12)
  })

  test('a clip that cannot be decoded in the memory allowed', async () => {
    const path = await clip('memory.mp4')
    const problem = await problemOf(path, { ...defaultLimits, memoryBytes: 40 * 2 ** 20 })
    expect(problem).toMatchObject({ type: 'clip-beyond-limits', message: expect.stringMatching(/memory/) })
  })
})

test('a playlist dressed as mp4 opens neither a local file nor an address', async () => {
  const canary = await clip('canary.mp4')
  let asked = 0
  const server = createServer((_, response) => {
    asked++
    response.end()
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const address = `http://127.0.0.1:${(server.address() as AddressInfo).port}/a.ts`
  const hls = (target: string) => `#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\n${target}\n#EXT-X-ENDLIST\n`
  const attacks = {
    'hls-file.mp4': hls(canary),
    'hls-file-scheme.mp4': hls(`file://${canary}`),
    'hls-address.mp4': hls(address),
    'hls-concat.mp4': hls(`concat:${canary}|${address}`),
    'concat.mp4': `ffconcat version 1.0\nfile '${canary}'\nfile '${address}'\n`,
    'dash.mp4': `<?xml version="1.0"?><MPD xmlns="urn:mpeg:dash:schema:mpd:2011" type="static" mediaPresentationDuration="PT1S"><Period><AdaptationSet mimeType="video/mp4"><Representation id="1" bandwidth="1"><BaseURL>${address}</BaseURL></Representation></AdaptationSet></Period></MPD>`,
    'sdp.mp4':
      'v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nt=0 0\nm=video 5004 RTP/AVP 96\na=rtpmap:96 H264/90000\n',
  }
  try {
    for (const [name, text] of Object.entries(attacks)) {
      await writeFile(folder.path(name), text)
      const problem = await problemOf(folder.path(name))
      expect(problem.type, name).toBe('clip-not-video')
      expect(problem.message, name).not.toContain(canary)
    }
    expect(asked).toBe(0)
  } finally {
    server.close()
  }
})

describe('what is a video is described as a decoder shows it', () => {
  test('no sound, and five sound tracks', async () => {
    const sounds = Array.from({ length: 5 }, (_, i) => ['-f', 'lavfi', '-i', `sine=f=${300 + i * 50}:d=0.5`]).flat()
    const maps = Array.from({ length: 6 }, (_, i) => ['-map', String(i)]).flat()
    await ffmpeg(...motion(96, 64, 12), ...sounds, ...maps, ...x264, folder.path('five.mkv'))
    expect(await probeClip(folder.path('five.mkv'))).toMatchObject({ frames: 12, audioStreams: 5 })
    expect(await probeClip(await clip('silent.mp4'))).toMatchObject({
      frames: 12,
      audioStreams: 0,
      variableRate: false,
    })
  })

  test('odd dimensions, ten bits, 4:4:4', async () => {
    await ffmpeg(
      ...motion(96, 64, 12),
      '-vf',
      'format=yuv444p,scale=97:63',
      '-c:v',
      'libx264',
      '-pix_fmt',
      'yuv444p',
      folder.path('odd.mp4'),
    )
    expect(await probeClip(folder.path('odd.mp4'))).toMatchObject({ width: 97, height: 63, pixelFormat: 'yuv444p' })
    expect(await probeClip(await clip('ten.mp4', '-c:v', 'libx264', '-pix_fmt', 'yuv420p10le'))).toMatchObject({
      pixelFormat: 'yuv420p10le',
    })
  })

  test('each rotation and mirroring of the display matrix', async () => {
    const path = await clip('upright.mp4')
    const turns = [
      [[1, 0, 0, 1], 0, false],
      [[0, 1, -1, 0], 90, false],
      [[-1, 0, 0, -1], 180, false],
      [[0, -1, 1, 0], 270, false],
      [[-1, 0, 0, 1], 0, true],
      [[1, 0, 0, -1], 180, true],
    ] as const
    for (const [matrix, rotationDegrees, mirrored] of turns) {
      await rewrite(path, folder.path('turned.mp4'), bytes => setMatrix(bytes, matrix))
      const [width, height] = rotationDegrees % 180 === 0 ? [96, 64] : [64, 96]
      expect(await probeClip(folder.path('turned.mp4'))).toMatchObject({ rotationDegrees, mirrored, width, height })
    }
  })

  test('a variable frame rate, to the tick', async () => {
    const path = await clip(
      'vfr.mp4',
      ...words("-vf setpts='N*(N+3)*200' -fps_mode passthrough -video_track_timescale 90000"),
      ...x264,
      ...words('-bf 2'),
    )
    const found = await probeClip(path)
    const seconds = found.pts.map(t => (t * found.timeBase.num) / found.timeBase.den)
    const shown = await probeClip(path, defaultLimits, { decode: true })
    expect(found.variableRate).toBe(true)
    expect(found.pts).toEqual(shown.pts)
    expect(seconds.every((s, n) => n === 0 || s > seconds[n - 1]!)).toBe(true)
  })

  test('a start other than zero', async () => {
    const path = await clip('late.ts', ...x264, '-output_ts_offset', '3600', '-muxdelay', '0')
    const found = await probeClip(path)
    expect(found.sourcePts[0]).toBeGreaterThan(3600 * 90_000 - 1)
    expect(found.pts).toEqual(Array.from({ length: 12 }, (_, n) => n * 3600))
  })

  test('only the frames inside an edit list', async () => {
    const path = await clip('long.mp4', ...x264, '-g', '30', '-bf', '2')
    await ffmpeg('-ss', '0.2', '-i', path, '-c', 'copy', folder.path('edited.mp4'))
    const found = await probeClip(folder.path('edited.mp4'))
    expect(found).toMatchObject({ decoded: true, frames: 7 })
    expect(found.pts[0]).toBe(0)
  })

  test('only the frames that are shown of an open group of pictures that was cut', async () => {
    const open = words('-x264-params open-gop=1:keyint=10:min-keyint=10:bframes=3:b-adapt=0:scenecut=0')
    await ffmpeg(...motion(96, 64, 40), ...x264, '-preset', 'veryfast', ...open, folder.path('open.mkv'))
    await ffmpeg('-i', folder.path('open.mkv'), ...words('-ss 0.5 -c copy'), folder.path('cut-open.mkv'))
    const found = await probeClip(folder.path('cut-open.mkv'))
    expect(found.decoded).toBe(true)
    expect(found.pts).toEqual((await probeClip(folder.path('cut-open.mkv'), defaultLimits, { decode: true })).pts)
  })

  test('the index is trusted only where it tells what a decoder shows', async () => {
    expect((await probeClip(await clip('index.mp4'))).decoded).toBe(false)
    for (const name of ['raw.h264', 'stream.ts', 'old.avi', 'stream.mpg']) {
      const codec = name === 'stream.mpg' ? ['-c:v', 'mpeg2video'] : x264
      expect(await probeClip(await clip(name, ...codec)), name).toMatchObject({ decoded: true, frames: 12 })
    }
  })
})

describe('what is damaged is taken as far as it goes', () => {
  test('an MPEG-TS whose clock jumps backwards', async () => {
    const path = await clip('part.ts')
    const part = await readFile(path)
    await writeFile(folder.path('jump.ts'), Buffer.concat([part, part, part]))
    const found = await probeClip(folder.path('jump.ts'))
    expect(found.frames).toBe(36)
    expect(found.repairs).toBeGreaterThan(0)
    expect(found.pts.every((t, n) => n === 0 || t > found.pts[n - 1]!)).toBe(true)
  })

  test.each(['cut.mp4', 'cut.mkv', 'cut.ts'])('%s, which ends in the middle of a frame', async name => {
    const path = await clip(name, ...x264, '-movflags', '+faststart')
    const size = (await readFile(path)).length
    await truncate(path, Math.floor(size * 0.8))
    const found = await probeClip(path)
    expect(found.decoded).toBe(true)
    expect(found.frames).toBeGreaterThan(2)
    expect(found.frames).toBeLessThan(12)
  })
})

test('times always rise, start at zero, and stay the clip own where they can', () => {
  const timeBase = { num: 1, den: 90_000 }
  const ticks = fc.option(fc.integer({ min: -(2 ** 40), max: 2 ** 40 }), { nil: null, freq: 6 })
  fc.assert(
    fc.property(fc.array(ticks, { minLength: 1, maxLength: 40 }), source => {
      const { pts } = repairTiming(source, timeBase)
      expect(pts[0]).toBe(0)
      expect(pts).toHaveLength(source.length)
      expect(pts.every((t, n) => Number.isSafeInteger(t) && (n === 0 || t > pts[n - 1]!))).toBe(true)
    }),
  )
  fc.assert(
    fc.property(fc.integer(), fc.array(fc.integer({ min: 1, max: 90_000 }), { maxLength: 40 }), (start, gaps) => {
      const own = [start]
      for (const gap of gaps) own.push(own.at(-1)! + gap)
      expect(repairTiming(own, timeBase)).toMatchObject({ repairs: 0, pts: own.map(t => t - start) })
    }),
  )
})
