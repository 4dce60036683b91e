/** Small clips made on the spot, and their pixels read back by ffmpeg's own conversion to RGB. */
import { execFile } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { BoxRun, RedactionPlan } from '../../service/redaction/plan.ts'

const execute = promisify(execFile)

/** Runs ffmpeg plainly, in the caller's words. */
export async function ffmpeg(...args: string[]): Promise<void> {
  await execute('ffmpeg', ['-nostdin', '-v', 'error', '-y', ...args])
}

export async function ffprobe(...args: string[]): Promise<string> {
  return (await execute('ffprobe', ['-v', 'error', ...args], { maxBuffer: 2 ** 28 })).stdout
}

export async function scratch(): Promise<AsyncDisposable & { path(name: string): string }> {
  const folder = await mkdtemp(join(tmpdir(), 'custos-test-'))
  return {
    path: name => join(folder, name),
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }),
  }
}

/** Moving colours with fine detail: no two frames are alike. */
export function motion(width: number, height: number, frames: number, rate = 25): string[] {
  return ['-f', 'lavfi', '-i', `testsrc2=s=${width}x${height}:r=${rate}:d=${frames / rate}`]
}

export const x264 = ['-c:v', 'libx264', '-preset', 'ultrafast', '-pix_fmt', 'yuv420p']

/** A plan of one track per list of runs, without a detector. */
export function handPlan(
  clip: { width: number; height: number; frames: number },
  ...tracks: BoxRun[][]
): RedactionPlan {
  return {
    v: 'custos-plan/v1',
    clip: { sha256: '0'.repeat(64), width: clip.width, height: clip.height, frames: clip.frames },
    tool: { models: [], parameters: {} },
    classes: [],
    tracks: tracks.map((runs, i) => ({
      id: i + 1,
      class: 'region',
      ground: 'third-party',
      origin: { kind: 'person', subject: 'someone' },
      confidence: 1000,
      runs,
      unseen: [],
    })),
    couldNotTell: [],
  }
}

export interface Pictures {
  readonly width: number
  readonly height: number
  readonly frames: Buffer[]
}

/** Every frame as RGB, upright, as a player that honours the tags would show it. */
export async function rgbFrames(path: string): Promise<Pictures> {
  const size = JSON.parse(await ffprobe('-select_streams', 'v:0', '-show_streams', '-of', 'json', path)).streams[0]
  const turned = Math.abs(size.side_data_list?.[0]?.rotation ?? 0) === 90
  const [width, height] = turned ? [size.height, size.width] : [size.width, size.height]
  const { stdout } = await execute(
    'ffmpeg',
    [
      '-nostdin',
      '-v',
      'error',
      '-i',
      path,
      '-map',
      '0:v:0',
      '-fps_mode',
      'passthrough',
      '-pix_fmt',
      'rgb24',
      '-f',
      'rawvideo',
      '-',
    ],
    { encoding: 'buffer', maxBuffer: 2 ** 30 },
  )
  const bytes = width * height * 3
  return {
    width,
    height,
    frames: Array.from({ length: stdout.length / bytes }, (_, i) => stdout.subarray(i * bytes, (i + 1) * bytes)),
  }
}

interface Area {
  readonly x: number
  readonly y: number
  readonly w: number
  readonly h: number
}

/** The farthest that any channel of any pixel of the area lies from a colour. */
export function farthest(
  { width, frames }: Pictures,
  frame: number,
  { x, y, w, h }: Area,
  colour: readonly number[],
): number {
  const pixels = frames[frame]!
  let most = 0
  for (let row = y; row < y + h; row++) {
    for (let at = (row * width + x) * 3; at < (row * width + x + w) * 3; at++) {
      most = Math.max(most, Math.abs(pixels[at]! - colour[at % 3]!))
    }
  }
  return most
}

/** Mean difference of two pictures over an area, a channel. */
export function difference(a: Pictures, b: Pictures, frame: number, { x, y, w, h }: Area): number {
  let sum = 0
  for (let row = y; row < y + h; row++) {
    for (let i = 0; i < w * 3; i++) {
      sum += Math.abs(a.frames[frame]![(row * a.width + x) * 3 + i]! - b.frames[frame]![(row * b.width + x) * 3 + i]!)
    }
  }
  return sum / (w * h * 3)
}

export function inset({ x, y, w, h }: Area, by: number): Area {
  return { x: x + by, y: y + by, w: w - 2 * by, h: h - 2 * by }
}

/** Arguments written in one line. */
export function words(line: string): string[] {
  return line.split(' ')
}
