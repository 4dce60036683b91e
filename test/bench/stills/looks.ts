import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { rm } from 'node:fs/promises'

/** How a camera and its recorder spoil a picture. */
export interface Look {
  readonly name: string
  /** ffmpeg filters on what the lens saw. */
  readonly filters: readonly string[]
  /** A first encoding that leaves its marks, before the one that is kept. */
  readonly recorder?: readonly string[]
  readonly encoder: (size: { width: number; height: number; rate: number }) => readonly string[]
  readonly suffix: 'mp4' | 'mkv'
}

const x264 = ['-c:v', 'libx264', '-preset', 'veryfast', '-threads', '1', '-pix_fmt', 'yuv420p']
const good = () => [...x264, '-crf', '21']
const thrifty =
  (bitsPerPixel: number) =>
  ({ width, height, rate }: { width: number; height: number; rate: number }) => {
    const bits = Math.round(width * height * rate * bitsPerPixel)
    return [...x264, '-b:v', `${bits}`, '-maxrate', `${bits * 1.5}`, '-bufsize', `${bits * 2}`, '-g', `${rate * 8}`]
  }
const noise = (strength: number) => `noise=alls=${strength}:allf=t:all_seed=1`

export const looks: readonly Look[] = [
  { name: 'day', filters: [], encoder: good, suffix: 'mp4' },
  { name: 'thrifty', filters: [noise(4)], encoder: thrifty(0.05), suffix: 'mp4' },
  {
    name: 'infrared',
    filters: ['hue=s=0', 'eq=contrast=1.25:brightness=0.04', 'vignette=PI/4.5', noise(10)],
    encoder: thrifty(0.09),
    suffix: 'mp4',
  },
  { name: 'noisy', filters: ['eq=brightness=-0.06:saturation=0.7', noise(18)], encoder: thrifty(0.12), suffix: 'mp4' },
  {
    name: 'mjpeg',
    filters: [noise(6)],
    recorder: ['-c:v', 'mjpeg', '-q:v', '12', '-pix_fmt', 'yuvj420p'],
    encoder: good,
    suffix: 'mkv',
  },
  { name: 'grey', filters: ['hue=s=0', 'gblur=sigma=0.7', noise(5)], encoder: thrifty(0.07), suffix: 'mp4' },
  {
    name: 'hevc',
    filters: [noise(5)],
    encoder: () => [
      '-c:v',
      'libx265',
      '-preset',
      'fast',
      '-x265-params',
      'log-level=none:pools=1',
      '-crf',
      '29',
      '-pix_fmt',
      'yuv420p',
    ],
    suffix: 'mp4',
  },
  { name: 'dusk', filters: ['eq=gamma=0.62:saturation=0.6', noise(9)], encoder: thrifty(0.08), suffix: 'mp4' },
]

/** Whether the stream says that its frames hold two fields. */
export type Fields = 'said' | 'unsaid'

/** The encoders among them that can say that a frame holds two fields. */
export const lookingInFields = looks.filter(({ name }) => name !== 'mjpeg' && name !== 'hevc')

/** Encodes frames of RGB as the look says, or two of them as the fields of one. The folder of `path` must exist. */
export async function film(
  frames: Iterable<Buffer>,
  size: { width: number; height: number; rate: number },
  look: Look,
  path: string,
  inFields?: Fields,
): Promise<void> {
  const raw = [
    '-f',
    'rawvideo',
    '-pix_fmt',
    'rgb24',
    '-s',
    `${size.width}x${size.height}`,
    '-r',
    `${inFields ? 2 * size.rate : size.rate}`,
    '-i',
    '-',
  ]
  const weave = ['tinterlace=mode=interleave_top', ...(inFields === 'unsaid' ? ['setfield=prog'] : [])]
  const wanted = [...look.filters, ...(inFields ? weave : [])]
  const filters = wanted.length > 0 ? ['-vf', wanted.join(',')] : []
  const first = look.recorder ? `${path}.first.mkv` : path
  const flags = inFields === 'said' ? ['-flags', '+ilme+ildct'] : []
  await pipe(frames, [...raw, ...filters, ...(look.recorder ?? look.encoder(size)), ...flags, first])
  if (!look.recorder) return
  await pipe([], ['-i', first, ...look.encoder(size), path])
  await rm(first)
}

async function pipe(frames: Iterable<Buffer>, args: readonly string[]): Promise<void> {
  const ffmpeg = spawn('ffmpeg', ['-v', 'error', '-y', '-threads', '1', ...args], {
    stdio: ['pipe', 'ignore', 'inherit'],
  })
  const closed = once(ffmpeg, 'close')
  for (const frame of frames) if (!ffmpeg.stdin.write(frame)) await once(ffmpeg.stdin, 'drain')
  ffmpeg.stdin.end()
  const [code] = await closed
  if (code !== 0) throw new Error(`ffmpeg could not make ${args.at(-1)}`)
}
