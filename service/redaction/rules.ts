import type { BoxRules } from './chain-boxes.ts'
import type { LinkRules } from './link.ts'
import type { DetectorClass } from './plan.ts'

export type Rules = LinkRules & BoxRules

/** For refined scores; models/faces-refine.md, models/plates-refine.md and docs/benchmarks.md say on what they were measured. They stand in every plan: other rules, other plan. */
export const rulesOf: Readonly<Record<DetectorClass, Rules>> = {
  face: {
    startPerMille: 400,
    keepPerMille: 230,
    gapMs: 1000,
    minHits: 5,
    surePerMille: 750,
    endMs: 300,
    growthPerMille: 1400,
    largeGrowthPerMille: 1200,
    smallPerMille: 60,
    largePerMille: 165,
    marginPx: 8,
  },
  plate: {
    startPerMille: 560,
    keepPerMille: 430,
    gapMs: 1000,
    minHits: 4,
    surePerMille: 850,
    endMs: 500,
    growthPerMille: 1400,
    largeGrowthPerMille: 1200,
    smallPerMille: 60,
    largePerMille: 165,
    marginPx: 8,
  },
}
