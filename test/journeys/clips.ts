/** Small clips for journeys, made by ffmpeg from nothing. */
import { execFile } from 'node:child_process'
import { mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'

const run = promisify(execFile)
let folder: Promise<string> | undefined
let count = 0

/** One second, 320 x 240, unless the options say otherwise: drifting colours, in which no detector sees a thing, or `bars`, in which they do. */
export async function makeClip({
  seconds = 1,
  size = '320x240',
  rate = 12,
  name = 'mp4',
  extra = [] as string[],
  seed = 0,
  bars = false,
} = {}): Promise<string> {
  folder ??= mkdtemp(join(tmpdir(), 'custos-clips-'))
  const path = join(await folder, `clip-${++count}.${name}`)
  const source = bars
    ? `testsrc2=size=${size}:rate=${rate}:duration=${seconds}`
    : `gradients=size=${size}:rate=${rate}:duration=${seconds}:seed=${seed + 1}:speed=0.02`
  await run('ffmpeg', [
    '-hide_banner',
    '-loglevel',
    'error',
    '-f',
    'lavfi',
    '-i',
    source,
    '-c:v',
    'libx264',
    '-preset',
    'ultrafast',
    '-pix_fmt',
    'yuv420p',
    ...extra,
    path,
  ])
  return path
}
