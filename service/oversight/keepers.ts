/** Who still asks for a sealed object. Every copy follows its exhibit: derivative and package are kept as long as the master, and no longer. */
import type { Db, Tx } from '../db.ts'
import { copiedFrom } from '../disclosure/copies.ts'
import { worker } from '../disclosure/derive.ts'
import type { ExhibitOfIncident } from '../intake/exhibits.ts'
import { exhibitFacts } from '../intake/facts.ts'
import { livingExhibits } from '../intake/keeping.ts'
import { factsOf } from '../policy/judge.ts'
import { dayMs, type Sweeper } from './sweeper.ts'

export interface Keeper {
  /** Living exhibits that need it; one at least. */
  readonly exhibits: readonly ExhibitOfIncident[]
  /** A hold is in force on one of them. */
  readonly held: boolean
}

/** By clip reference. An object that no living exhibit needs is not in the answer. */
export async function keepersOf(db: Db | Tx, clipRefs: readonly string[], now: Date): Promise<Map<string, Keeper>> {
  const copies = await copiedFrom(db, clipRefs)
  const living = await livingExhibits(db, { clipRefs, exhibitNumbers: [...new Set([...copies.values()].flat())] }, now)
  const keepers = new Map<string, Keeper>()
  for (const clipRef of clipRefs) {
    const numbers = copies.get(clipRef) ?? []
    const exhibits = living.filter(e => e.clipRef === clipRef || numbers.includes(e.exhibitNumber))
    if (exhibits.length > 0) keepers.set(clipRef, { exhibits, held: exhibits.some(e => e.held) })
  }
  return keepers
}

/**
 * When policy would let the last of these exhibits go, to a day: the schedule of today may be longer than the one they came under, and only
 * policy knows. Undefined: not within `withinDays`.
 */
export function endOfKeeping(
  sweeper: Pick<Sweeper, 'policy' | 'nowSeconds'>,
  exhibits: readonly ExhibitOfIncident[],
  withinDays: number,
): Date | undefined {
  const now = sweeper.nowSeconds()
  const ends = exhibits.map(exhibit => {
    const keptAt = (days: number) => {
      const court = { ...sweeper, nowSeconds: () => now + days * 86_400 } as Sweeper
      const facts = factsOf(court, worker, 'exhibit.dispose', { exhibit: exhibitFacts(exhibit) })
      return sweeper.policy.decide('access', facts).outcome === 'refuse'
    }
    if (keptAt(withinDays)) return undefined
    let days = withinDays - 1
    while (days >= 0 && !keptAt(days)) days--
    const end = now * 1000 + (days + 1) * dayMs
    const stored = exhibit.retainUntil.getTime()
    return stored > end - dayMs && stored < end ? stored : end
  })
  return ends.includes(undefined) ? undefined : new Date(Math.max(...ends.map(end => end!)))
}
