import { readFile } from 'node:fs/promises'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { metadataFaults } from '../../service/redaction/copy-metadata.ts'
import { digestFile } from '../../service/redaction/digest.ts'
import { loadModels } from '../../service/redaction/models.ts'
import { isPlainStream } from '../../service/redaction/nal-units.ts'
import type { RedactionPlan } from '../../service/redaction/plan.ts'
import { defaultLimits, probeClip } from '../../service/redaction/probe.ts'
import { type RedactOptions, redact } from '../../service/redaction/redact.ts'
import { ffmpeg, ffprobe, handPlan, motion, scratch, words, x264 } from './clips.ts'
import { rewrite, setMatrix } from './mp4.ts'

let folder: Awaited<ReturnType<typeof scratch>>
const models = await loadModels()
beforeAll(async () => {
  folder = await scratch()
})
afterAll(() => folder[Symbol.asyncDispose]())

const secret = 'SECRET-91ab'
const bFrames = [...x264, ...words('-preset veryfast -bf 3 -g 12')]

async function make(name: string, ...args: string[]): Promise<string> {
  await ffmpeg(...motion(160, 120, 30), ...args, folder.path(name))
  return folder.path(name)
}

async function redactEmpty(input: string, more: Partial<RedactOptions> = {}, change: Partial<RedactionPlan> = {}) {
  const clip = await probeClip(input)
  const empty = handPlan(clip)
  const plan = { ...empty, clip: { ...empty.clip, sha256: (await digestFile(input)).sha256 }, ...change }
  const output = folder.path('copy.mp4')
  const made = await redact({ input, output, classes: ['face'], models, workers: 1, plan, ...more })
  return { output, changes: JSON.parse(made.manifest).changes }
}

const pictures = async (path: string) => (await probeClip(path, undefined, { decode: true })).frames
const framesOf = async (path: string) => {
  await ffmpeg('-i', path, ...words('-map 0:v:0 -fps_mode passthrough -f framehash'), folder.path('hashes'))
  const lines = (await readFile(folder.path('hashes'), 'utf8')).split('\n').filter(line => /^0,/.test(line))
  return lines.map(line => line.split(',').at(-1)!.trim())
}

test('where nothing is covered the clip goes along slice by slice: the very frames at their times, and nothing else', async () => {
  const sei = `h264_metadata=sei_user_data=086f3693-b7b3-4f2c-9653-21492feee5b8+${secret}`
  const more = words('-f lavfi -i sine=d=1 -f lavfi -i testsrc=s=64x48:d=1 -map 0:v -map 1:a -map 2:v')
  const told = ['-metadata', `title=${secret}`, '-metadata:s:v', `handler_name=${secret}`, '-timecode', '01:00:00:00']
  const input = await make('leaky.mp4', ...more, ...bFrames, '-bsf:v', sei, ...told)
  expect((await readFile(input)).toString('latin1').split(secret).length).toBeGreaterThan(2)

  for (const prove of [false, true]) {
    const { output, changes } = await redactEmpty(input, { prove })
    expect(changes.encoding).toEqual({ codec: 'h264', copied: true })
    expect(await framesOf(output)).toEqual(await framesOf(input))
    expect((await framesOf(output)).length).toBe(30)
    expect(await metadataFaults(output, 0, defaultLimits, {})).toEqual([])
    expect(await ffprobe(...words('-show_entries stream=codec_name -of csv=p=0'), output)).toBe('h264\n')
    const bytes = (await readFile(output)).toString('latin1')
    for (const trace of [secret, 'Lavf', 'x264 - core', '086f']) expect(bytes.includes(trace), trace).toBe(false)
    const [copy, clip] = [await probeClip(output), await probeClip(input)]
    expect([copy.pts, copy.timeBase]).toEqual([clip.pts, clip.timeBase])
  }
})

