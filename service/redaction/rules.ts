import type { BoxRules } from './chain-boxes.ts'
import type { LinkRules } from './link.ts'
import type { DetectorClass } from './plan.ts'

export type Rules = LinkRules & BoxRules

/** Measured; models/faces.md and models/plates.md say on what. They stand in every plan: other rules, other plan. */
export const rulesOf: Readonly<Record<DetectorClass, Rules>> = {
  face: {
    startPerMille: 500,
    keepPerMille: 300,
    gapMs: 1000,
    minHits: 4,
    surePerMille: 800,
    leastWidthPx: 6,
    endMs: 300,
    growthPerMille: 1400,
    marginPx: 8,
  },
  plate: {
    startPerMille: 550,
    keepPerMille: 250,
    gapMs: 1000,
    minHits: 4,
    surePerMille: 800,
    // Seven characters in less than this are two pixels each.
    leastWidthPx: 18,
    endMs: 500,
    growthPerMille: 1400,
    marginPx: 8,
  },
}
