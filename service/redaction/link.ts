import type { Box } from './box.ts'
import { lookedAt } from './looks.ts'
import { distance, driftOf, type Timed, within } from './motion.ts'
import type { FrameRange } from './plan.ts'

/** What was seen on one frame, in pixels of the frame. */
export interface Sighting {
  readonly frame: number
  /** From the first frame of the clip. */
  readonly seconds: number
  readonly box: Box
  readonly score: number
  /** The last frame on which it still is there, unchanged; this frame where absent. */
  readonly until?: number
  /** No detector saw it on this frame: it was followed from another. It continues a chain, and is no evidence for one. */
  readonly followed?: true
  /** So small that a coarse look may miss it. */
  readonly finely?: true
}

/** What a sighting is on the last frame that it stands for. */
export function standing(
  { frame, box, until = frame }: Sighting,
  seconds: readonly number[],
): Timed & { readonly frame: number } {
  return { box, frame: until, seconds: seconds[until]! }
}

/** One thing, sighted once on each of some frames; rising, and none while an earlier one still stands. Never empty. */
export type Chain = readonly Sighting[]

export interface LinkRules {
  /** From this score on a sighting starts a chain. */
  readonly startPerMille: number
  /** From this score on it continues one; weaker sightings are no concern of the linker. */
  readonly keepPerMille: number
  /** Longest gap between two sightings of a chain; two frames' time where that is longer. */
  readonly gapMs: number
  /** A chain of fewer sightings than this is dropped, unless one of them is sure or the clip had no time for more. */
  readonly minHits: number
  readonly surePerMille: number
}

/** A sighting and its neighbours in the chain. */
interface Link extends Sighting {
  readonly strong: boolean
  before?: Link
  after?: Link
}

const ways = {
  forward: { back: 'before', ahead: 'after' },
  backward: { back: 'after', ahead: 'before' },
} as const
type Way = keyof typeof ways

/**
 * Links sightings of one class in both time directions. First forward: chains grow from strong sightings and take weak ones.
 * Then backward: a chain takes the weak sightings before its start, and joins one that ended there. A chain never
 * leaves the frames that are given: those of one scene, first to last. Each sighting names its frame in the clip; `seconds[n]` is the time of
 * that frame n, `looks[n]` has flags of `lookedAt`. Same input, same chains.
 */
export function link(
  frames: readonly (readonly Sighting[])[],
  seconds: readonly number[],
  rules: LinkRules,
  looks?: Uint8Array,
  scene: FrameRange = [0, seconds.length - 1],
): Chain[] {
  const links = frames.map(sightings =>
    sightings
      .filter(({ score }) => score * 1000 >= rules.keepPerMille)
      .map((sighting): Link => ({ ...sighting, strong: sighting.score * 1000 >= rules.startPerMille }))
      .toSorted(
        (a, b) => b.score - a.score || a.box.x - b.box.x || a.box.y - b.box.y || a.box.w - b.box.w || a.box.h - b.box.h,
      ),
  )
  sweep(links, seconds, rules, 'forward')
  sweep(links.toReversed(), seconds, rules, 'backward')
  return links
    .flat()
    .filter(one => !one.before && (one.strong || one.after))
    .map(follow)
    .filter(chain => believed(chain, seconds, rules, looks, scene))
}

/** Goes through the frames one way; every open end of a chain may take one sighting that nobody has taken from that side. */
function sweep(frames: readonly Link[][], seconds: readonly number[], rules: LinkRules, way: Way): void {
  const { back, ahead } = ways[way]
  let open: Link[] = []
  for (const here of frames) {
    if (here.length === 0) continue
    open = open.filter(end => here.some(one => withinGap(end, one, seconds, rules, way)))
    for (const strong of [true, false]) {
      const offered = here.filter(one => one.strong === strong && !one[back])
      for (const { end, one } of nearest(open, offered, seconds, way)) {
        end[ahead] = one
        one[back] = end
        open = open.filter(other => other !== end)
      }
    }
    open.push(...here.filter(one => !one[ahead] && (one.strong || one[back])))
  }
}

/**
 * Whether so little time lies between two sightings that they may be of one thing. At one frame a second the next frame but
 * one is two seconds away, and must still be within reach.
 */
