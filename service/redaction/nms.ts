import { intersectionArea } from './box.ts'
import type { Finding } from './detector.ts'

/** Above this overlap (intersection over union) two findings of a class are one. */
const sameThing = 0.45

/** Non-maximum suppression: of findings of one class that overlap, the one with the best score stays. Best first. */
export function suppress(findings: readonly Finding[]): Finding[] {
  const kept: Finding[] = []
  for (const finding of findings.toSorted((a, b) => b.score - a.score)) {
    if (!kept.some(other => other.class === finding.class && overlap(other, finding) > sameThing)) kept.push(finding)
  }
  return kept
}

function overlap(a: Finding, b: Finding): number {
  const shared = intersectionArea(a.box, b.box)
  return shared / (a.box.w * a.box.h + b.box.w * b.box.h - shared)
}
