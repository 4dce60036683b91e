import type { Box } from './box.ts'
import type { Picture } from './detector.ts'

/** Where ffmpeg's gbrp keeps each channel. */
export const planeOf = { green: 0, blue: 1, red: 2 } as const

/** Copies a window of one plane into `target`, unscaled. The window is whole pixels inside the picture. */
export function copyWindow({ width, height, planes }: Picture, plane: number, window: Box, target: Float32Array): void {
  const start = plane * width * height
  for (let row = 0; row < window.h; row++) {
    const from = start + (window.y + row) * width + window.x
    target.set(planes.subarray(from, from + window.w), row * window.w)
  }
}

/**
 * Scales a window of one plane to `side` x `side` and 0..255 to -1..1. Each target pixel is the mean of the area under it,
 * or lies between its neighbours where the window is smaller than the target.
 */
export function sampleWindow(picture: Picture, plane: number, window: Box, target: Float32Array, side: number): void {
  const { width, height, planes } = picture
  const across = tapsFor(window.w, side)
  const down = tapsFor(window.h, side)
  const line = new Float32Array(window.w)
  const start = plane * width * height + window.y * width + window.x
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
