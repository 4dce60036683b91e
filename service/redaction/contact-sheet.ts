/** Before and after, side by side: a few frames of a clip and its redacted copy, with an outline around what was covered. */
import sharp from 'sharp'
import { clipInput, uprightFilters } from './clip-input.ts'
import { blocks, ffmpegOutput } from './ffmpeg.ts'
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

const pictureWidth = 560
const gap = 16
const labelHeight = 34
const background = '#14161a'
const colours = { face: '#ffb000', plate: '#35c4ff', region: '#ff5ca8' }

/** Writes the sheet. Throws what probing and ffmpeg throw. */
export async function contactSheet({ before, after, plan, out, rows = 6, signal }: ContactSheetOptions): Promise<void> {
  const clip = await probeClip(before, undefined, { signal })
  const copy = await probeClip(after, undefined, { signal })
  const chosen = chooseFrames(plan, rows)
  const turned = clip.rotationDegrees % 180 !== 0
  const { num, den } = clip.sampleAspect
  const shownWidth = turned ? clip.width : (clip.width * num) / den
  const shownHeight = turned ? (clip.height * num) / den : clip.height
  const height = Math.round((pictureWidth * shownHeight) / shownWidth)
  const layers = []
  for (const [row, frame] of chosen.entries()) {
    const top = labelHeight + gap + row * (height + labelHeight + gap) + labelHeight
    for (const [column, [path, info]] of ([[before, clip], [after, copy]] as const).entries()) {
      const input = await picture(path, info, frame, { width: pictureWidth, height }, signal)
      const left = gap + column * (pictureWidth + gap)
      layers.push({ input, raw: { width: pictureWidth, height, channels: 3 as const }, left, top })
      layers.push({ input: outlines(plan, frame, { width: pictureWidth, height }, column === 0), left, top })
    }
    layers.push({ input: Buffer.from(label(timeOf(clip, frame))), left: gap, top: top - labelHeight })
  }
  layers.push({ input: Buffer.from(label('before', true)), left: gap, top: 10 })
  layers.push({ input: Buffer.from(label('after', true)), left: 2 * gap + pictureWidth, top: 10 })
  const size = { width: 3 * gap + 2 * pictureWidth, height: labelHeight + gap + chosen.length * (height + labelHeight + gap) }
  await sharp({ create: { ...size, channels: 3, background } }).composite(layers).png({ compressionLevel: 9 }).toFile(out)
}

/** One frame from each stretch of the clip: that on which the most stands covered, the middle one among equals. */
export function chooseFrames(plan: RedactionPlan, rows: number): number[] {
  const { frames } = plan.clip
  const covered = new Int32Array(frames)
  for (const { runs } of plan.tracks) for (const [first, last] of runs) for (let n = first; n <= last; n++) covered[n]!++
  const stretches = Math.min(rows, frames)
  const chosen = Array.from({ length: stretches }, (_, i) => {
    const from = Math.floor((i * frames) / stretches)
    const all = Array.from(covered.subarray(from, Math.floor(((i + 1) * frames) / stretches)))
    const most = Math.max(...all)
    const best = all.flatMap((count, n) => (count === most ? [from + n] : []))
    return best[Math.floor(best.length / 2)]!
  })
  const shown = chosen.filter(n => covered[n]! > 0)
  return shown.length > 0 ? shown : chosen
}
