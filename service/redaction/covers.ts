/** The boxes that a plan burns in, on the canvas of the copy. */
import { coveredTracks, type RedactionPlan } from './plan.ts'

/** One box held on the frames first..last, both included; pixels of the upright frame, all edges even. */
export interface Cover {
  readonly first: number
  readonly last: number
  readonly x: number
  readonly y: number
  readonly w: number
  readonly h: number
  /** The plan's track; 0 for a whole frame. */
  readonly track: number
}

/** The frame of the copy: odd sides are padded by one, since 4:2:0 has no half pixels. */
export interface Canvas {
  readonly width: number
  readonly height: number
}

export function canvasOf(clip: { width: number; height: number }): Canvas {
  return { width: clip.width + (clip.width % 2), height: clip.height + (clip.height % 2) }
}

/**
 * Everything that is to be covered, as even boxes inside the canvas; a track kept visible is not. Frames of which the plan
 * could not tell are blanked unless `blankWhereUnsure` is false.
 */
export function coversOf(plan: RedactionPlan, { blankWhereUnsure = true } = {}): Cover[] {
  const canvas = canvasOf(plan.clip)
  const covers: Cover[] = coveredTracks(plan).flatMap(({ id, runs }) =>
    runs.map(([first, last, x, y, w, h]) => ({ first, last, track: id, ...evenBox(canvas, x, y, w, h) })),
  )
  const unsure = blankWhereUnsure ? plan.couldNotTell : []
  const blank = { track: 0, x: 0, y: 0, w: canvas.width, h: canvas.height }
  return [...covers, ...unsure.map(([first, last]) => ({ first, last, ...blank }))]
}

export interface Change {
  readonly frame: number
  readonly starting: readonly Cover[]
  /** Those that stand on this frame, `starting` among them. */
  readonly standing: readonly Cover[]
  /** Those that stood on the frame before and do not stand on this one. */
  readonly ended: readonly Cover[]
}

/** The frames on which covers come or go, in order; with `fromTheFirst` frame 0 in any case. */
export function* changesOf(
  covers: readonly Cover[],
  frames: number,
  { fromTheFirst = false } = {},
): Generator<Change, void, undefined> {
  const changing = new Uint8Array(frames + 1)
  if (fromTheFirst) changing[0] = 1
  for (const { first, last } of covers) {
    changing[first] = 1
    changing[last + 1] = 1
  }
  const waiting = covers.toSorted((a, b) => b.first - a.first)
  let standing: Cover[] = []
  for (let frame = changing.indexOf(1); frame >= 0 && frame < frames; frame = changing.indexOf(1, frame + 1)) {
    const ended = standing.filter(c => c.last < frame)
    const starting: Cover[] = []
    while (waiting.at(-1)?.first === frame) starting.push(waiting.pop()!)
    standing = [...standing.filter(c => c.last >= frame), ...starting]
    yield { frame, starting, standing, ended }
  }
}

function evenBox(canvas: Canvas, x: number, y: number, w: number, h: number) {
  const left = x - (x % 2)
  const top = y - (y % 2)
  const right = Math.min(canvas.width, x + w + ((x + w) % 2))
  const bottom = Math.min(canvas.height, y + h + ((y + h) % 2))
  return { x: left, y: top, w: right - left, h: bottom - top }
}
