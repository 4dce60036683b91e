import { type Box, between, moved, union } from './box.ts'
import { type Chain, type Sighting, standing } from './link.ts'
import { atMost, sizeOf, stepsOn, type Timed, within } from './motion.ts'
import type { BoxRun, FrameRange } from './plan.ts'

export interface BoxRules {
  /** Before its first and after its last sighting a thing stays covered for this long, at least for one frame. */
  readonly endMs: number
  /** Short sides are stretched about the box's centre by this, and long ones by that: what detectors err by does not grow as fast as what they see. */
  readonly growthPerMille: number
  readonly largeGrowthPerMille: number
  /** Of the frame's longer side: up to here a side is short, and from there on long. Between them growth falls with the logarithm of the length. */
  readonly smallPerMille: number
  readonly largePerMille: number
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
const carriedSizes = 0.75
const marginShare = 0.1

/** What a chain covers: boxes from its first frame to its last, none outside its scene, and the frames on which nobody saw it. Without the growth where `bare`. */
export function boxesOf(
  chain: Chain,
  seconds: readonly number[],
  size: FrameSize,
  rules: BoxRules,
  scene: FrameRange = [0, seconds.length - 1],
  bare = false,
): { runs: BoxRun[]; unseen: FrameRange[] } {
  const first = Math.max(scene[0], farthest(chain[0]!, -1, seconds, rules))
  const last = Math.min(scene[1], farthest(standing(chain.at(-1)!, seconds), 1, seconds, rules))
  const boxes = place(chain, first, last, seconds, rules)
  const runs: BoxRun[] = []
  for (let frame = first; frame <= last; frame++) {
    let box = boxes[frame - first]!
    for (const other of [frame - 1, frame + 1]) {
      const near = within(Math.abs((seconds[other] ?? Number.POSITIVE_INFINITY) - seconds[frame]!), neighbourSeconds)
      const neighbour = boxes[other - first]
      if (near && neighbour) box = union(box, neighbour)
    }
    append(runs, frame, fit(bare ? box : grown(box, rules, size), size))
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
function farthest(end: { readonly frame: number }, step: 1 | -1, seconds: readonly number[], rules: BoxRules): number {
  let frame = end.frame
  while (reaches(end.frame, frame + step, seconds, rules)) frame += step
  return frame
}

/** Whether what was seen on one frame is still covered on the other: for `endMs`, or on the next frame. */
function reaches(from: number, to: number, seconds: readonly number[], { endMs }: BoxRules): boolean {
  const away = Math.abs((seconds[to] ?? Number.POSITIVE_INFINITY) - seconds[from]!)
  return within(away, endMs / 1000) || (Math.abs(to - from) === 1 && away <= longestEndSeconds)
}

/** A box for every frame first..last: seen, standing unchanged, followed, between two of these, or carried on from an end. */
function place(chain: Chain, first: number, last: number, seconds: readonly number[], rules: BoxRules): Box[] {
  const all = steadied(chain, seconds)
  const seen = all.filter(({ followed }) => !followed)
  const boxes = placed(all, first, last, seconds, rules).map(({ box }) => box)
  if (seen.length === 0) return boxes
  // A follower can lose its way unnoticed: while detectors saw it a moment ago, both are covered.
  return placed(seen, first, last, seconds, rules).map(({ box, near }, i) => (near ? union(box, boxes[i]!) : boxes[i]!))
}

/** Sightings this near in time are of a thing of one size: where one is smaller, a detector saw a part of it. */
const steadySeconds = 0.4

/**
 * Each about its own centre as wide and as high as detectors saw it near it in time: what they saw themselves as the looks before
 * and after it did, what was followed, of whose size a follower knows nothing, as any look did. What stands is near as long as it does.
 */
function steadied(chain: Chain, seconds: readonly number[]): Chain {
  const seen = chain.filter(({ followed }) => !followed)
  const end = (one: Sighting) => standing(one, seconds).seconds
  let from = 0
  let at = 0
  return chain.map(one => {
    while (from < seen.length && !within(one.seconds - end(seen[from]!), steadySeconds)) from++
    while (at < seen.length && seen[at]!.frame < one.frame) at++
    const [first, last] = one.followed ? [from, seen.length - 1] : [Math.max(from, at - 1), at + 1]
    let { w, h } = one.box
    for (let i = first; i <= last && i < seen.length; i++) {
      const other = seen[i]!
      if (!within(other.seconds - end(one), steadySeconds)) break
      if (!within(one.seconds - end(other), steadySeconds)) continue
      w = Math.max(w, other.box.w)
      h = Math.max(h, other.box.h)
    }
    return { ...one, box: { x: one.box.x + (one.box.w - w) / 2, y: one.box.y + (one.box.h - h) / 2, w, h } }
  })
}

/** Boxes by these sightings, and whether they are by two of them or by one that is no further away than the end of a cover. */
function placed(sightings: Chain, first: number, last: number, seconds: readonly number[], rules: BoxRules) {
  const boxes: { box: Box; near: boolean }[] = []
  const start = sightings.slice(0, 16)
  const end = sightings.slice(-16).toReversed()
  let next = 0
  let before: ReturnType<typeof standing> | undefined
  for (let frame = first; frame <= last; frame++) {
    // The newest up to this frame, which may still stand.
    while (next < sightings.length && sightings[next]!.frame <= frame) before = standing(sightings[next++]!, seconds)
    const after = sightings[next]
    const now = seconds[frame]!
    const near = (one: { frame: number }) => reaches(one.frame, frame, seconds, rules)
    if (!before) boxes.push({ box: carry(after!, start, now), near: near(after!) })
    else if (before.frame >= frame) boxes.push({ box: before.box, near: true })
    else if (!after) boxes.push({ box: carry(before, end, now), near: near(before) })
    else boxes.push({ box: bridge(before, after, now, rules), near: true })
  }
  return boxes
}

/** Where it was and all the way that it may have gone on, as fast as before or as its speed was changing. */
function carry({ box, seconds }: Timed, sightings: Chain, now: number): Box {
  const longest = carriedSizes * sizeOf(box)
  const steps = stepsOn(sightings, now - seconds).map(step => atMost(step, longest))
  return steps.map(({ x, y }) => moved(box, x, y)).reduce(union, box)
}

/** Two sightings that are no further apart are of one thing: what lies between is known. */
const sameSeconds = 0.21

/** On the way between two sightings; after a longer gap for a while also where it was seen, in case the two are not one thing. */
function bridge(before: Timed, after: Timed, now: number, { endMs }: BoxRules): Box {
  let box = between(before.box, after.box, (now - before.seconds) / (after.seconds - before.seconds))
  if (after.seconds - before.seconds <= sameSeconds) return box
  if (within(now - before.seconds, endMs / 1000)) box = union(box, before.box)
  if (within(after.seconds - now, endMs / 1000)) box = union(box, after.box)
  return box
}

function grown({ x, y, w, h }: Box, rules: BoxRules, { width, height }: FrameSize): Box {
  const [dx, dy] = [marginOf(w, Math.max(width, height), rules), marginOf(h, Math.max(width, height), rules)]
  return { x: x - dx, y: y - dy, w: w + 2 * dx, h: h + 2 * dy }
}

/** Never less for a longer side while large is e times small or more: so a box that holds another holds its margin too. */
function marginOf(side: number, frameSide: number, rules: BoxRules): number {
  const { growthPerMille: small, largeGrowthPerMille: large, smallPerMille: from, largePerMille: to } = rules
  const far = Math.log((1000 * side) / frameSide / from) / Math.log(to / from)
  const growth = small + (large - small) * Math.min(1, Math.max(0, far))
  return Math.max(side * Math.max(growth / 2000 - 0.5, marginShare), rules.marginPx)
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
    while (next < chain.length && (chain[next]!.until ?? chain[next]!.frame) < frame) next++
    const there = chain[next]
    if (!there || there.frame > frame || there.followed) yield frame
  }
}
