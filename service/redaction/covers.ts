/** The boxes that a plan burns in, and how they share the few `drawbox` filters that one ffmpeg runs. */
import type { RedactionPlan } from './plan.ts'

/** One box held on the frames first..last, both included; pixels of the upright frame, all edges even. */
export interface Cover {
  readonly first: number
  readonly last: number
  readonly x: number
  readonly y: number
  readonly w: number
  readonly h: number
  /** Covers of one track follow one another in the same slot where they can. */
  readonly track: number
}

/** The frame of the copy: odd sides are padded by one, since 4:2:0 has no half pixels. */
export interface Canvas {
  readonly width: number
  readonly height: number
}

/** A crowd beyond this many boxes in a frame blanks the frame: better too much than one too few. */
export const mostBoxesAtOnce = 400

export function canvasOf(clip: { width: number; height: number }): Canvas {
  return { width: clip.width + (clip.width % 2), height: clip.height + (clip.height % 2) }
}

/**
 * Everything that is to be covered, as even boxes inside the canvas. Frames of which the plan could not tell are blanked
 * unless `blankWhereUnsure` is false.
 */
export function coversOf(plan: RedactionPlan, { blankWhereUnsure = true } = {}): Cover[] {
  const canvas = canvasOf(plan.clip)
  const covers: Cover[] = plan.tracks.flatMap(({ id, runs }) =>
    runs.map(([first, last, x, y, w, h]) => ({ first, last, track: id, ...evenBox(canvas, x, y, w, h) })),
  )
  const blank = (first: number, last: number) => ({
    first,
    last,
    track: 0,
    x: 0,
    y: 0,
    w: canvas.width,
    h: canvas.height,
  })
  const unsure = blankWhereUnsure ? plan.couldNotTell : []
  const crowds = crowdedRanges(covers, plan.clip.frames)
  const boxes = crowds.length > 0 ? covers.flatMap(cover => outside(cover, crowds)) : covers
  return [...boxes, ...[...unsure, ...crowds].map(([first, last]) => blank(first, last))]
}

function evenBox(canvas: Canvas, x: number, y: number, w: number, h: number) {
  const left = x - (x % 2)
  const top = y - (y % 2)
  const right = Math.min(canvas.width, x + w + ((x + w) % 2))
  const bottom = Math.min(canvas.height, y + h + ((y + h) % 2))
  return { x: left, y: top, w: right - left, h: bottom - top }
}

function crowdedRanges(covers: readonly Cover[], frames: number): [number, number][] {
  const change = new Int32Array(frames + 1)
  for (const { first, last } of covers) {
    change[first]!++
    change[last + 1]!--
  }
  const ranges: [number, number][] = []
  for (let n = 0, boxes = 0; n < frames; n++) {
    boxes += change[n]!
    if (boxes <= mostBoxesAtOnce) continue
    const open = ranges.at(-1)
    if (open && open[1] === n - 1) open[1] = n
    else ranges.push([n, n])
  }
  return ranges
}

/** The parts of a cover that lie between the ranges, which rise and do not overlap. */
function outside(cover: Cover, ranges: readonly (readonly [number, number])[]): Cover[] {
  const parts: Cover[] = []
  let { first } = cover
  for (const [from, to] of ranges) {
    if (to < first || from > cover.last) continue
    if (from > first) parts.push({ ...cover, first, last: from - 1 })
    first = to + 1
  }
  return first <= cover.last ? [...parts, { ...cover, first }] : parts
}
