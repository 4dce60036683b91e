/**
 * A cheap visual tracker: finds again on a later or earlier frame what a detector saw on this one, by normalised
 * cross-correlation of luma (J. P. Lewis, Fast Normalized Cross-Correlation, 1995). For turned heads and for the frames
 * between two looks; it never starts a track.
 */
import { type Box, moved } from './box.ts'
import { type Drift, sizeOf } from './motion.ts'

/** A plane of bytes, row by row. Boxes are pixels of it. */
export interface Luma {
  readonly width: number
  readonly height: number
  readonly bytes: Uint8Array
}

/** What is being followed, as it looked where it was last found. */
export interface Followed {
  readonly box: Box
  /** Pixels that it moved since the frame before. */
  readonly dx: number
  readonly dy: number
}

/** A patch is at least so many pixels wide and high: of what is smaller, what is around it is followed with it. */
const leastPatchPx = 6
/** Samples on the longer side of a patch. */
const mostSamples = 20
const leastSamples = 5
/** What is flatter, and longer than the most samples, is not followed. */
const leastFlatPx = 10
/** Correlation below which it is lost. */
const leastLikeness = 0.6
/** How far from the expected place it is searched for, in its sizes, and at least in pixels. */
const reach = 0.7
const leastReachPx = 4

/** Samples of a patch, so many pixels apart. */
interface Grid {
  readonly stepX: number
  readonly stepY: number
  readonly across: number
  readonly down: number
}

/** Where `last` went from one frame to a neighbouring one; undefined when nothing there is like it, or too little of it shows. */
export function follow(from: Luma, to: Luma, last: Followed): Followed | undefined {
  const box = patched(last.box, from)
  const grid = gridOver(box)
  if (!grid) return undefined
  const patch = patchAt(from, grid, Math.round(box.x), Math.round(box.y))
  if (!patch) return undefined

  let [bestX, bestY, best] = [0, 0, nowhere]
  const search = (centreX: number, centreY: number, within: number, stride: number) => {
    for (let y = centreY - within; y <= centreY + within; y += stride) {
      for (let x = centreX - within; x <= centreX + within; x += stride) {
        const like = likeness(to, grid, patch, x, y)
        if (like > best) [bestX, bestY, best] = [x, y, like]
      }
    }
  }
  const stride = Math.max(1, Math.round(sizeOf(box) / 12))
  const strides = Math.ceil(Math.max(leastReachPx, reach * sizeOf(box)) / stride)
  search(Math.round(box.x + last.dx), Math.round(box.y + last.dy), strides * stride, stride)
  search(bestX, bestY, stride - 1, 1)
  if (best < leastLikeness) return undefined
  const [startX, startY] = [Math.round(box.x), Math.round(box.y)]
  const part = summit((x, y) => likeness(to, grid, patch, bestX + x, bestY + y))
  // A patch that holds more on its one side has its summit beside the middle even where it was taken: what stands must stay.
  const own = summit((x, y) => likeness(from, grid, patch, startX + x, startY + y))
  const [dx, dy] = [bestX - startX + part.x - own.x, bestY - startY + part.y - own.y]
  return { box: moved(last.box, dx, dy), dx, dy }
}

/**
 * How far beside the middle likeness is greatest, in parts of a pixel, by the paraboloid through it and its eight neighbours: what moves by half a
 * pixel a frame must not stand, nor go twice as fast. Nowhere but in the middle where a neighbour lies beyond the border, or there is no summit.
 */
function summit(likeAt: (x: number, y: number) => number): Drift {
  const row = (y: number) => [likeAt(-1, y), likeAt(0, y), likeAt(1, y)] as const
  const [above, level, below] = [row(-1), row(0), row(1)]
  if ([...above, ...level, ...below].includes(nowhere)) return { x: 0, y: 0 }
  const [[nw, n, ne], [w, at, e], [sw, s, se]] = [above, level, below]
  const [slopeX, slopeY] = [(e - w) / 2, (s - n) / 2]
  const [bendX, bendY, twist] = [e - 2 * at + w, s - 2 * at + n, (se - sw - ne + nw) / 4]
  const turn = bendX * bendY - twist ** 2
  if (bendX >= 0 || turn <= 0) return { x: 0, y: 0 }
  const within = (value: number) => Math.max(-0.5, Math.min(0.5, value))
  return { x: within((twist * slopeY - bendY * slopeX) / turn), y: within((twist * slopeX - bendX * slopeY) / turn) }
}

function gridOver({ w, h }: Box): Grid | undefined {
  const step = Math.max(1, Math.ceil(Math.max(w, h) / mostSamples))
  // The short side of a plate has enough of them if they lie closer there.
  const stepOn = (side: number) => (side < leastFlatPx ? step : Math.min(step, Math.floor(side / leastSamples)))
  const [stepX, stepY] = [stepOn(w), stepOn(h)]
  const [across, down] = [Math.floor(w / stepX), Math.floor(h / stepY)]
  return across < leastSamples || down < leastSamples ? undefined : { stepX, stepY, across, down }
}

function patched({ x, y, w, h }: Box, { width, height }: Luma): Box {
  const [left, across] = stretched(x, w, width)
  const [top, down] = stretched(y, h, height)
  return { x: left, y: top, w: across, h: down }
}

/** About its middle, but no further than the picture goes; what leaves the picture is let go. */
function stretched(from: number, length: number, limit: number): [number, number] {
  if (length >= leastPatchPx || from < 0 || from + length > limit) return [from, length]
  const start = from + (length - leastPatchPx) / 2
  return [Math.max(0, Math.min(start, limit - leastPatchPx)), leastPatchPx]
}

/** Samples with mean 0 and length 1; undefined beyond the border, and where there is nothing but one tone. */
function patchAt({ width, height, bytes }: Luma, { stepX, stepY, across, down }: Grid, x: number, y: number) {
  if (x < 0 || y < 0 || x + across * stepX > width || y + down * stepY > height) return undefined
  const patch = new Float32Array(across * down)
  for (let row = 0, i = 0; row < down; row++) {
    const line = (y + row * stepY) * width + x
    for (let column = 0; column < across; column++, i++) patch[i] = bytes[line + column * stepX]!
  }
  const mean = patch.reduce((sum, value) => sum + value, 0) / patch.length
  const length = Math.hypot(...patch.map(value => value - mean))
  if (length ** 2 < patch.length * leastVariance) return undefined
  return patch.map(value => (value - mean) / length)
}

/** Below this there are only noise and gradients to hold on to. */
const leastVariance = 9

/** Likeness to what lies beyond the border, or is of one tone. */
const nowhere = -1

/** Correlation of the patch with what lies at a place, -1..1. */
function likeness(
  { width, height, bytes }: Luma,
  { stepX, stepY, across, down }: Grid,
  patch: Float32Array,
  x: number,
  y: number,
) {
  if (x < 0 || y < 0 || x + across * stepX > width || y + down * stepY > height) return nowhere
  let sum = 0
  let squares = 0
  let product = 0
  for (let row = 0, i = 0; row < down; row++) {
    const line = (y + row * stepY) * width + x
    for (let column = 0; column < across; column++, i++) {
      const value = bytes[line + column * stepX]!
      sum += value
      squares += value * value
      product += value * patch[i]!
    }
  }
  const spread = squares - (sum * sum) / patch.length
  return spread < patch.length * leastVariance ? nowhere : product / Math.sqrt(spread)
}
