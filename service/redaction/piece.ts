/** A small part of a picture, wherever it lies and whatever its size, as a network that looks at one thing is fed. */
import type { Box } from './box.ts'
import type { Picture } from './detector.ts'
import { lumaWeights } from './planes.ts'

/**
 * Scales a region of the picture (in its pixels; its edge goes on for ever) to `width` x `height`: red, green and blue planes 0..255 in
 * `target`. Its light is the mean of what lies under a pixel, or between its neighbours where the region is enlarged.
 */
export function samplePiece(picture: Picture, region: Box, width: number, height: number, target: Float32Array): void {
  const size = width * height
  const half = { x: region.x / 2, y: region.y / 2, w: region.w / 2, h: region.h / 2 }
  const [halfWidth, halfHeight] = [picture.width / 2, picture.height / 2]
  const chroma = halfWidth * halfHeight
  const planes = [
    { width: picture.width, height: picture.height, start: 0, region, mostTaps },
    // Colour is coarse as it comes: the nearest sample will do.
    { width: halfWidth, height: halfHeight, start: 4 * chroma, region: half, mostTaps: 1 },
    { width: halfWidth, height: halfHeight, start: 5 * chroma, region: half, mostTaps: 1 },
  ]
  for (const [i, plane] of planes.entries())
    samplePlane(picture.planes, plane, width, height, target.subarray(i * size, (i + 1) * size))
  toRgb(target, size, picture.matrix)
}

interface Plane {
  readonly width: number
  readonly height: number
  /** Index of its first byte. */
  readonly start: number
  readonly region: Box
  /** No pixel is made of more of its pixels a side. */
  readonly mostTaps: number
}

function samplePlane(bytes: Uint8Array, plane: Plane, width: number, height: number, target: Float32Array): void {
  const { region } = plane
  const across = taps(region.x, region.w, width, plane.width, plane.mostTaps)
  const down = taps(region.y, region.h, height, plane.height, plane.mostTaps)
  for (let j = 0, at = 0; j < height; j++) {
    for (let i = 0; i < width; i++, at++) {
      let sum = 0
      for (let k = j * down.count; k < (j + 1) * down.count; k++) {
        const row = plane.start + down.from[k]! * plane.width
        let line = 0
        for (let l = i * across.count; l < (i + 1) * across.count; l++)
          line += across.weights[l]! * bytes[row + across.from[l]!]!
        sum += down.weights[k]! * line
      }
      target[at] = sum
    }
  }
}

/** Target pixel i is the sum of `count` source pixels `from[i * count ...]`, with weights that sum to 1. */
interface Taps {
  readonly count: number
  readonly from: Int32Array
  readonly weights: Float32Array
}

/** Where more lie under a pixel, some stand for all: a large piece costs no more than a small one. */
const mostTaps = 3

/** `target` pixels over `length` source pixels from `start` on, of which only 0..`limit` exist. */
function taps(start: number, length: number, target: number, limit: number, most: number): Taps {
  const step = length / target
  const few = most === 1 || step > most - 1
  const count = few ? most : step > 1 ? Math.ceil(step) + 1 : 2
  const from = new Int32Array(target * count)
  const weights = new Float32Array(target * count)
  for (let i = 0; i < target; i++) {
    const [left, right] = [start + i * step, start + (i + 1) * step]
    const centre = (left + right) / 2 - 0.5
    for (let tap = 0; tap < count; tap++) {
      const pixel = few ? Math.floor(left + ((tap + 0.5) * step) / count) : Math.floor(step > 1 ? left : centre) + tap
      const shared = Math.min(pixel + 1, right) - Math.max(pixel, left)
      const weight = few ? 1 / count : step > 1 ? shared / step : 1 - Math.abs(centre - pixel)
      weights[i * count + tap] = Math.max(0, weight)
      from[i * count + tap] = Math.min(limit - 1, Math.max(0, pixel))
    }
  }
  return { count, from, weights }
}

/** Limited-range luma and both chroma planes, one after another, become red, green and blue (ITU-T H.273). */
function toRgb(planes: Float32Array, size: number, matrix: Picture['matrix']): void {
  const [red, blue] = lumaWeights[matrix]
  const green = 1 - red - blue
  for (let i = 0; i < size; i++) {
    const luma = (planes[i]! - 16) * (255 / 219)
    const b = luma + 2 * (1 - blue) * (planes[i + size]! - 128) * (255 / 224)
    const r = luma + 2 * (1 - red) * (planes[i + 2 * size]! - 128) * (255 / 224)
    const g = (luma - red * r - blue * b) / green
    planes[i] = clamped(r)
    planes[i + size] = clamped(g)
    planes[i + 2 * size] = clamped(b)
  }
}

function clamped(value: number): number {
  return Math.min(255, Math.max(0, value))
}
