/** What stands on a frame: the boxes that are burned in, and those of tracks that a person chose to keep visible. */
import { type Box, intersectionArea } from './box.ts'
import type { Cover } from './covers.ts'
import type { RedactionPlan } from './plan.ts'

export interface Standing {
  readonly covers: readonly Cover[]
  readonly visible: readonly Box[]
}

/** A sighting belongs to a box when this share of it lies in it. */
const insideShare = 0.7

/** For each frame of the clip. */
export function standingOn(plan: RedactionPlan, covers: readonly Cover[]): Standing[] {
  const frames = Array.from({ length: plan.clip.frames }, () => ({ covers: [] as Cover[], visible: [] as Box[] }))
  for (const cover of covers) for (let n = cover.first; n <= cover.last; n++) frames[n]?.covers.push(cover)
  for (const { visible, runs } of plan.tracks) {
    if (!visible) continue
    for (const [first, last, x, y, w, h] of runs)
      for (let n = first; n <= last; n++) frames[n]?.visible.push({ x, y, w, h })
  }
  return frames
}

/** Covered, kept visible by a person's choice, or open: what nobody decided on. */
export function stateOf(box: Box, { covers, visible }: Standing): 'covered' | 'visible' | 'open' {
  const inside = (one: Box) => intersectionArea(one, box) >= insideShare * box.w * box.h
  if (covers.some(inside)) return 'covered'
  return visible.some(inside) ? 'visible' : 'open'
}
