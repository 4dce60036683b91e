/** Frames woven of two fields, as older recorders write them: what detectors are shown of them. */
import { readFile } from 'node:fs/promises'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { pictures } from '../../service/redaction/frame-source.ts'
import { fineness, layoutOf } from '../../service/redaction/layout.ts'
import { probeClip } from '../../service/redaction/probe.ts'
import { ffmpeg, scratch } from './clips.ts'

let folder: Awaited<ReturnType<typeof scratch>>
beforeAll(async () => {
  folder = await scratch()
})
afterAll(() => folder[Symbol.asyncDispose]())

const weave = 'tinterlace=mode=interleave_top'
const inFields = ['-flags', '+ilme+ildct']

/** A white stripe that runs to the right, 50 moments a second. */
async function make(name: string, filters: string[], args: string[] = [], seconds = 2): Promise<string> {
  const ground = `gradients=s=320x240:r=50:d=${seconds}:speed=0.00001:seed=7`
  const stripe = `color=white:s=45x120:r=50:d=${seconds}`
  const graph = ["[0][1]overlay=x='mod(t*200,W)':y=H/4", ...filters].join(',')
  const inputs = [ground, stripe].flatMap(source => ['-f', 'lavfi', '-i', source])
  const encoder = ['-c:v', 'libx264', '-preset', 'ultrafast', '-crf', '12', '-pix_fmt', 'yuv420p']
  await ffmpeg(...inputs, '-filter_complex', graph, ...encoder, ...args, folder.path(name))
  return folder.path(name)
}

/** How far a line's light lies from that of the lines beside it, at the worst place of all pictures; and how many pictures there are. */
async function unrest(path: string) {
  const clip = await probeClip(path)
  const layout = layoutOf(clip)
  const [width, height] = [layout.width * fineness, layout.height * fineness]
  let [worst, count] = [0, 0]
  for await (const { planes } of pictures(path, clip, layout)) {
    count++
    let sum = 0
    for (let y = 2; y < height - 2; y++)
      for (let x = 0; x < width; x += 4) {
        const at = y * width + x
        sum += Math.abs(2 * planes[at]! - planes[at - 2 * width]! - planes[at + 2 * width]!)
      }
    worst = Math.max(worst, sum / ((height * width) / 4))
  }
  return { worst, count, frames: clip.frames }
}

test('of frames that say they hold two fields detectors are shown one moment of each', async () => {
  const woven = await unrest(await make('woven.mp4', [weave], inFields))
  const whole = await unrest(await make('whole.mp4', ['fps=25']))
  expect([woven.count, woven.frames]).toEqual([50, 50])
  // Nearly five times as much where nobody takes the fields apart.
  expect(woven.worst).toBeLessThan(3 * whole.worst)
})

test.each([
  [1, 0.04],
  [2, 0.08],
  [3, 0.12],
])('%i such frames are shown, none more and none less', async (frames, seconds) => {
  const { count } = await unrest(await make(`${frames}.mp4`, [weave], inFields, seconds))
  expect(count).toBe(frames)
})

test.each([
  ['that hold one moment', ['fps=25'], 'yuv420p'],
  ['that hold two and do not say so', [weave, 'setfield=prog'], 'yuv420p'],
  ['of a finer format', ['fps=25'], 'yuv444p'],
] as const)('frames %s are shown as they are', async (name, filters, format) => {
  const path = await make(`${name}.mp4`, [...filters], ['-pix_fmt', format])
  const clip = await probeClip(path)
  const layout = layoutOf(clip)
  const raw = folder.path('plain.yuv')
  const [width, height] = [layout.width * fineness, layout.height * fineness]
  const scale = `scale=${width}:${height}:flags=fast_bilinear:out_range=tv,format=yuv420p`
  await ffmpeg('-skip_loop_filter', 'all', '-i', path, '-vf', scale, '-f', 'rawvideo', raw)
  const wanted = await readFile(raw)
  let at = 0
  for await (const { planes } of pictures(path, clip, layout)) {
    expect(wanted.subarray(at, at + planes.length).equals(planes)).toBe(true)
    at += planes.length
  }
  expect(at).toBe(wanted.length)
})
