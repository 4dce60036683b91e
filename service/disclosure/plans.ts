/** The plan of a request: as detectors made it, or as persons have edited it since. */
import { createHash } from 'node:crypto'
import { desc, eq } from 'drizzle-orm'
import type { Db, Tx } from '../db.ts'
import { type Derivative, type PlanVersion, planVersions, requests } from './tables.ts'

export interface StandingPlan {
  /** Canonical JSON. */
  readonly text: string
  readonly sha256: string
  /** 0 where nobody has edited it. */
  readonly version: number
}

/** The newest edit of the request's plan; undefined while there is none. */
export async function newestVersion(db: Db | Tx, requestId: string): Promise<PlanVersion | undefined> {
  const newest = db.select().from(planVersions).where(eq(planVersions.requestId, requestId))
  return (await newest.orderBy(desc(planVersions.version)).limit(1))[0]
}

/** What the next edit is made on; undefined while nothing has been planned. */
export async function standingPlan(
  db: Db | Tx,
  requestId: string,
  derivative: Derivative | undefined,
): Promise<StandingPlan | undefined> {
  const edited = await newestVersion(db, requestId)
  if (edited) return { text: edited.plan, sha256: edited.sha256, version: edited.version }
  return derivative && { text: derivative.plan, sha256: digestOf(derivative.plan), version: 0 }
}

/** Whether persons have edited the plan of the request since this copy was made; of a copy that is not there nobody knows better. */
export async function isOvertaken(
  db: Db | Tx,
  requestId: string,
  derivative: Derivative | undefined,
): Promise<boolean> {
  const newest = await newestVersion(db, requestId)
  return newest !== undefined && (!derivative || newest.sha256 !== digestOf(derivative.plan))
}

/** Subjects of everybody who edited the plan of the request, each once. */
export async function editorsOf(db: Db | Tx, requestId: string): Promise<string[]> {
  const rows = await db
    .selectDistinct({ subject: planVersions.editedBy })
    .from(planVersions)
    .where(eq(planVersions.requestId, requestId))
  return rows.map(({ subject }) => subject).sort()
}

/** Until `tx` ends nobody edits, renders, reviews, downloads or begins a disclosure of the request beside it. */
export async function lockRequest(tx: Tx, requestId: string): Promise<void> {
  await tx.select({ id: requests.requestId }).from(requests).where(eq(requests.requestId, requestId)).for('update')
}

/** Hex SHA-256 of the UTF-8 text. */
export function digestOf(text: string): string {
  return createHash('sha256').update(text).digest('hex')
}
