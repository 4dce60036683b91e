/** What a redacted clip still shows of known faces and plates, judged from its decoded pixels and never from the plan. */
import { type Box, intersectionArea } from '../../service/redaction/box.ts'
import { type Picture, pictures } from './leak-pictures.ts'
import { type LeakReport, reportOf } from './leak-report.ts'
import type { Ignored, Truth, TruthBox } from './leak-truth.ts'

export interface LeakOptions {
  /** `#rrggbb`; black where absent. */
  readonly fill?: string
  /** How far a channel of a covered pixel may lie from the fill, 0..255. */
  readonly tolerance?: number
  /** A box counts as leaked when a smaller share of it is covered. */
  readonly leastCovered?: number
  /** Faces lower than this, in pixels, are below the floor: neither a leak nor covered for nothing. */
  readonly leastFaceHeight?: number
  /** The same for the width of plates. */
  readonly leastPlateWidth?: number
}

export interface BoxLeak extends TruthBox {
  /** Share of the box's area that still shows the original, 0..1. */
  readonly open: number
}

/** A box of which this share lies in one ignored region of its class is not judged. */
const ignoredFrom = 0.5

/**
 * Compares a redacted clip with its original, frame by frame. A pixel is covered when it lies within the tolerance of the
 * fill; one that the original already showed like that proves nothing and is not counted.
 * Throws when the clips differ in their number of frames or in size by more than the pixel that makes a side even, or when the truth
 * names a frame that neither has.
 */
export async function measureLeak(
  original: string,
  redacted: string,
  truth: Truth,
  {
    fill = '#000000',
    tolerance = 16,
    leastCovered = 0.9,
    leastFaceHeight = 12,
    leastPlateWidth = 30,
  }: LeakOptions = {},
): Promise<LeakReport> {
  const colour = [1, 3, 5].map(at => Number.parseInt(fill.slice(at, at + 2), 16)) as [number, number, number]
  const belowFloor = ({ class: name, w, h }: TruthBox) => (name === 'face' ? h < leastFaceHeight : w < leastPlateWidth)
  const looked = new Set(truth.frames)
  const boxesOf = Map.groupBy(truth.boxes, each => each.frame)
  const ignoredOf = Map.groupBy(truth.ignore, each => each.frame)
  const seen: BoxLeak[] = []
  const small: BoxLeak[] = []
  let frames = 0
  let pixels = 0
  let tooMuch = 0
  const before = pictures(original)
  const after = pictures(redacted)
  for (;;) {
    const [was, is] = await Promise.all([before.next(), after.next()])
    if (was.done !== is.done) throw new Error(`one of the clips ends after ${frames} frames, the other goes on`)
    if (was.done || is.done) break
    if (looked.delete(frames)) {
      const ignored = ignoredOf.get(frames) ?? []
      const boxes = (boxesOf.get(frames) ?? []).filter(each => !isIgnored(each, ignored))
      const { state, width, height } = stateOf(was.value, is.value, colour, tolerance)
      for (const each of boxes) {
        const judged = { ...each, open: openShare(state, width, height, each) }
        if (belowFloor(each)) small.push(judged)
        else seen.push(judged)
      }
      tooMuch += coveredOutside(state, width, height, [...(boxesOf.get(frames) ?? []), ...ignored])
      pixels += width * height
    }
    frames++
  }
  if (looked.size > 0)
    throw new Error(`the clip has ${frames} frames, but the truth names frame ${Math.max(...looked)}`)
  return reportOf({ frames, pixels, tooMuch, seen, small, leastCovered })
}

function isIgnored(box: TruthBox, ignored: readonly Ignored[]): boolean {
  const own = ignored.filter(each => each.class === undefined || each.class === box.class)
  return own.some(each => intersectionArea(box, each) >= ignoredFrom * box.w * box.h)
}

const unjudged = 0
const open = 1
const covered = 2

/** For each pixel whether it is open, covered, or looked like the fill from the start. A copy may be padded by a pixel. */
function stateOf(was: Picture, is: Picture, fill: readonly [number, number, number], tolerance: number) {
  const { width, height } = was
  if (is.width < width || is.height < height) throw new Error('the redacted picture is smaller than the original')
  if (is.width > width + 1 || is.height > height + 1)
    throw new Error('the redacted picture is larger than the original')
  const like = (rgb: Buffer, at: number) =>
    Math.abs(rgb[at]! - fill[0]) <= tolerance &&
    Math.abs(rgb[at + 1]! - fill[1]) <= tolerance &&
    Math.abs(rgb[at + 2]! - fill[2]) <= tolerance
  const state = new Uint8Array(width * height)
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      if (like(was.rgb, (y * width + x) * 3)) continue
      state[y * width + x] = like(is.rgb, (y * is.width + x) * 3) ? covered : open
    }
  }
  return { state, width, height }
}

/** Share of a box that is open, of what can be told: 0 where the original showed the colour of the fill all over. */
function openShare(state: Uint8Array, width: number, height: number, area: Box): number {
  let judged = 0
  let shown = 0
  inside(width, height, area, at => {
    if (state[at] !== unjudged) judged++
    if (state[at] === open) shown++
  })
  return judged === 0 ? 0 : shown / judged
}

/** Takes the areas out of `state`. */
function coveredOutside(state: Uint8Array, width: number, height: number, areas: readonly Box[]): number {
  for (const each of areas) {
    inside(width, height, each, at => {
      state[at] = unjudged
    })
  }
  return state.reduce((sum, pixel) => sum + (pixel === covered ? 1 : 0), 0)
}

function inside(width: number, height: number, { x, y, w, h }: Box, visit: (at: number) => void): void {
  for (let row = Math.max(0, Math.floor(y)); row < Math.min(height, Math.ceil(y + h)); row++) {
    for (let column = Math.max(0, Math.floor(x)); column < Math.min(width, Math.ceil(x + w)); column++) {
      visit(row * width + column)
    }
  }
}
