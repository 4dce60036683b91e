/** Before and after, side by side: a few frames of a clip and its redacted copy, with an outline around what was covered. */
import sharp, { type OverlayOptions } from 'sharp'
import { clipInput, uprightFilters } from './clip-input.ts'
import { blocks, ffmpegOutput } from './ffmpeg.ts'
import { pixelAspect } from './layout.ts'
import type { RedactionPlan } from './plan.ts'
import { type ClipInfo, probeClip, secondsAt } from './probe.ts'
import { strokes } from './strokes.ts'

export interface ContactSheetOptions {
  /** The clip that the plan was made for, and its redacted copy. */
  readonly before: string
  readonly after: string
  readonly plan: RedactionPlan
  /** Where the PNG goes. */
  readonly out: string
  readonly rows?: number
  readonly signal?: AbortSignal
}

interface Size {
  readonly width: number
  readonly height: number
}

const pictureWidth = 560
const pictureHeight = 420
const gap = 18
const headHeight = 44
const labelHeight = 26
const palette = {
  background: '#14161a',
  heading: '#e8e6e1',
  label: '#8a9099',
  face: '#ffb000',
  plate: '#35c4ff',
  region: '#ff5ca8',
}

/** Writes the sheet. Throws what probing and ffmpeg throw. */
export async function contactSheet({ before, after, plan, out, rows = 6, signal }: ContactSheetOptions): Promise<void> {
  const columns = [
    { path: before, info: await probeClip(before, undefined, { signal }), heading: 'before', outlined: true },
    { path: after, info: await probeClip(after, undefined, { signal }), heading: 'after', outlined: false },
  ]
  const clip = columns[0]!.info
  const size = pictureSize(clip)
  const chosen = chooseFrames(plan, rows)
  const step = size.height + labelHeight + gap
  const layers: OverlayOptions[] = []
  for (const [column, { path, info, heading, outlined }] of columns.entries()) {
    const left = gap + column * (size.width + gap)
    layers.push({ input: Buffer.from(strokes(heading, 22, palette.heading)), left, top: gap })
    for (const [row, frame] of chosen.entries()) {
      const top = gap + headHeight + row * step + labelHeight
      layers.push({ input: await picture(path, info, frame, size, signal), raw: { ...size, channels: 3 }, left, top })
      if (!outlined) continue
      layers.push({ input: outlines(plan, frame, size), left, top })
      layers.push({ input: Buffer.from(strokes(timeOf(clip, frame), 14, palette.label)), left, top: top - labelHeight })
    }
  }
  const width = gap + columns.length * (size.width + gap)
  const height = gap + headHeight + chosen.length * step
  const sheet = sharp({ create: { width, height, channels: 3, background: palette.background } })
  await sheet.composite(layers).png({ compressionLevel: 9 }).toFile(out)
}

/** One frame of each stretch of the clip: that on which the most stands covered, the middle one among equals. */
export function chooseFrames(plan: RedactionPlan, rows: number): number[] {
  const { frames } = plan.clip
  const covered = new Int32Array(frames)
  for (const { runs } of plan.tracks)
    for (const [first, last] of runs) for (let n = first; n <= last; n++) covered[n]!++
  const stretches = Math.min(rows, frames)
  const chosen = Array.from({ length: stretches }, (_, i) => {
    const from = Math.floor((i * frames) / stretches)
    const stretch = covered.subarray(from, Math.floor(((i + 1) * frames) / stretches))
    const most = stretch.reduce((a, b) => Math.max(a, b), 0)
    const best = [...stretch.keys()].filter(n => stretch[n] === most)
    return from + best[Math.floor(best.length / 2)]!
  })
  const telling = chosen.filter(n => covered[n]! > 0)
  return telling.length > 0 ? telling : chosen
}

/** Pixels as wide as they are shown, and as large as fits the room that a picture has: an upright clip makes no sheet of endless length. */
function pictureSize(clip: ClipInfo): Size {
  const aspect = (clip.width * pixelAspect(clip)) / clip.height
  const width = Math.max(2, Math.round(Math.min(pictureWidth, pictureHeight * aspect)))
  return { width, height: Math.max(2, Math.round(width / aspect)) }
}

/** RGB bytes of one frame. A clip whose index can be trusted is entered just before it, any other is decoded from the start. */
async function picture(
  path: string,
  clip: ClipInfo,
  frame: number,
  { width, height }: Size,
  signal?: AbortSignal,
): Promise<Buffer> {
  const command = clipInput(path)
  const source = clip.sourcePts[frame]
  const entered = !clip.decoded && source !== null && source !== undefined
  if (entered) {
    const seconds = ((source - clip.frameTicks / 2) * clip.timeBase.num) / clip.timeBase.den
    command.inputOptions('-seek_timestamp', '1', '-ss', seconds.toFixed(6))
  }
  const filters = [...(entered ? [] : [`select='eq(n,${frame})'`]), ...uprightFilters(clip), `scale=${width}:${height}`]
  command
    .output('pipe:1')
    .outputOptions('-map', `0:${clip.stream}`, '-vf', filters.join(','), '-frames:v', '1')
    .outputOptions('-fps_mode', 'passthrough', '-pix_fmt', 'rgb24', '-f', 'rawvideo')
  for await (const pixels of blocks(ffmpegOutput(command, { signal }), width * height * 3)) return Buffer.from(pixels)
  throw new Error(`frame ${frame} did not come`)
}

function outlines({ clip, tracks }: RedactionPlan, frame: number, { width, height }: Size): Buffer {
  const shapes = tracks.flatMap(({ class: kind, runs }) =>
    runs
      .filter(([first, last]) => first <= frame && frame <= last)
      .map(([, , x, y, w, h]) => `<rect x="${x}" y="${y}" width="${w}" height="${h}" stroke="${palette[kind]}"/>`),
  )
  const style = 'fill="none" stroke-width="2" vector-effect="non-scaling-stroke"'
  return Buffer.from(
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${clip.width} ${clip.height}" preserveAspectRatio="none"><g ${style}>${shapes.join('')}</g></svg>`,
  )
}

function timeOf(clip: ClipInfo, frame: number): string {
  const tenths = Math.floor(secondsAt(clip, frame) * 10)
  const seconds = String(Math.floor(tenths / 10) % 60).padStart(2, '0')
  return `${Math.floor(tenths / 600)}:${seconds}.${tenths % 10}`
}
