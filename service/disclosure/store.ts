/** Reads and small writes of this room's tables. */
import { and, eq, gt, lt, sql } from 'drizzle-orm'
import type { Db, Tx } from '../db.ts'
import { type Derivative, type Disclosure, derivatives, disclosures, type Request, requests } from './tables.ts'

export async function findRequest(db: Db | Tx, requestId: string): Promise<Request | undefined> {
  return (await db.select().from(requests).where(eq(requests.requestId, requestId)))[0]
}

export async function findDisclosure(db: Db | Tx, disclosureId: string): Promise<Disclosure | undefined> {
  return (await db.select().from(disclosures).where(eq(disclosures.disclosureId, disclosureId)))[0]
}

export async function findDerivative(
  db: Db | Tx,
  rootExhibitNumber: string,
  recipe: string,
): Promise<Derivative | undefined> {
  const same = and(eq(derivatives.rootExhibitNumber, rootExhibitNumber), eq(derivatives.recipe, recipe))
  return (await db.select().from(derivatives).where(same))[0]
}

export async function derivativeNumbered(db: Db | Tx, exhibitNumber: string): Promise<Derivative | undefined> {
  return (await db.select().from(derivatives).where(eq(derivatives.exhibitNumber, exhibitNumber)))[0]
}

/** Where a running disclosure stands; a finished one is left alone, so that a late progress report cannot reopen it. */
export async function reportProgress(db: Db, disclosureId: string, stage: string, progress: number): Promise<void> {
  await db
    .update(disclosures)
    .set({ state: 'running', stage, progress: Math.round(progress * 1000) })
    .where(and(eq(disclosures.disclosureId, disclosureId), sql`${disclosures.state} in ('queued', 'running')`))
}

/** Counts one download if the request has one left; false when not. The row's lock makes two at once count as two. */
export async function countDownload(tx: Tx, requestId: string, most: number): Promise<boolean> {
  const counted = await tx
    .update(requests)
    .set({ downloads: sql`${requests.downloads} + 1` })
    .where(and(eq(requests.requestId, requestId), lt(requests.downloads, most)))
    .returning({ id: requests.requestId })
  return counted.length === 1
}

/** Takes back what `countDownload` counted, for a download of which no byte left. */
export async function discountDownload(tx: Tx, requestId: string): Promise<void> {
  await tx
    .update(requests)
    .set({ downloads: sql`${requests.downloads} - 1` })
    .where(and(eq(requests.requestId, requestId), gt(requests.downloads, 0)))
}
