import { type Box, intersection } from './box.ts'
import type { Picture, Scale } from './detector.ts'
import { afar, fineness, type Layout, wholeOf } from './layout.ts'
import { lookRules } from './looks.ts'

/** What a detector sees: three planes of numbers 0..255, one after another. */
export interface View {
  readonly width: number
  readonly height: number
  /** The part of it that the planes hold; all of it where absent. */
  readonly region?: Box
  readonly planes: Float32Array
}

export const planeOf = { red: 0, green: 1, blue: 2 } as const

/** Red and blue weights of luma (ITU-T H.273, table 4). */
export const lumaWeights = { bt601: [0.299, 0.114], bt709: [0.2126, 0.0722] } as const

/** The mean luma of each four pixels, in `luma` where a plane is to be reused. */
export function halvedLuma(
  { width, height, planes }: Pick<Picture, 'width' | 'height' | 'planes'>,
  luma: Uint8Array = new Uint8Array((width * height) / 4),
): Uint8Array {
  for (let y = 0, at = 0; y < height; y += 2) {
    for (let from = y * width; from < (y + 1) * width; from += 2, at++) {
      luma[at] = (planes[from]! + planes[from + 1]! + planes[from + width]! + planes[from + width + 1]! + 2) >> 2
    }
  }
  return luma
}

const views = new WeakMap<Picture, Map<string, View>>()
/** Planes that nobody needs any more, the smallest first: fresh ones of many megabytes for each picture cost time and memory (docs/benchmarks.md). */
const spare: Float32Array<ArrayBuffer>[] = []
/** A picture is seen at two scales, and from afar, for which a part is seen a little larger. */
const mostSpare = 4

/** A region of the picture (even edges; all of it where absent) in red, green and blue at a scale; made once for all the detectors of a process. */
export function viewOf(picture: Picture, scale: Scale, region?: Box): View {
  const made = views.get(picture) ?? new Map<string, View>()
  views.set(picture, made)
  const key = `${scale} ${JSON.stringify(region)}`
  const known = made.get(key)
  if (known) return known
  const times = scale === 'fine' ? 1 : fineness
  const [width, height] = [picture.width / times, picture.height / times]
  const shown = region ?? { x: 0, y: 0, w: width, h: height }
  const planes = scale === 'fine' ? fineRgb(picture, shown) : coarseRgb(picture, shown)
  const view = { width, height, ...(region && { region }), planes }
  made.set(key, view)
  return view
}

/** What lies around a region of the coarse picture (all of it where absent) at half its scale, with room around the frame, into which its edge goes on. */
export function viewFromAfar(picture: Picture, region?: Box): View {
  const made = views.get(picture) ?? new Map<string, View>()
  views.set(picture, made)
  const key = `afar ${JSON.stringify(region)}`
  const known = made.get(key)
  if (known) return known
  const { size, window } = afar(
    { width: picture.width / fineness, height: picture.height / fineness },
    lookRules.afarRoomPerMille,
    region,
  )
  const { x, y, w, h } = intersection(window, wholeOf(size))
  const coarse = viewOf(picture, 'coarse', region && { x: 2 * x, y: 2 * y, w: 2 * w, h: 2 * h })
  const view = { ...size, region: window, planes: halvedRgb(coarse, size, window) }
  made.set(key, view)
  return view
}

function halvedRgb(coarse: View, size: Layout, { x: left, y: top, w, h }: Box): Float32Array {
  const { planes } = coarse
  const { x: startX, y: startY, w: width, h: height } = regionOf(coarse)
  const rgb = floats(3 * w * h)
  const within = (value: number, sides: number) => 2 * Math.min(sides - 1, Math.max(0, value))
  const columns = Int32Array.from({ length: w }, (_, x) => within(left + x, size.width) - startX)
  for (let row = 0, to = 0; row < 3 * h; row++) {
    const from = (Math.floor(row / h) * height + within(top + (row % h), size.height) - startY) * width
    for (let x = 0; x < w; x++, to++) {
      const at = from + columns[x]!
      rgb[to] = (planes[at]! + planes[at + 1]! + planes[at + width]! + planes[at + width + 1]!) / 4
    }
  }
  return rgb
}

/** Whoever is done with a picture may say so. All its views lose their planes, which are then overwritten. */
export function releaseViews(picture: Picture): void {
  for (const { planes } of views.get(picture)?.values() ?? [])
    spare.push(new Float32Array(planes.buffer as ArrayBuffer))
  views.delete(picture)
  spare.sort((a, b) => a.length - b.length)
  spare.splice(0, spare.length - mostSpare)
}

/** As many floats of any value, in a spare plane where one is large enough. */
function floats(length: number): Float32Array {
  const at = spare.findIndex(one => one.length >= length)
  return at < 0 ? new Float32Array(length) : spare.splice(at, 1)[0]!.subarray(0, length)
}

/** A chroma sample serves the four pixels that it lies between. */
function fineRgb({ width, height, planes, matrix }: Picture, region: Box): Float32Array {
  const { luma, blue, greenOfBlue, greenOfRed, red } = tablesOf(matrix)
  const blueAt = width * height
  const redAt = blueAt + blueAt / 4
  const size = region.w * region.h
  const rgb = floats(3 * size)
  for (let y = region.y, to = 0; y < region.y + region.h; y++) {
    const chroma = (y >> 1) * (width >> 1)
    for (let x = region.x; x < region.x + region.w; x++, to++) {
      const bright = luma[planes[y * width + x]!]!
      const u = planes[blueAt + chroma + (x >> 1)]!
      const v = planes[redAt + chroma + (x >> 1)]!
      rgb[to] = clamped(bright + red[v]!)
      rgb[to + size] = clamped(bright - greenOfBlue[u]! - greenOfRed[v]!)
      rgb[to + 2 * size] = clamped(bright + blue[u]!)
    }
  }
  return rgb
}

