/** How long exhibits are needed: what the sweeps ask, and what keeps them from taking away what is being worked on. */
import { and, eq, inArray, isNull, or } from 'drizzle-orm'
import type { Db, Tx } from '../db.ts'
import { Problem } from '../http/problem.ts'
import type { Court } from '../policy/judge.ts'
import { type ExhibitOfIncident, exhibitColumns } from './exhibits.ts'
import { exhibits, incidents } from './tables.ts'

const dayMs = 86_400_000

/** Living exhibits among those named by number or by the clip they are of. */
export async function livingExhibits(
  db: Db | Tx,
  { clipRefs, exhibitNumbers }: { clipRefs: readonly string[]; exhibitNumbers: readonly string[] },
  now: Date,
): Promise<ExhibitOfIncident[]> {
  const { exhibitNumber, clipRef } = exhibits
  const named = or(inArray(clipRef, [...clipRefs]), inArray(exhibitNumber, [...exhibitNumbers]))
  return await db
    .select(exhibitColumns(now))
    .from(exhibits)
    .innerJoin(incidents, eq(incidents.incidentId, exhibits.incidentId))
    .where(and(named, isNull(exhibits.disposedAt)))
}

/** Until `tx` ends nobody disposes of it. Problem `unavailable` when somebody has: tried again, it is refused for what it is. */
export async function pinExhibit(tx: Tx, exhibitNumber: string): Promise<void> {
  const own = and(eq(exhibits.exhibitNumber, exhibitNumber), isNull(exhibits.disposedAt))
  if ((await tx.select().from(exhibits).where(own).for('share')).length === 0)
    throw new Problem('unavailable', { cause: new Error('it was disposed of meanwhile'), retryAfterSeconds: 1 })
}

/**
 * The lock that a copy of an exhibit starts with: short, so that it never outlives the right to keep; the sweep lengthens it. A day at least,
 * since a held exhibit may be beyond its schedule and a store takes no lock that has ended.
 */
export function firstLock({ policy, nowSeconds }: Pick<Court, 'policy' | 'nowSeconds'>, retainUntil: Date): Date {
  const now = nowSeconds() * 1000
  const longest = now + policy.matrices.retention.lockDays * dayMs
  return new Date(Math.min(longest, Math.max(retainUntil.getTime(), now + dayMs)))
}
