import { intersectionArea, union } from './box.ts'
import type { Finding } from './detector.ts'

/** Above this overlap (intersection over union) two findings of one detector are one thing. */
const suppressAbove = 0.45
/** Two detectors frame the same thing less alike than one does twice. */
const joinAbove = 0.35

/** Whether two detectors, or one at two times, saw the same. */
export function isSameThing(a: Finding, b: Finding): boolean {
  return a.class === b.class && overlap(a, b) > joinAbove
}

/** Non-maximum suppression: of findings of one class that overlap, the one with the best score stays. Best first. */
export function suppress(findings: readonly Finding[], above = suppressAbove): Finding[] {
  return groups(findings, above).map(([best]) => best!)
}

/** Of findings of one class that overlap, one that holds them all and has the best score. Best first. */
export function join<T extends Finding>(findings: readonly T[]): T[] {
  return groups(findings, joinAbove).map(group => ({ ...group[0]!, box: group.map(({ box }) => box).reduce(union) }))
}

/** Each finding with those that overlap it and score lower; the first of a group is the best. */
function groups<T extends Finding>(findings: readonly T[], above: number): T[][] {
  const made: T[][] = []
  for (const finding of findings.toSorted((a, b) => b.score - a.score)) {
    const group = made.find(([best]) => best!.class === finding.class && overlap(best!, finding) > above)
    if (group) group.push(finding)
    else made.push([finding])
  }
  return made
}

function overlap(a: Finding, b: Finding): number {
  const shared = intersectionArea(a.box, b.box)
  return shared / (a.box.w * a.box.h + b.box.w * b.box.h - shared)
}
