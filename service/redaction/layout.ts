import type { Box } from './box.ts'

/** How a frame is cut up for the detectors: one scaled picture, and windows into it (whole pixels of the picture). */
export interface Layout {
  readonly width: number
  readonly height: number
  /** For our own networks: sides are multiples of 32, the long one is 640; one unless the frame is wider than 2:1. */
  readonly panes: readonly Box[]
  /** For MediaPipe: square on the frame, as wide as its short side, overlapping. */
  readonly squares: readonly Box[]
}

const longSide = 640
const stride = 32
const longestPane = 2
/** Two neighbours share this much of a window, so that a face on the seam is whole in one of them. */
const overlap = 0.1

/** Every pixel of a frame of this size lies in at least one pane and one square. */
export function layoutFor(frameWidth: number, frameHeight: number): Layout {
  const short = Math.min(frameWidth, frameHeight)
  const long = Math.max(frameWidth, frameHeight)
  const pane = Math.min(long, short * longestPane)
  const across = Math.max(stride, Math.round((short * longSide) / pane / stride) * stride)
  const along = pane === long ? longSide : Math.round((long * longSide) / pane)
  const square = Math.min(along, Math.round((short * along) / long))
  const turn = frameHeight > frameWidth
  const windows = (length: number) =>
    starts(along, length).map(at =>
      turn ? { x: 0, y: at, w: across, h: length } : { x: at, y: 0, w: length, h: across },
    )
  return {
    width: turn ? across : along,
    height: turn ? along : across,
    panes: windows(longSide),
    squares: windows(square),
  }
}

/** Where windows of `length` begin so that they cover `whole` evenly, the first and last flush with the ends. */
function starts(whole: number, length: number): number[] {
  const spare = whole - length
  const steps = Math.ceil(spare / (length * (1 - overlap)) - 1e-9)
  return Array.from({ length: steps + 1 }, (_, i) => (steps === 0 ? 0 : Math.round((spare * i) / steps)))
}
