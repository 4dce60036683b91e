import { readFile, writeFile } from 'node:fs/promises'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { metadataFaults } from '../../service/redaction/copy-metadata.ts'
import { defaultLimits, probeClip } from '../../service/redaction/probe.ts'
import { renderPlan } from '../../service/redaction/render.ts'
import { ffmpeg, ffprobe, handPlan, motion, scratch, words, x264 } from './clips.ts'
import { rewrite, setMatrix } from './mp4.ts'

let folder: Awaited<ReturnType<typeof scratch>>
beforeAll(async () => {
  folder = await scratch()
})
afterAll(() => folder[Symbol.asyncDispose]())

const secret = 'SECRET-7c1f'
const seiUnit = `h264_metadata=sei_user_data=086f3693-b7b3-4f2c-9653-21492feee5b8+${secret}`

async function copyOf(path: string, audio = false): Promise<string> {
  const clip = await probeClip(path)
  await renderPlan(path, clip, handPlan(clip), folder.path('copy.mp4'), { audio })
  return folder.path('copy.mp4')
}

const faultsOf = (path: string, audioStreams = 0) => metadataFaults(path, audioStreams, defaultLimits, {})

test('tags, chapters, place, subtitles, attachments, SEI and sound stay behind', async () => {
  const chapter = `[CHAPTER]\nTIMEBASE=1/1000\nSTART=0\nEND=500\ntitle=${secret}\n`
  await writeFile(folder.path('meta'), `;FFMETADATA1\ntitle=${secret}\n${chapter}`)
  await writeFile(folder.path('subs.srt'), `1\n00:00:00,000 --> 00:00:00,500\n${secret}\n`)
  const path = folder.path('leaky.mkv')
  await ffmpeg(
    ...motion(96, 64, 12),
    ...words(`-i ${folder.path('meta')} -i ${folder.path('subs.srt')} -f lavfi -i sine=d=0.5`),
    ...words('-map 0 -map 2 -map 3 -map_metadata 1 -map_chapters 1'),
    ...x264,
    ...words(`-bsf:v ${seiUnit} -metadata location=${secret} -metadata:s:v title=${secret}`),
    ...words(`-attach ${folder.path('subs.srt')} -metadata:s:t mimetype=text/plain`),
    path,
  )
  expect((await readFile(path)).toString('latin1').split(secret).length).toBeGreaterThan(6)

  const copy = await copyOf(path)
  expect(await ffprobe(...words('-show_entries stream=codec_name -of csv=p=0'), copy)).toBe('h264\n')
  expect(await faultsOf(copy)).toEqual([])
  const bytes = (await readFile(copy)).toString('latin1')
  for (const trace of [secret, 'Lavf', 'x264 - core', 'crf=']) expect(bytes.includes(trace), trace).toBe(false)
})

test('a display matrix is applied and not handed on', async () => {
  const path = folder.path('upright.mp4')
  await ffmpeg(...motion(96, 64, 12), ...x264, path)
  await rewrite(path, folder.path('turned.mp4'), bytes => setMatrix(bytes, [0, 1, -1, 0]))
  const copy = await copyOf(folder.path('turned.mp4'))
  expect(await probeClip(copy)).toMatchObject({ width: 64, height: 96, rotationDegrees: 0 })
  expect(await faultsOf(copy)).toEqual([])
})

test('sound goes along when it is asked for, all tracks of it, and nothing with it', async () => {
  const path = folder.path('two-tracks.mp4')
  const sounds = words(`-f lavfi -i sine=f=300:d=0.5 -f lavfi -i sine=f=600:d=0.5 -map 0 -map 1 -map 2`)
  await ffmpeg(...motion(96, 64, 12), ...sounds, ...x264, '-metadata:s:a', `title=${secret}`, path)
  const copy = await copyOf(path, true)
  expect(await ffprobe(...words('-show_entries stream=codec_name -of csv=p=0'), copy)).toBe('h264\naac\naac\n')
  expect(await faultsOf(copy, 2)).toEqual([])
  expect(await faultsOf(copy, 0)).toEqual(['other streams than were asked for'])
  expect(await faultsOf(await copyOf(path))).toEqual([])
})

test('whatever was left in a copy is named, and not quoted', async () => {
  await ffmpeg(...motion(96, 64, 12), ...x264, folder.path('plain.mp4'))
  const copy = await copyOf(folder.path('plain.mp4'))
  const remux = async (options: string) => {
    await ffmpeg('-i', copy, ...words(options), '-c', 'copy', ...words('-fflags +bitexact'), folder.path('changed.mp4'))
    return faultsOf(folder.path('changed.mp4'))
  }
  const changed = (change: (bytes: Buffer) => Buffer | undefined) =>
    rewrite(copy, folder.path('changed.mp4'), change).then(() => faultsOf(folder.path('changed.mp4')))

  expect(await remux('-map 0')).toEqual([])
  expect(await remux(`-map 0 -metadata title=${secret}`)).toEqual(['file: tag title', 'user data'])
  expect(await remux(`-map 0 -metadata creation_time=2020-01-01T00:00:00Z`)).toContain('a date in moov/mvhd')
  expect(await remux(`-map 0 -bsf:v ${seiUnit}`)).toEqual(['NAL units that are neither slice nor parameter set'])
  expect(await remux(`-map 0 -map 0`)).toEqual(['other streams than were asked for'])
  expect(await changed(bytes => void setMatrix(bytes, [0, 1, -1, 0]))).toEqual(['side data in stream 0'])
  const box = Buffer.from(`\0\0\0\x1cuuid0123456789abcdef${secret.slice(0, 4)}`, 'latin1')
  expect(await changed(bytes => Buffer.concat([bytes, box]))).toEqual(['box uuid'])
  expect(await changed(bytes => Buffer.concat([bytes, Buffer.from(secret)]))).toEqual([
    'a box that does not fit its place',
  ])
})
