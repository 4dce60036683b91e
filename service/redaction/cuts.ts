/** Where one scene ends and another begins: nothing is followed or linked across. */
import type { Luma } from './follow.ts'
import { within } from './motion.ts'

/** Below this correlation of two neighbouring frames they show different scenes; a change of light leaves it high. */
const sameFrom = 0.2
/** Pixels between two samples, each the mean of a small square. */
const spacing = 16
const square = 4
/** A picture of one tone tells nothing. */
const leastVariance = 16
/** What is back after so long was never gone: in the dark a flash or a lamp looks like another scene. A recorder shows each camera for longer. */
const flashSeconds = 0.5

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

export interface CutWatch {
  /** Takes one frame after another: whether what was seen on the frames before tells nothing about this one. */
  next(seconds: number, gist: Gist): boolean
  /** Frames that begin a new scene; rising, without the first. A scene that was away for half a second at most goes on. */
  readonly cuts: readonly number[]
}

export function watchCuts(): CutWatch {
  const cuts: number[] = []
  let frames = 0
  let last: Gist | undefined
  let left: { readonly gist: Gist; readonly seconds: number } | undefined
  return {
    cuts,
    next(seconds, gist) {
      const frame = frames++
      const before = last
      last = gist
      if (!before || !isCut(before, gist)) return false
      if (left && within(seconds - left.seconds, flashSeconds) && !isCut(left.gist, gist)) {
        cuts.pop()
        left = undefined
      } else {
        cuts.push(frame)
        left = { gist: before, seconds }
      }
      return true
    },
  }
}
