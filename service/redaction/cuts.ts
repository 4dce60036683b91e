/** Where one scene ends and another begins: nothing is followed or linked across. */
import type { Luma } from './follow.ts'

/** Below this correlation of two neighbouring frames they show different scenes; a change of light leaves it high. */
const sameFrom = 0.2
/** Pixels between two samples, each the mean of a small square. */
const spacing = 16
const square = 4
/** A picture of one tone tells nothing. */
const leastVariance = 16

/** What of a frame is compared with the next one. */
export type Gist = Float32Array

/** About a thousand samples of the coarse luma, with mean 0. */
export function gistOf({ width, height, bytes }: Luma): Gist {
  const gist: number[] = []
  for (let y = (spacing - square) / 2; y + square <= height; y += spacing) {
    for (let x = (spacing - square) / 2; x + square <= width; x += spacing) {
      let sum = 0
      for (let row = y; row < y + square; row++)
        for (let at = row * width + x; at < row * width + x + square; at++) sum += bytes[at]!
      gist.push(sum / square ** 2)
    }
  }
  const mean = gist.reduce((sum, value) => sum + value, 0) / gist.length
  return Float32Array.from(gist, value => value - mean)
}

/** Whether the second of two neighbouring frames begins a new scene. From and to a frame of one tone nothing is cut. */
export function isCut(before: Gist, after: Gist): boolean {
  const product = (a: Gist, b: Gist) => a.reduce((sum, value, i) => sum + value * b[i]!, 0)
  const [one, other] = [product(before, before), product(after, after)]
  if (Math.min(one, other) < leastVariance * before.length) return false
  return product(before, after) < sameFrom * Math.sqrt(one * other)
}
