import { type Box, between, moved, union } from './box.ts'
import type { Chain, Sighting } from './link.ts'
import { drifted, driftOf } from './motion.ts'
import type { BoxRun, FrameRange } from './plan.ts'

export interface BoxRules {
  /** Before its first and after its last sighting a thing stays covered for this long, at least for one frame. */
  readonly endMs: number
  /** Boxes are scaled about their centre by this. */
  readonly growthPerMille: number
  /** What is added on each side is never less than this, nor than a tenth of the box. */
  readonly marginPx: number
}

export interface FrameSize {
  readonly width: number
  readonly height: number
}

/** A frame that is further away than this is not a neighbour whose box must be covered as well. */
const neighbourSeconds = 0.1
/** A frame is added at each end even at a low frame rate, but none that is further away than this. */
const longestEndSeconds = 2
/** How far the box at an end is carried on, in its own sizes. */
const carriedSizes = 0.5
const marginShare = 0.1

/** What a chain covers: boxes from its first frame to its last, and the frames on which nobody saw it. */
export function boxesOf(
  chain: Chain,
  seconds: readonly number[],
  size: FrameSize,
  rules: BoxRules,
): { runs: BoxRun[]; unseen: FrameRange[] } {
  const first = farthest(chain[0]!, -1, seconds, rules)
  const last = farthest(chain.at(-1)!, 1, seconds, rules)
  const boxes = place(chain, first, last, seconds, rules)
  const runs: BoxRun[] = []
  for (let frame = first; frame <= last; frame++) {
    let box = boxes[frame - first]!
    for (const other of [frame - 1, frame + 1]) {
      const near = Math.abs((seconds[other] ?? Number.POSITIVE_INFINITY) - seconds[frame]!) <= neighbourSeconds
      const neighbour = boxes[other - first]
      if (near && neighbour) box = union(box, neighbour)
    }
    append(runs, frame, fit(grown(box, rules), size))
  }
  return { runs, unseen: ranges(unseen(chain, first, last)) }
}

/** Rising frame numbers as ranges. */
export function ranges(frames: Iterable<number>): FrameRange[] {
  const made: FrameRange[] = []
  for (const frame of frames) {
    const open = made.at(-1)
    if (open?.[1] === frame - 1) open[1] = frame
    else made.push([frame, frame])
  }
  return made
}

/** The last frame, going in one direction, that a chain's end still covers. */
function farthest(end: Sighting, step: 1 | -1, seconds: readonly number[], { endMs }: BoxRules): number {
  const away = (frame: number) => Math.abs((seconds[frame] ?? Number.POSITIVE_INFINITY) - end.seconds)
  let frame = end.frame
  while (away(frame + step) <= endMs / 1000 + 1e-6) frame += step
  return frame === end.frame && away(frame + step) <= longestEndSeconds ? frame + step : frame
}

/** A box for every frame first..last: seen, between two sightings, or carried on from an end. */
function place(chain: Chain, first: number, last: number, seconds: readonly number[], rules: BoxRules): Box[] {
  const boxes: Box[] = []
  const start = driftOf(chain.slice(0, 16))
  const end = driftOf(chain.slice(-16).toReversed())
  let next = 0
  for (let frame = first; frame <= last; frame++) {
    while (next < chain.length && chain[next]!.frame < frame) next++
    const before = chain[next - 1]
    const after = chain[next]
    const now = seconds[frame]!
    if (after?.frame === frame) boxes.push(after.box)
    else if (!before) boxes.push(carry(after!, start, now))
    else if (!after) boxes.push(carry(before, end, now))
    else boxes.push(bridge(before, after, now, rules))
  }
  return boxes
}

/** Where it was and where it may have gone. */
function carry({ box, seconds }: Sighting, drift: { x: number; y: number }, now: number): Box {
  const step = drifted(box, drift, now - seconds, carriedSizes)
  return union(box, moved(box, step.x, step.y))
}

/** On the way between two sightings, and for a while also where it was seen, in case the two are not one thing. */
function bridge(before: Sighting, after: Sighting, now: number, { endMs }: BoxRules): Box {
  let box = between(before.box, after.box, (now - before.seconds) / (after.seconds - before.seconds))
  if (now - before.seconds <= endMs / 1000) box = union(box, before.box)
  if (after.seconds - now <= endMs / 1000) box = union(box, after.box)
  return box
}

function grown({ x, y, w, h }: Box, { growthPerMille, marginPx }: BoxRules): Box {
  const share = Math.max(growthPerMille / 2000 - 0.5, marginShare)
  const dx = Math.max(w * share, marginPx)
  const dy = Math.max(h * share, marginPx)
  return { x: x - dx, y: y - dy, w: w + 2 * dx, h: h + 2 * dy }
}

/** Outward to even pixels and into the frame; nothing where the box lies outside. */
function fit({ x, y, w, h }: Box, { width, height }: FrameSize): Box | undefined {
  const left = Math.max(0, Math.floor(x / 2) * 2)
  const top = Math.max(0, Math.floor(y / 2) * 2)
  const right = Math.min(width, Math.ceil((x + w) / 2) * 2)
  const bottom = Math.min(height, Math.ceil((y + h) / 2) * 2)
  return right > left && bottom > top ? { x: left, y: top, w: right - left, h: bottom - top } : undefined
}

function append(runs: BoxRun[], frame: number, box: Box | undefined): void {
  if (!box) return
  const run = runs.at(-1)
  if (run && run[1] === frame - 1 && run[2] === box.x && run[3] === box.y && run[4] === box.w && run[5] === box.h)
    run[1] = frame
  else runs.push([frame, frame, box.x, box.y, box.w, box.h])
}

function* unseen(chain: Chain, first: number, last: number): Generator<number> {
  let next = 0
  for (let frame = first; frame <= last; frame++) {
    if (chain[next]?.frame === frame) next++
    else yield frame
  }
}
