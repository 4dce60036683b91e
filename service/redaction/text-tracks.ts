/** Writing seen on some frames, followed over the clip: each track keeps the line on which it can be read best. */
import { type Box, intersectionArea, union } from './box.ts'
import type { Lines } from './text-worker.ts'

export interface TextSighting {
  readonly box: Box
  /** 0..1. */
  readonly score: number
  /** The writing itself. */
  readonly written: Lines
}

export interface TextTrack {
  readonly first: number
  /** The last frame on which it was seen, or stood in a part of the picture that had not changed. */
  readonly last: number
  readonly seconds: number
  /** On how many looks it was seen. */
  readonly sightings: number
  /** Around all that was seen of it. */
  readonly box: Box
  readonly latest: Box
  readonly best: TextSighting
}

/** A line that was not seen for longer than this is another one when it comes back. */
const gapSeconds = 2.5
const sameShare = 0.3
const mostRatio = 1.7

export interface TextTracker {
  /** What one look saw; answers the tracks that have ended. `looked` is the part of the frame that it saw: what lies outside it, or nothing changed of, stands as it was. */
  take(frame: number, seconds: number, sightings: readonly TextSighting[], looked: Box | undefined): TextTrack[]
  /** Ends what is still followed. */
  end(): TextTrack[]
}

export function trackText(): TextTracker {
  let open: TextTrack[] = []
  return {
    take(frame, seconds, sightings, looked) {
      const alive = open.filter(track => seconds - track.seconds <= gapSeconds)
      const ended = open.filter(track => !alive.includes(track))
      const next: TextTrack[] = []
      for (const sighting of sightings.toSorted((a, b) => b.score - a.score)) {
        const at = alive.findIndex(track => isSameLine(track.latest, sighting.box))
        const [track] = at < 0 ? [] : alive.splice(at, 1)
        next.push(track ? continued(track, frame, seconds, sighting) : begun(frame, seconds, sighting))
      }
      for (const track of alive) {
        const stands = !looked || intersectionArea(looked, track.latest) === 0
        next.push(stands ? { ...track, last: frame, seconds } : track)
      }
      open = next
      return ended
    },
    end: () => open.splice(0),
  }
}

function begun(frame: number, seconds: number, sighting: TextSighting): TextTrack {
  const { box } = sighting
  return { first: frame, last: frame, seconds, sightings: 1, box, latest: box, best: sighting }
}

function continued(track: TextTrack, frame: number, seconds: number, sighting: TextSighting): TextTrack {
  const { box } = sighting
  const best = worth(sighting) > worth(track.best) ? sighting : track.best
  return {
    ...track,
    last: frame,
    seconds,
    sightings: track.sightings + 1,
    box: union(track.box, box),
    latest: box,
    best,
  }
}

/** Large and sure is read best. */
function worth({ box, score }: TextSighting): number {
  return box.w * box.h * score
}

/** Over one another, or side by side less than a length apart and alike in height: text moves with what it stands on. */
function isSameLine(a: Box, b: Box): boolean {
  const shared = intersectionArea(a, b)
  if (shared >= sameShare * Math.min(a.w * a.h, b.w * b.h)) return true
  const [dx, dy] = [a.x + a.w / 2 - b.x - b.w / 2, a.y + a.h / 2 - b.y - b.h / 2]
  const alike = Math.max(a.h / b.h, b.h / a.h, a.w / b.w, b.w / a.w) <= mostRatio
  return alike && Math.hypot(dx, dy) <= Math.max(a.w, b.w)
}
