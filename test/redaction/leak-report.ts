import type { BoxLeak } from './leak-measure.ts'
import type { TruthClass } from './leak-truth.ts'

/** What one track, or one size, or one class adds up to. */
export interface Tally {
  readonly boxes: number
  readonly leakedBoxes: number
  /** Frames on which it shows, and those of them on which at least one box is leaked. */
  readonly frames: number
  readonly leakedFrames: number
  readonly frameLeakRate: number
}

export interface TrackLeak {
  readonly id: string
  readonly frames: number
  readonly leakedFrames: number
  readonly longestLeakedRun: number
}

export interface ClassLeak extends Tally {
  readonly tracks: readonly TrackLeak[]
  /** Tracks with at least one leaked frame, and tracks that are leaked on every frame on which they are judged. */
  readonly leakedTracks: number
  readonly clearTracks: number
  /** The most consecutive frames on which one track is leaked. */
  readonly longestLeakedRun: number
  readonly worstOpen: number
  readonly meanOpen: number
  /** By the height of faces or the width of plates in pixels, named `from-to`. */
  readonly bySize: Readonly<Record<string, Tally>>
  /** What lies below the floor: reported, and in none of the other figures. */
  readonly belowFloor: Tally
}

export interface LeakReport {
  readonly frames: number
  /** Pixels of all frames that were looked at, and of those the ones covered though no truth box and no ignored region holds them. */
  readonly pixels: number
  readonly tooMuch: number
  readonly classes: Readonly<Record<TruthClass, ClassLeak>>
  readonly leaked: readonly BoxLeak[]
  /** tooMuch / pixels */
  readonly overRedaction: number
}

export interface Judged {
  readonly frames: number
  readonly pixels: number
  readonly tooMuch: number
  readonly seen: readonly BoxLeak[]
  readonly small: readonly BoxLeak[]
  readonly leastCovered: number
}

const edges: Record<TruthClass, readonly number[]> = {
  face: [0, 16, 24, 48, 96, Number.POSITIVE_INFINITY],
  plate: [0, 45, 70, 120, Number.POSITIVE_INFINITY],
}

export function reportOf({ frames, pixels, tooMuch, seen, small, leastCovered }: Judged): LeakReport {
  const isLeaked = (each: BoxLeak) => each.open > 1 - leastCovered
  const of = (name: TruthClass) =>
    classOf(
      name,
      seen.filter(each => each.class === name),
      small.filter(each => each.class === name),
      isLeaked,
    )
  return {
    frames,
    pixels,
    tooMuch,
    classes: { face: of('face'), plate: of('plate') },
    leaked: seen.filter(isLeaked),
    overRedaction: tooMuch / pixels,
  }
}

/** Many clips as one. Tracks keep their clip's name, so that equal ids do not meet. */
export function totalOf(reports: ReadonlyMap<string, LeakReport>): LeakReport {
  const all = [...reports.values()]
  const sum = (of: (report: LeakReport) => number) => all.reduce((total, each) => total + of(each), 0)
  const [pixels, tooMuch] = [sum(each => each.pixels), sum(each => each.tooMuch)]
  const of = (name: TruthClass): ClassLeak => {
    const parts = all.map(each => each.classes[name])
    const sizes = [...new Set(parts.flatMap(each => Object.keys(each.bySize)))]
    const boxes = parts.reduce((total, each) => total + each.boxes, 0)
    return {
      ...added(parts),
      tracks: [...reports].flatMap(([clip, report]) =>
        report.classes[name].tracks.map(track => ({ ...track, id: `${clip}/${track.id}` })),
      ),
      leakedTracks: parts.reduce((total, each) => total + each.leakedTracks, 0),
      clearTracks: parts.reduce((total, each) => total + each.clearTracks, 0),
      longestLeakedRun: Math.max(0, ...parts.map(each => each.longestLeakedRun)),
      worstOpen: Math.max(0, ...parts.map(each => each.worstOpen)),
      meanOpen: boxes === 0 ? 0 : parts.reduce((total, each) => total + each.meanOpen * each.boxes, 0) / boxes,
      bySize: Object.fromEntries(sizes.map(size => [size, added(parts.flatMap(each => each.bySize[size] ?? []))])),
      belowFloor: added(parts.map(each => each.belowFloor)),
    }
  }
  return {
    frames: sum(each => each.frames),
    pixels,
    tooMuch,
    classes: { face: of('face'), plate: of('plate') },
    leaked: [...reports].flatMap(([clip, { leaked }]) =>
      leaked.map(each => ({ ...each, track: `${clip}/${each.track}` })),
    ),
    overRedaction: tooMuch / pixels,
  }
}

