import { type Box, intersectionArea } from '../../../service/redaction/box.ts'

/** What a detector said of one picture, and what is true of it; all in the same pixels. */
export interface Answer {
  readonly sights: readonly { readonly score: number; readonly box: Box }[]
  readonly truth: readonly Box[]
  /** A sight that mostly lies in one of these counts neither way. */
  readonly ignore: readonly Box[]
}

/** A sight held against the truth: the box it found, or none. */
export interface Match {
  readonly score: number
  readonly picture: number
  readonly truth: number | undefined
}

const ignoredFrom = 0.5

/** Best sights first, each takes the free box of the truth that it overlaps most, if by `overlap` (intersection over union) or more. */
export function match(answers: readonly Answer[], overlap: number): Match[] {
  return answers
    .flatMap(({ sights, truth, ignore }, picture) => {
      const free = new Set(truth.keys())
      const matches: Match[] = []
      for (const { score, box } of sights.toSorted((a, b) => b.score - a.score)) {
        let [best, most]: [number | undefined, number] = [undefined, overlap]
        for (const i of free) {
          const share = overlapOf(box, truth[i]!)
          if (share >= most) [best, most] = [i, share]
        }
        if (best !== undefined) free.delete(best)
        else if (ignore.some(each => intersectionArea(box, each) >= ignoredFrom * box.w * box.h)) continue
        matches.push({ score, picture, truth: best })
      }
      return matches
    })
    .sort((a, b) => b.score - a.score)
}

/** Area under the curve of precision over recall, precision made falling (PASCAL VOC 2010 and later). */
export function averagePrecision(matches: readonly Match[], boxes: number): number {
  let [hits, area] = [0, 0]
  const precisions: number[] = []
  for (const [i, { truth }] of matches.entries()) {
    if (truth === undefined) continue
    hits++
    precisions.push(hits / (i + 1))
  }
  let best = 0
  for (const precision of precisions.reverse()) {
    best = Math.max(best, precision)
    area += best
  }
  return boxes === 0 ? 0 : area / boxes
}

/** The lowest score at which false sights stay at `perPicture` or fewer, and the matches from there on. */
export function atFalseSights(matches: readonly Match[], pictures: number, perPicture: number) {
  let wrong = 0
  const end = matches.findIndex(({ truth }) => truth === undefined && ++wrong > perPicture * pictures)
  const kept = end < 0 ? matches : matches.slice(0, end)
  return { matches: kept, threshold: kept.at(-1)?.score ?? 1 }
}

function overlapOf(a: Box, b: Box): number {
  const shared = intersectionArea(a, b)
  return shared / (a.w * a.h + b.w * b.h - shared)
}
