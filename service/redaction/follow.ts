/**
 * A cheap visual tracker: finds again on a later or earlier frame what a detector saw on this one, by normalised
 * cross-correlation of luma (J. P. Lewis, Fast Normalized Cross-Correlation, 1995). For turned heads and for the frames
 * between two looks; it never starts a track.
 */
import { type Box, moved } from './box.ts'
import { sizeOf } from './motion.ts'

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
/** Correlation below which it is lost. */
const leastLikeness = 0.6
/** How far from the expected place it is searched for, in its sizes, and at least in pixels. */
const reach = 0.7
const leastReachPx = 4

interface Grid {
  readonly step: number
  readonly across: number
  readonly down: number
}

/** Where `last` went from one frame to a neighbouring one; undefined when nothing there is like it, or too little of it shows. */
export function follow(from: Luma, to: Luma, last: Followed): Followed | undefined {
  const box = patched(last.box, from)
  const step = Math.max(1, Math.ceil(Math.max(box.w, box.h) / mostSamples))
  const grid = { step, across: Math.floor(box.w / step), down: Math.floor(box.h / step) }
  if (grid.across < leastSamples || grid.down < leastSamples) return undefined
  const patch = patchAt(from, grid, Math.round(box.x), Math.round(box.y))
  if (!patch) return undefined

  let [bestX, bestY, best] = [0, 0, -1]
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
  const [offX, offY] = [box.x - Math.round(box.x), box.y - Math.round(box.y)]
  const [dx, dy] = [bestX + offX - box.x, bestY + offY - box.y]
  return { box: moved(last.box, dx, dy), dx, dy }
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
function patchAt({ width, height, bytes }: Luma, { step, across, down }: Grid, x: number, y: number) {
  if (x < 0 || y < 0 || x + across * step > width || y + down * step > height) return undefined
  const patch = new Float32Array(across * down)
  for (let row = 0, i = 0; row < down; row++) {
    const line = (y + row * step) * width + x
    for (let column = 0; column < across; column++, i++) patch[i] = bytes[line + column * step]!
  }
  const mean = patch.reduce((sum, value) => sum + value, 0) / patch.length
  const length = Math.hypot(...patch.map(value => value - mean))
  if (length ** 2 < patch.length * leastVariance) return undefined
  return patch.map(value => (value - mean) / length)
}

/** Below this there are only noise and gradients to hold on to. */
const leastVariance = 9

/** Correlation of the patch with what lies at a place, -1..1. */
function likeness(
  { width, height, bytes }: Luma,
  { step, across, down }: Grid,
  patch: Float32Array,
  x: number,
  y: number,
) {
  if (x < 0 || y < 0 || x + across * step > width || y + down * step > height) return -1
  let sum = 0
  let squares = 0
  let product = 0
  for (let row = 0, i = 0; row < down; row++) {
    const line = (y + row * step) * width + x
    for (let column = 0; column < across; column++, i++) {
      const value = bytes[line + column * step]!
      sum += value
      squares += value * value
      product += value * patch[i]!
    }
  }
  const spread = squares - (sum * sum) / patch.length
  return spread < patch.length * leastVariance ? -1 : product / Math.sqrt(spread)
}
