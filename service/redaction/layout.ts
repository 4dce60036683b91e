import type { Box } from './box.ts'
import type { ClipInfo } from './probe.ts'

/** The scaled pictures that detectors look at: all of the frame, its sides multiples of 32. */
export interface Layout {
  /** Of the coarse picture; the fine one is `fineness` times as wide and as high. */
  readonly width: number
  readonly height: number
}

/** The fine picture has twice the sides of the coarse one: a face half as large is seen in it. */
export const fineness = 2
const usualLongSide = 640
const stride = 32
const longestPane = 2
const mostPanes = 8
/** Two neighbours share this much of a window, so that a face on the seam is whole in one of them. */
const overlap = 0.1
/** MediaPipe's own input: a smaller square would only be blown up. */
const leastSquare = 192

/** Beyond this no camera's pixels go: a clip that says so is not believed, and players differ over it. */
const longestPixel = 4

/** How much wider than high a pixel of the upright frame is displayed; 1 where what the clip says cannot be. */
export function pixelAspect({
  sampleAspect: { num, den },
  rotationDegrees,
}: Pick<ClipInfo, 'sampleAspect' | 'rotationDegrees'>): number {
  const aspect = rotationDegrees % 180 === 0 ? num / den : den / num
  return Math.max(aspect, 1 / aspect) > longestPixel ? 1 : aspect
}

/** For a clip as it is displayed, with square pixels: networks know heads and plates in their own proportions. Boxes are shares of the frame. */
export function layoutOf(
  clip: Pick<ClipInfo, 'width' | 'height' | 'sampleAspect' | 'rotationDegrees'>,
  longSide?: number,
): Layout {
  return layoutFor(clip.width * pixelAspect(clip), clip.height, longSide)
}

/** A long side of 640 unless told otherwise, or more where the frame is wider than 2:1. */
export function layoutFor(frameWidth: number, frameHeight: number, longSide = usualLongSide): Layout {
  const short = Math.min(frameWidth, frameHeight)
  const long = Math.max(frameWidth, frameHeight)
  const pane = Math.min(long, short * longestPane)
  const across = snapped((short * longSide) / pane)
  // Beyond any camera's shape a picture is squeezed rather than let grow without end.
  const along = Math.min(snapped((long * longSide) / pane), mostPanes * longSide)
  return frameHeight > frameWidth ? { width: across, height: along } : { width: along, height: across }
}

/** The whole of a picture of this size. */
export function wholeOf({ width, height }: Layout): Box {
  return { x: 0, y: 0, w: width, h: height }
}

export function isWhole({ w, h }: Box, { width, height }: Layout): boolean {
  return w === width && h === height
}

/**
 * The frame from afar, its sides half the coarse picture's, and the window for a network of our own that holds a region of the coarse picture (all
 * of it where absent) with what is around it there: some of the frame, and room beyond its border.
 */
export function afar(
  coarse: Layout,
  roomPerMille: number,
  region: Box = wholeOf(coarse),
): { readonly size: Layout; readonly window: Box } {
  const size = { width: coarse.width / 2, height: coarse.height / 2 }
  const [short, long] = [Math.min(size.width, size.height), Math.max(size.width, size.height)]
  // A panorama would be more room than frame.
  const room = (Math.min(long, 2.5 * short) * roomPerMille) / 1000
  const across = around(size.width, room, region.x / 2, region.w / 2)
  const down = around(size.height, room, region.y / 2, region.h / 2)
  return { size, window: { x: across.start, y: down.start, w: across.length, h: down.length } }
}

/** Of a side with room at both ends so many strides as hold a part of it: with one more where the side goes on, and with the room where it ends. */
function around(side: number, room: number, part: number, length: number): { start: number; length: number } {
  const strides = Math.ceil((side + 2 * room) / stride)
  const start = (side - stride * strides) / 2
  const first = part <= 0 ? 0 : Math.max(0, Math.floor((part - start) / stride) - 1)
  const end = part + length >= side ? strides : Math.min(strides, Math.ceil((part + length - start) / stride) + 1)
  return { start: start + stride * first, length: stride * (end - first) }
}

/** Whether a region ends where the picture does. */
export function touchesBorder({ x, y, w, h }: Box, { width, height }: Layout): boolean {
  return x <= 0 || y <= 0 || x + w >= width || y + h >= height
}

/** The window for a network of our own that holds a region of the picture: its sides are multiples of 32. */
export function paneOver(region: Box, picture: Layout): Box {
  const w = stride * Math.ceil(region.w / stride)
  const h = stride * Math.ceil(region.h / stride)
  return { x: Math.min(region.x, picture.width - w), y: Math.min(region.y, picture.height - h), w, h }
}

/** Squares for MediaPipe that hold all of a region: as wide as its short side, but no smaller than the network's own input. */
export function squaresOver(region: Box, picture: Layout): Box[] {
  const short = Math.min(picture.width, picture.height)
  const side = Math.min(short, Math.max(leastSquare, Math.min(region.w, region.h)))
  return grid(region, picture, spread(Math.max(region.w, side), side), spread(Math.max(region.h, side), side))
}

interface Spread {
  readonly whole: number
  readonly length: number
  readonly starts: readonly number[]
}

/** Where windows of at most `most` begin so that they cover `whole` evenly, the first and last flush with the ends. */
function spread(whole: number, most: number): Spread {
  const length = Math.min(whole, most)
  const spare = whole - length
  const steps = Math.ceil(spare / (length * (1 - overlap)) - 1e-9)
  const starts = Array.from({ length: steps + 1 }, (_, i) => (steps === 0 ? 0 : Math.round((spare * i) / steps)))
  return { whole, length, starts }
}

/** The windows, moved into the picture where the region was widened beyond its border. */
function grid(region: Box, picture: Layout, across: Spread, down: Spread): Box[] {
  const x = Math.min(region.x, picture.width - across.whole)
  const y = Math.min(region.y, picture.height - down.whole)
  return down.starts.flatMap(dy =>
    across.starts.map(dx => ({ x: x + dx, y: y + dy, w: across.length, h: down.length })),
  )
}

function snapped(length: number): number {
  return Math.max(stride, stride * Math.round(length / stride))
}