describe('a clip is encoded after all', () => {
  const encoded = async (input: string, more: Partial<RedactOptions> = {}, change: Partial<RedactionPlan> = {}) => {
    const { output, changes } = await redactEmpty(input, more, change)
    expect(changes.encoding.crf).toBe(18)
    expect(await pictures(output)).toBe(await pictures(input))
  }

  test('when a box, a sound track or a doubt is to be kept', async () => {
    const input = await make('sound.mp4', ...words('-f lavfi -i sine=d=1'), ...bFrames)
    const run = handPlan({ width: 160, height: 120, frames: 30 }, [[3, 3, 0, 0, 8, 8]])
    await encoded(input, {}, { tracks: run.tracks })
    await encoded(input, { keepAudio: true })
    await encoded(input, { blankWhereUnsure: false }, { couldNotTell: [[4, 5]] })
    expect((await redactEmpty(input)).changes.encoding.copied).toBe(true)
  })

  test.each<[why: string, name: string, args: string[]]>([
    ['its container is another', 'other.mkv', bFrames],
    ['its codec is another', 'other.mp4', words('-c:v mpeg4 -q:v 2')],
    ['its range is full', 'full.mp4', ['-vf', 'scale=out_range=pc', ...bFrames, '-pix_fmt', 'yuvj420p']],
    ['its chroma is finer', 'fine.mp4', [...bFrames, '-pix_fmt', 'yuv444p']],
    ['its sides are odd', 'odd.mp4', ['-vf', 'format=yuv444p,scale=161:121', ...bFrames, '-pix_fmt', 'yuv444p']],
    ['it is interlaced', 'fields.mp4', [...bFrames, '-x264-params', 'interlaced=1']],
    ['it holds more than it shows', 'hidden.mp4', [...bFrames, '-bsf:v', 'h264_metadata=crop_left=32']],
  ])('when %s', async (_, name, args) => {
    await encoded(await make(name, ...args))
  })

  test('when it is turned, or an edit list hides its first frames', async () => {
    const upright = await make('upright.mp4', ...bFrames, '-g', '50')
    await rewrite(upright, folder.path('turned.mp4'), bytes => setMatrix(bytes, [0, 1, -1, 0]))
    await encoded(folder.path('turned.mp4'))
    await ffmpeg('-ss', '0.2', '-i', upright, '-c', 'copy', folder.path('edited.mp4'))
    await encoded(folder.path('edited.mp4'))
  })

  test('when its parameter sets change on the way', async () => {
    await make('one.h264', ...bFrames)
    await make('two.h264', ...bFrames, '-refs', '5', '-preset', 'slow')
    const both = Buffer.concat([await readFile(folder.path('one.h264')), await readFile(folder.path('two.h264'))])
    await expect(isPlainStream(one(both), { width: 160, height: 120, frames: 30 })).resolves.toBe(false)
    await expect(
      isPlainStream(one(await readFile(folder.path('one.h264'))), { width: 160, height: 120, frames: 30 }),
    ).resolves.toBe(true)
  })
})

async function* one(bytes: Buffer) {
  yield bytes
}

describe('what a stream consists of', () => {
  test('is seen alike in whatever pieces it comes', async () => {
    await make('pieces.h264', ...bFrames)
    const plain = await readFile(folder.path('pieces.h264'))
    const strange = Buffer.concat([plain, Buffer.from([0, 0, 1, 20, 1, 2, 3])])
    const cuts = fc.array(fc.integer({ min: 1, max: 400 }), { minLength: 1, maxLength: 20 })
    await fc.assert(
      fc.asyncProperty(cuts, fc.boolean(), async (sizes, odd) => {
        const bytes = odd ? strange : plain
        async function* pieces() {
          for (let at = 0, n = 0; at < bytes.length; at += sizes[n++ % sizes.length]!)
            yield bytes.subarray(at, at + sizes[n % sizes.length]!)
        }
        expect(await isPlainStream(pieces(), { width: 160, height: 120, frames: 30 })).toBe(!odd)
      }),
      { numRuns: 25 },
    )
  })

  test.each(['16x16', '34x50', '160x120', '1920x1080', '402x226'])('and is as large as it says: %s', async size => {
    const [width, height] = size.split('x').map(Number) as [number, number]
    for (const profile of ['baseline', 'main', 'high']) {
      const path = folder.path('sized.h264')
      await ffmpeg(...motion(width, height, 2), ...x264, '-preset', 'veryfast', '-profile:v', profile, path)
      const bytes = await readFile(path)
      expect(await isPlainStream(one(bytes), { width, height, frames: 2 }), profile).toBe(true)
      // A picture that no frame shows would go along unseen.
      expect(await isPlainStream(one(bytes), { width, height, frames: 1 })).toBe(false)
      expect(await isPlainStream(one(bytes), { width: width + 2, height, frames: 2 })).toBe(false)
      expect(await isPlainStream(one(bytes), { width, height: height - 2, frames: 2 })).toBe(false)
    }
  })

  test('no picture at all is no stream, and one that begins in the middle is none that we copy', async () => {
    expect(await isPlainStream(one(Buffer.alloc(9)), { width: 16, height: 16, frames: 1 })).toBe(false)
    await make('whole.h264', ...bFrames)
    const bytes = await readFile(folder.path('whole.h264'))
    const slice = bytes.indexOf(Buffer.from([0, 0, 1, 0x65]))
    const sets = bytes.subarray(0, slice)
    const later = bytes.subarray(bytes.indexOf(Buffer.from([0, 0, 1]), slice + 3))
    expect(await isPlainStream(one(Buffer.concat([sets, later])), { width: 160, height: 120, frames: 30 })).toBe(false)
  })
})
