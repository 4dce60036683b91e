import type { Box } from './box.ts'

/** A box at a time; where it belongs to is the caller's business. */
export interface Timed {
  readonly seconds: number
  readonly box: Box
}

/** Pixels a second. */
export interface Drift {
  readonly x: number
  readonly y: number
}

const memorySeconds = 0.4
/** In less time than this what looks like a change of speed is how detectors err. */
const leastBendSeconds = 0.15
/** A thing that is out of sight is expected to come to rest with this time constant: hold rather than extrapolate wildly. */
const dampingSeconds = 0.4
/** In sizes of the box: how far off the expected place a sighting may lie, at once and for each second in between. */
const reach = 0.6
const reachPerSecond = 2
const longestReach = 1.6
/** Natural logarithm of the largest ratio between the sizes of neighbouring sightings. */
const sizeChange = 0.7

/** Whether so many seconds apart is within a limit; in binary what are three tenths at ten frames a second may be a little more. */
export function within(apart: number, seconds: number): boolean {
  return apart <= seconds + 1e-6
}

/** Mean side: plates are wide and low, faces nearly square. */
export function sizeOf({ w, h }: Box): number {
  return (w + h) / 2
}

/** How the newest of these was moving: `sightings` runs from it back to where it came from, in either time direction. */
export function driftOf(sightings: readonly Timed[]): Drift {
  return lately(sightings).drift
}

/** Where a thing may be so many seconds from its newest sighting (negative: before), as steps from there: as fast as of late, and getting faster or slower as it did. */
export function stepsOn(sightings: readonly Timed[], seconds: number): Drift[] {
  const now = lately(sightings)
  const steady = { x: now.drift.x * seconds, y: now.drift.y * seconds }
  const then = lately(sightings.slice(now.from))
  const apart = (now.seconds + then.seconds) / 2
  if (Math.min(Math.abs(now.seconds), Math.abs(then.seconds)) < leastBendSeconds) return [steady]
  // A drift is the speed in the middle of its time.
  const share = ((now.seconds / 2) * seconds + seconds ** 2 / 2) / apart
  const [x, y] = [(now.drift.x - then.drift.x) * share, (now.drift.y - then.drift.y) * share]
  return [steady, { x: steady.x + x, y: steady.y + y }]
}

/** What the newest sightings say, and the oldest that had a say. */
function lately(sightings: readonly Timed[]): { drift: Drift; from: number; seconds: number } {
  const newest = sightings[0]!
  const from = sightings.findLastIndex(one => Math.abs(newest.seconds - one.seconds) <= memorySeconds)
  const oldest = sightings[from]!
  const seconds = newest.seconds - oldest.seconds
  if (seconds === 0) return { drift: { x: 0, y: 0 }, from, seconds }
  const [was, is] = [centre(oldest.box), centre(newest.box)]
  return { drift: { x: (is.x - was.x) / seconds, y: (is.y - was.y) / seconds }, from, seconds }
}

/** How far a thing gets in `seconds` (negative: before) while its motion dies away. */
function drifted(box: Box, drift: Drift, seconds: number): Drift {
  const share = Math.sign(seconds) * dampingSeconds * (1 - Math.exp(-Math.abs(seconds) / dampingSeconds))
  return atMost({ x: drift.x * share, y: drift.y * share }, longestReach * sizeOf(box))
}

/** The step, or as much of it as is no longer than `longest` pixels. */
export function atMost({ x, y }: Drift, longest: number): Drift {
  const scale = Math.min(1, longest / (Math.hypot(x, y) || 1))
  return { x: x * scale, y: y * scale }
}

/** How badly `to` fits as the next sighting of what was at `from`, moving like `drift`; infinite when out of reach. */
export function distance(from: Timed, to: Timed, drift: Drift): number {
  const seconds = to.seconds - from.seconds
  const size = Math.sqrt(sizeOf(from.box) * sizeOf(to.box))
  const ratio = Math.abs(Math.log(sizeOf(to.box) / sizeOf(from.box)))
  const step = drifted(from.box, drift, seconds)
  const a = centre(from.box)
  const b = centre(to.box)
  const away = Math.hypot(b.x - a.x - step.x, b.y - a.y - step.y) / size
  const farthest = Math.min(longestReach, reach + reachPerSecond * Math.abs(seconds))
  return away <= farthest && ratio <= sizeChange ? away + ratio / 2 : Number.POSITIVE_INFINITY
}

function centre({ x, y, w, h }: Box): Drift {
  return { x: x + w / 2, y: y + h / 2 }
}