function classOf(
  name: TruthClass,
  seen: readonly BoxLeak[],
  small: readonly BoxLeak[],
  isLeaked: (each: BoxLeak) => boolean,
): ClassLeak {
  const tracks = [...Map.groupBy(seen, each => each.track)].map(([id, boxes]) => trackOf(id, boxes, isLeaked))
  const bounds = edges[name]
  const bySize = bounds.slice(1).map((to, i): [string, Tally] => {
    const own = seen.filter(({ w, h }) => {
      const size = name === 'face' ? h : w
      return size >= bounds[i]! && size < to
    })
    return [`${bounds[i]}-${to === Number.POSITIVE_INFINITY ? '' : to}`, tallyOf(own, isLeaked)]
  })
  return {
    ...tallyOf(seen, isLeaked),
    tracks,
    leakedTracks: tracks.filter(each => each.leakedFrames > 0).length,
    clearTracks: tracks.filter(each => each.leakedFrames === each.frames).length,
    longestLeakedRun: Math.max(0, ...tracks.map(each => each.longestLeakedRun)),
    worstOpen: seen.reduce((worst, each) => Math.max(worst, each.open), 0),
    meanOpen: seen.length === 0 ? 0 : seen.reduce((sum, each) => sum + each.open, 0) / seen.length,
    bySize: Object.fromEntries(bySize.filter(([, { boxes }]) => boxes > 0)),
    belowFloor: tallyOf(small, isLeaked),
  }
}

function trackOf(id: string, boxes: readonly BoxLeak[], isLeaked: (each: BoxLeak) => boolean): TrackLeak {
  const leaked = new Set(boxes.filter(isLeaked).map(each => each.frame))
  let longest = 0
  for (const frame of leaked) {
    if (leaked.has(frame - 1)) continue
    let run = 1
    while (leaked.has(frame + run)) run++
    longest = Math.max(longest, run)
  }
  const frames = new Set(boxes.map(each => each.frame)).size
  return { id, frames, leakedFrames: leaked.size, longestLeakedRun: longest }
}

function tallyOf(boxes: readonly BoxLeak[], isLeaked: (each: BoxLeak) => boolean): Tally {
  const lost = boxes.filter(isLeaked)
  const frames = new Set(boxes.map(each => each.frame)).size
  const leakedFrames = new Set(lost.map(each => each.frame)).size
  return {
    boxes: boxes.length,
    leakedBoxes: lost.length,
    frames,
    leakedFrames,
    frameLeakRate: share(leakedFrames, frames),
  }
}

function added(parts: readonly Tally[]): Tally {
  const sum = (of: (tally: Tally) => number) => parts.reduce((total, each) => total + of(each), 0)
  const [frames, leakedFrames] = [sum(each => each.frames), sum(each => each.leakedFrames)]
  return {
    boxes: sum(each => each.boxes),
    leakedBoxes: sum(each => each.leakedBoxes),
    frames,
    leakedFrames,
    frameLeakRate: share(leakedFrames, frames),
  }
}

const share = (part: number, whole: number) => (whole === 0 ? 0 : part / whole)