/** A pixel is the mean of four, which have one chroma sample. Its loop is written out like the other: a call for each pixel was slower. */
function coarseRgb({ width, height, planes, matrix }: Picture, region: Box): Float32Array {
  const { luma, blue, greenOfBlue, greenOfRed, red } = tablesOf(matrix)
  const blueAt = width * height
  const redAt = blueAt + blueAt / 4
  const size = region.w * region.h
  const rgb = floats(3 * size)
  for (let y = region.y, to = 0; y < region.y + region.h; y++) {
    const chroma = y * (width >> 1)
    for (let x = region.x; x < region.x + region.w; x++, to++) {
      const at = 2 * (y * width + x)
      const sum = planes[at]! + planes[at + 1]! + planes[at + width]! + planes[at + width + 1]!
      const bright = luma[(sum + 2) >> 2]!
      const u = planes[blueAt + chroma + x]!
      const v = planes[redAt + chroma + x]!
      rgb[to] = clamped(bright + red[v]!)
      rgb[to + size] = clamped(bright - greenOfBlue[u]! - greenOfRed[v]!)
      rgb[to + 2 * size] = clamped(bright + blue[u]!)
    }
  }
  return rgb
}

/** From 256ths to 0..255. */
function clamped(value: number): number {
  return value < 0 ? 0 : value > 65_535 ? 255 : value >> 8
}

/** Limited-range samples to the addends of full-range red, green and blue, in 256ths. */
const tables = new Map<Picture['matrix'], ReturnType<typeof makeTables>>()

function tablesOf(matrix: Picture['matrix']) {
  const made = tables.get(matrix) ?? makeTables(matrix)
  tables.set(matrix, made)
  return made
}

function makeTables(matrix: Picture['matrix']) {
  const [red, blue] = lumaWeights[matrix]
  const green = 1 - red - blue
  const table = (of: (value: number) => number) => Int32Array.from({ length: 256 }, (_, i) => Math.round(256 * of(i)))
  const chroma = (weight: number) => table(i => 2 * (1 - weight) * (i - 128) * (255 / 224))
  return {
    luma: table(i => (i - 16) * (255 / 219) + 0.5),
    red: chroma(red),
    blue: chroma(blue),
    greenOfBlue: table(i => ((2 * blue * (1 - blue)) / green) * (i - 128) * (255 / 224)),
    greenOfRed: table(i => ((2 * red * (1 - red)) / green) * (i - 128) * (255 / 224)),
  }
}

function regionOf({ width, height, region }: View): Box {
  return region ?? { x: 0, y: 0, w: width, h: height }
}

/** Copies a window of one plane into `target`, unscaled. The window is whole pixels inside what the view holds. */
export function copyWindow(view: View, plane: number, window: Box, target: Float32Array): void {
  const { x, y, w, h } = regionOf(view)
  const start = plane * w * h
  for (let row = 0; row < window.h; row++) {
    const from = start + (window.y - y + row) * w + window.x - x
    target.set(view.planes.subarray(from, from + window.w), row * window.w)
  }
}

/**
 * Scales a window of one plane to `side` x `side` and 0..255 to -1..1. Each target pixel is the mean of the area under it,
 * or lies between its neighbours where the window is smaller than the target.
 */
export function sampleWindow(view: View, plane: number, window: Box, target: Float32Array, side: number): void {
  const { planes } = view
  const { x: left, y: top, w: width, h: height } = regionOf(view)
  const across = tapsFor(window.w, side)
  const down = tapsFor(window.h, side)
  const line = new Float32Array(window.w)
  const start = plane * width * height + (window.y - top) * width + window.x - left
  for (let row = 0; row < side; row++) {
    line.fill(0)
    for (let tap = 0; tap < down.count; tap++) {
      const weight = down.weights[row * down.count + tap]!
      const from = start + (down.first[row]! + tap) * width
      if (weight > 0) for (let x = 0; x < window.w; x++) line[x]! += planes[from + x]! * weight
    }
    for (let column = 0; column < side; column++) {
      let sum = 0
      const first = across.first[column]!
      for (let tap = 0; tap < across.count; tap++)
        sum += line[first + tap]! * across.weights[column * across.count + tap]!
      target[row * side + column] = sum / 127.5 - 1
    }
  }
}

/** Target pixel i is the sum of `count` source pixels from `first[i]` on, with weights that sum to 1. */
interface Taps {
  readonly count: number
  readonly first: Int32Array
  readonly weights: Float32Array
}

const known = new Map<string, Taps>()

function tapsFor(from: number, to: number): Taps {
  const key = `${from}/${to}`
  const taps = known.get(key) ?? makeTaps(from, to)
  known.set(key, taps)
  return taps
}

function makeTaps(from: number, to: number): Taps {
  const scale = from / to
  const count = Math.min(from, scale > 1 ? Math.ceil(scale) + 1 : 2)
  const first = new Int32Array(to)
  const weights = new Float32Array(to * count)
  for (let i = 0; i < to; i++) {
    const centre = Math.min(Math.max((i + 0.5) * scale - 0.5, 0), from - 1)
    first[i] = Math.min(Math.floor(scale > 1 ? i * scale : centre), from - count)
    for (let tap = 0; tap < count; tap++) {
      const at = first[i]! + tap
      const area = Math.min(at + 1, (i + 1) * scale) - Math.max(at, i * scale)
      weights[i * count + tap] = Math.max(0, scale > 1 ? area / scale : 1 - Math.abs(centre - at))
    }
  }
  return { count, first, weights }
}
