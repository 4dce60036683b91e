import { boxesOf, ranges } from './chain-boxes.ts'
import { type Chain, link, type Sighting } from './link.ts'
import { join } from './nms.ts'
import type { DetectorClass, FrameRange, PlanTrack } from './plan.ts'
import { type ClipInfo, secondsAt } from './probe.ts'
import type { StandingFinding } from './pursue.ts'
import { rulesOf } from './rules.ts'
import type { Scan } from './scan.ts'

/** In pixels, by class; 0 where absent. Policy data sets it: of a thing that is nowhere as wide nobody can tell what it is. */
export type LeastWidthPx = Readonly<Partial<Record<DetectorClass, number>>>

export interface Wanted {
  readonly class: DetectorClass
  /** Hex SHA-256 of the models whose findings these are. */
  readonly models: readonly string[]
  readonly ground: string
  /** What is narrower everywhere is covered all the same, and the track says that nobody can tell what it is. 0 where absent. */
  readonly leastWidthPx?: number | undefined
  /** Boxes as things were seen, without the margin of a cover. */
  readonly bare?: boolean | undefined
}

type ClipShape = Pick<ClipInfo, 'width' | 'height' | 'pts' | 'timeBase'>

/** No frame shows this many; a picture made to drown the detectors does, and of that the plan cannot tell. */
const mostFindings = 400

/** Frames that were damaged, or crowded beyond belief. */
export function doubtsOf({ frames, damaged }: Scan): FrameRange[] {
  const crowded = frames.flatMap((findings, frame) => (findings.length > mostFindings ? [frame] : []))
  const spoilt = damaged.flatMap(([first, last]) => Array.from({ length: last - first + 1 }, (_, i) => first + i))
  return ranges([...new Set([...crowded, ...spoilt])].sort((a, b) => a - b))
}

/** The tracks of one class, numbered from `firstId` on. A pure function of its arguments. */
export function tracksOf({ frames, looks, cuts }: Scan, clip: ClipShape, wanted: Wanted, firstId: number): PlanTrack[] {
  const rules = rulesOf[wanted.class]
  const seconds = frames.map((_, frame) => secondsAt(clip, frame))
  const seen = frames.map((findings, frame) => sightingsOf(findings, wanted.class, frame, clip))
  return scenesOf(cuts, frames.length)
    .flatMap(([first, last]) =>
      link(seen.slice(first, last + 1), seconds, rules, looks, [first, last]).map(chain => ({
        chain,
        ...boxesOf(chain, seconds, clip, rules, [first, last], wanted.bare),
      })),
    )
    .filter(({ runs }) => runs.length > 0)
    .map(({ chain, runs, unseen }, i) => ({
      id: firstId + i,
      class: wanted.class,
      ground: wanted.ground,
      origin: { kind: 'detector', models: [...wanted.models] },
      confidence: confidenceOf(chain),
      runs,
      unseen,
      ...(!chain.some(({ box }) => box.w >= (wanted.leastWidthPx ?? 0)) && { couldNotTell: true }),
    }))
}

function scenesOf(cuts: readonly number[], frames: number): FrameRange[] {
  return [0, ...cuts].map((first, i) => [first, (cuts[i] ?? frames) - 1])
}

/** What one detector or several saw of a class on a frame, in pixels. */
function sightingsOf(
  findings: readonly StandingFinding[],
  wanted: DetectorClass,
  frame: number,
  clip: ClipShape,
): Sighting[] {
  const { width, height } = clip
  const weakest = rulesOf[wanted].keepPerMille / 1000
  const own = findings.filter(one => one.class === wanted)
  const weighed = own.map(one => (one.followed ? { ...one, score: weakest } : one))
  const best = weighed.toSorted((a, b) => b.score - a.score).slice(0, mostFindings)
  return join(best).map(({ score, box, until, followed, finely }) => ({
    frame,
    until,
    ...(followed && { followed }),
    ...(finely && { finely }),
    seconds: secondsAt(clip, frame),
    score,
    box: { x: box.x * width, y: box.y * height, w: box.w * width, h: box.h * height },
  }))
}

function confidenceOf(chain: Chain): number {
  return Math.round(chain.reduce((best, { score }) => Math.max(best, score), 0) * 1000)
}