function withinGap(end: Link, one: Link, seconds: readonly number[], { gapMs }: LinkRules, way: Way): boolean {
  const [earlier, later] = way === 'forward' ? [end, one] : [one, end]
  const from = standing(earlier, seconds)
  const next = seconds[Math.min(from.frame + 2, seconds.length - 1)]! - from.seconds
  return within(later.seconds - from.seconds, Math.max(gapMs / 1000, Math.min(next, longestBridgeSeconds)))
}

/** Pairs within reach of one another, nearest first, each end and each sighting once. */
function nearest(
  open: readonly Link[],
  offered: readonly Link[],
  seconds: readonly number[],
  way: Way,
): { end: Link; one: Link }[] {
  const pairs: { end: Link; one: Link; distance: number }[] = []
  for (const end of open) {
    const drift = driftOf(tail(end, way))
    for (const one of offered) {
      const [from, to] = way === 'forward' ? [standing(end, seconds), one] : [end, standing(one, seconds)]
      // What still stands where it was seen is nowhere else.
      if (way === 'forward' ? from.frame >= to.frame : to.frame >= from.frame) continue
      const far = distance(from, to, drift)
      if (far < Number.POSITIVE_INFINITY) pairs.push({ end, one, distance: far })
    }
  }
  pairs.sort(
    (a, b) =>
      a.distance - b.distance || a.end.frame - b.end.frame || a.end.box.x - b.end.box.x || a.end.box.y - b.end.box.y,
  )
  const taken = new Set<Link>()
  return pairs.filter(({ end, one }) => {
    if (taken.has(end) || taken.has(one)) return false
    taken.add(end).add(one)
    return true
  })
}

/** The end and some sightings behind it, newest first as the sweep goes. */
function tail(end: Link, way: Way): Link[] {
  const sightings: Link[] = []
  for (let one: Link | undefined = end; one && sightings.length < 16; one = one[ways[way].back]) sightings.push(one)
  return sightings
}

function follow(first: Link): Sighting[] {
  const chain: Sighting[] = []
  for (let one: Link | undefined = first; one; one = one.after) {
    const { strong: _, before: __, after: ___, ...sighting } = one
    chain.push(sighting)
  }
  return chain
}

/** However slow the clip, nothing is bridged over more than this. */
const longestBridgeSeconds = 4
/** Around a chain, the looks in which it would be expected to be seen as well. */
const companySeconds = 0.15
const companyShare = 0.5
const fineLooks = lookedAt.partFinely | lookedAt.wholeFinely

/** False chains are short and weak. But what was seen in half of the looks that could have seen it is no chance. */
function believed(
  chain: Chain,
  seconds: readonly number[],
  rules: LinkRules,
  looks: Uint8Array | undefined,
  [first, final]: FrameRange,
): boolean {
  const { minHits, surePerMille } = rules
  const hits = chain.filter(({ followed }) => !followed).length
  if (hits >= minHits || chain.some(({ score }) => score * 1000 >= surePerMille)) return true
  const last = standing(chain.at(-1)!, seconds)
  let from = chain[0]!.frame
  let to = last.frame
  while (from > first && chain[0]!.seconds - seconds[from - 1]! <= companySeconds) from--
  while (to < final && seconds[to + 1]! - last.seconds <= companySeconds) to++
  let looked = 0
  const seenOn = new Set(chain.map(({ frame }) => frame))
  // Where a coarse look did see it, others could have.
  const finely = chain.every(
    ({ frame, followed, finely }) => followed || (finely && looks && (looks[frame]! & fineLooks) > 0),
  )
  const [whole, part] = finely ? [lookedAt.wholeFinely, lookedAt.partFinely] : [lookedAt.whole, lookedAt.part]
  // A look at a part that did not show it was somewhere else; and where nobody looked, it was followed, which says nothing.
  const counts = (frame: number) =>
    !looks || (looks[frame]! & whole) > 0 || ((looks[frame]! & part) > 0 && seenOn.has(frame))
  for (let frame = from; frame <= to; frame++) if (counts(frame)) looked++
  return hits >= companyShare * looked
}
