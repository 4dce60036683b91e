/** When a hold is in force, as SQL: not lifted, and not lapsed by the clock that is asked. */
import { and, asc, eq, gt, isNull, or, type SQL, sql } from 'drizzle-orm'
import type { Db, Tx } from '../db.ts'
import { custodian } from './openings.ts'
import { exhibits, type Hold, holds } from './tables.ts'

export function inForce(now: Date) {
  return and(isNull(holds.liftedAt), or(isNull(holds.lapsesAt), gt(holds.lapsesAt, now)))!
}

/** Whether a hold is in force on the exhibit of the row. */
export function heldAt(now: Date): SQL<boolean> {
  // A condition of its own: of columns that stand in the template itself, a select from one table drops the table's name.
  const onThis = and(eq(holds.exhibitNumber, exhibits.exhibitNumber), inForce(now))
  return sql<boolean>`exists (select 1 from ${holds} where ${onThis})`
}

/** Holds in force on an exhibit, oldest first. */
export async function holdsOn(db: Db | Tx, exhibitNumber: string, now: Date): Promise<Hold[]> {
  return await ofExhibit(db, and(eq(holds.exhibitNumber, exhibitNumber), inForce(now)))
}

/** Every hold that was ever placed on it, oldest first. */
export async function allHoldsOn(db: Db | Tx, exhibitNumber: string): Promise<Hold[]> {
  return await ofExhibit(db, eq(holds.exhibitNumber, exhibitNumber))
}

/** The custodian and auditors see every hold, people of an agency those of their own: who else is interested must not show. */
export function visibleTo({
  organisation,
  roles,
}: {
  readonly organisation: string
  readonly roles: readonly string[]
}) {
  const all = organisation === custodian || roles.includes('auditor')
  return (hold: Hold) => all || hold.organisation === organisation
}

export async function findHold(db: Db | Tx, holdId: string): Promise<Hold | undefined> {
  return (await db.select().from(holds).where(eq(holds.holdId, holdId)))[0]
}

async function ofExhibit(db: Db | Tx, which: SQL | undefined): Promise<Hold[]> {
  return await db.select().from(holds).where(which).orderBy(asc(holds.placedAt), asc(holds.holdId))
}
