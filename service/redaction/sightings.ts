import { type Box, intersectionArea } from './box.ts'
import type { PlateVerdict } from './certificate.ts'
import type { DetectorClass } from './plan.ts'
import type { ClipInfo } from './probe.ts'

export interface Footage {
  readonly path: string
  readonly clip: ClipInfo
}

/** What a detector saw of one thing on one frame; pixels of the copy. */
export interface Sighting {
  readonly frame: number
  readonly box: Box
}

/** Something that the detectors saw on these frames. Never without a sighting. */
export interface SeenTrack {
  readonly class: DetectorClass
  readonly confidence: number
  readonly sightings: readonly Sighting[]
  /** Absent of a face that is wide enough to be one, and of a plate until writing has been looked for. */
  readonly verdict?: PlateVerdict
}

export function touches(boxes: readonly Box[], box: Box): boolean {
  return boxes.some(one => intersectionArea(one, box) > 0)
}
