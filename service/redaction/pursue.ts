/** What becomes of a finding after the look that made it: it stands while the picture under it stays, and is followed when it moves. */
import { type Box, intersectionArea, union } from './box.ts'
import { type Changes, changedUnder, type Watch } from './changes.ts'
import type { Finding, Look } from './detector.ts'
import { type Followed, follow, type Luma } from './follow.ts'
import { fineness, type Layout } from './layout.ts'
import { lookRules } from './looks.ts'
import { isSameThing, join } from './nms.ts'

/** A finding, and the last frame up to which the picture under it did not change: so far it needs no second look. */
export interface StandingFinding extends Finding {
  until: number
  /** No detector saw it here: it was followed from a frame on which one did. */
  readonly followed?: true
  /** So small that a coarse look may miss it. */
  readonly finely?: true
}

/** What happened on a frame. */
export interface Happening {
  readonly seconds: number
  readonly luma: Luma
  readonly changes: Changes
  readonly looks: readonly Look[]
  readonly findings: readonly Finding[]
}

/** Milliseconds. */
export const followRules = {
  /** What no detector sees any more is followed so long; and so far back from where one first saw it. */
  followMs: 1000,
  backMs: 600,
} as const

/** So much of what is seen of a thing lies in what was seen of it before, if it is a part of that. */
const partShare = 0.9

/** So many planes are kept to go back on: as many as the time above asks for, but never more. */
const mostKept = 80

/** Something to be followed, since when in seconds. */
interface Pursuit extends Followed {
  readonly finding: Finding
  readonly since: number
}

export interface Pursuing {
  /** The next frame begins a new scene: nothing of the old one goes on. */
  cut(): void
  /** Takes one frame after another. */
  take(happening: Happening): void
  /** For each frame what was found or followed there. */
  readonly frames: readonly (readonly StandingFinding[])[]
}

/** Memory holds the findings, and the planes of less than a second; `release` is given each plane that is no longer needed. */
export function pursue(
  layout: Layout,
  watch: Pick<Watch, 'across' | 'down'>,
  release: (luma: Luma) => void = () => {},
): Pursuing {
  const frames: StandingFinding[][] = []
  const kept: { seconds: number; luma: Luma }[] = []
  let standing: StandingFinding[] = []
  let pursuits: Pursuit[] = []
  const missed = new WeakSet<StandingFinding>()

  function take({ seconds, luma, changes, looks, findings }: Happening): void {
    const frame = frames.length
    const before = kept.at(-1)

    const stays = (one: Finding) => !changedUnder(changes, watch, one.box)
    const still = standing.filter(stays)
    const seen = join(findings)
    const fresh = seen.map((found): StandingFinding => {
      const one = { ...found, box: wholeAmong(still, found, seen) }
      return { ...one, until: frame, ...(isSmall(one, layout) && { finely: true }) }
    })
    frames.push(fresh)
    for (const one of standing) if (!stays(one)) pursuits.push(pursuitOf(one, before!.seconds))
    pursuits = pursuits.flatMap(one => {
      const next = seconds - one.since <= followRules.followMs / 1000 && follow(before!.luma, luma, one)
      return next ? [{ ...one, ...next }] : []
    })
    standing = still
    const appeared = fresh.filter(found => ![...standing, ...pursuits.map(place)].some(one => isSameThing(one, found)))

    const met = (one: Finding) => fresh.some(found => isSameThing(found, one))
    pursuits = pursuits.filter(one => !met(place(one)))
    standing = standing.filter(one => !met(one) && !takenBack(one, looks))
    for (const one of standing) one.until = frame
    standing.push(...fresh)
    frames[frame] = [...fresh, ...pursuits.map(one => followedAt(one, frame))]

    kept.push({ seconds, luma })
    while (kept.length > mostKept || seconds - kept[0]!.seconds > followRules.backMs / 1000) {
      release(kept.shift()!.luma)
    }
    for (const found of appeared) goBack(found, frame)
  }

  /** Of what stands unchanged a look may see a part next: it is as large as it was. Of two parts each may be a thing of its own. */
  function wholeAmong(still: readonly Finding[], found: Finding, seen: readonly Finding[]): Box {
    const { w, h } = found.box
    const whole = still.find(
      one =>
        isSameThing(one, found) &&
        intersectionArea(one.box, found.box) >= partShare * w * h &&
        seen.every(other => other === found || !isSameThing(one, other)),
    )
    return whole ? union(whole.box, found.box) : found.box
  }

  /** By the second look in a row that would show it and does not: detectors miss, and the picture is the same. */
  function takenBack(one: StandingFinding, looks: readonly Look[]): boolean {
    if (!looks.some(look => shows(look, one, layout))) return false
    if (missed.has(one)) return true
    missed.add(one)
    return false
  }

  function cut(): void {
    standing = []
    pursuits = []
    for (const { luma } of kept.splice(0)) release(luma)
  }

  function goBack(found: Finding, frame: number): void {
    let at = pursuitOf(found, 0)
    for (let i = kept.length - 1; i > 0; i--) {
      const earlier = follow(kept[i]!.luma, kept[i - 1]!.luma, at)
      if (!earlier) return
      at = { ...at, ...earlier }
      const there = frame - (kept.length - i)
      frames[there]!.push(followedAt(at, there))
    }
  }

  function pursuitOf(finding: Finding, since: number): Pursuit {
    const { x, y, w, h } = finding.box
    const { width, height } = layout
    return { finding, since, box: { x: x * width, y: y * height, w: w * width, h: h * height }, dx: 0, dy: 0 }
  }

  /** The finding, as it was where it is now. */
  function place({ finding, box: { x, y, w, h } }: Pursuit): Finding {
    const { width, height } = layout
    return { ...finding, box: { x: x / width, y: y / height, w: w / width, h: h / height } }
  }

  function followedAt(pursuit: Pursuit, frame: number): StandingFinding {
    return { ...place(pursuit), until: frame, followed: true }
  }

  return { take, cut, frames }
}

/** What is smaller than this on the coarse picture is only sure to be seen on the fine one. */
const leastCoarsePx = 14

function isSmall(finding: Finding, layout: Layout): boolean {
  const { w, h } = finding.box
  return !isLarge(finding, layout) && Math.min(w * layout.width, h * layout.height) < leastCoarsePx
}

/** A fine look leaves it to a coarse one. */
function isLarge({ box: { w, h } }: Finding, { width, height }: Layout): boolean {
  return Math.max(w * width, h * height) * fineness > lookRules.fineMostPx
}

/** Whether a look saw the place of a finding whole, and finely enough: if it shows nothing there, nothing is there. */
function shows({ scale, region }: Look, finding: Finding, layout: Layout): boolean {
  const { box } = finding
  const { width, height } = layout
  const times = scale === 'fine' ? fineness : 1
  if (scale === 'fine' ? isLarge(finding, layout) : isSmall(finding, layout)) return false
  const place = { x: box.x * width, y: box.y * height, w: box.w * width, h: box.h * height }
  const part = { x: region.x / times, y: region.y / times, w: region.w / times, h: region.h / times }
  return intersectionArea(place, part) >= 0.95 * place.w * place.h
}
