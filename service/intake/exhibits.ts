/** Exhibits: read, found due, and marked as gone. Every read is a look: it is judged and recorded by who calls this. */
import { and, asc, eq, getTableColumns, gt, isNull, lte, not, or } from 'drizzle-orm'
import type { Ledger } from '../custody/ledger.ts'
import type { Db, Tx } from '../db.ts'
import { heldAt } from './hold-rows.ts'
import { receiptFor } from './receipts.ts'
import { type Exhibit, exhibits, incidents } from './tables.ts'

/** An exhibit with what policy asks of its incident, and of its holds at the moment it was read. */
export type ExhibitOfIncident = Exhibit & {
  readonly incidentType: string
  readonly severity: string
  readonly jurisdiction: string
  /** A hold was in force. */
  readonly held: boolean
}

/** What `ExhibitOfIncident` is read from. */
export function exhibitColumns(now: Date) {
  const { incidentType, severity, jurisdiction } = incidents
  return { ...getTableColumns(exhibits), incidentType, severity, jurisdiction, held: heldAt(now) }
}

/** Where to read, and which clock says what is in force. */
export interface Reader {
  readonly db: Db | Tx
  /** Seconds since the epoch. */
  readonly nowSeconds: () => number
}

export async function findExhibit(
  { db, nowSeconds }: Reader,
  exhibitNumber: string,
): Promise<ExhibitOfIncident | undefined> {
  const [row] = await db
    .select(exhibitColumns(new Date(nowSeconds() * 1000)))
    .from(exhibits)
    .innerJoin(incidents, eq(incidents.incidentId, exhibits.incidentId))
    .where(eq(exhibits.exhibitNumber, exhibitNumber))
  return row
}

/**
 * Exhibits whose schedule has ended, that nobody holds and that are still there: the longest due first. What policy then refuses stays
 * due, so the next page begins behind the last exhibit of this one.
 */
export async function dueForDisposal(
  db: Db | Tx,
  now: Date,
  limit: number,
  after?: Pick<Exhibit, 'retainUntil' | 'exhibitNumber'>,
): Promise<ExhibitOfIncident[]> {
  const behind =
    after &&
    or(
      gt(exhibits.retainUntil, after.retainUntil),
      and(eq(exhibits.retainUntil, after.retainUntil), gt(exhibits.exhibitNumber, after.exhibitNumber)),
    )
  return await db
    .select(exhibitColumns(now))
    .from(exhibits)
    .innerJoin(incidents, eq(incidents.incidentId, exhibits.incidentId))
    .where(and(isNull(exhibits.disposedAt), lte(exhibits.retainUntil, now), not(heldAt(now)), behind))
    .orderBy(asc(exhibits.retainUntil), asc(exhibits.exhibitNumber))
    .limit(limit)
}

/** False where it was disposed of before, or a hold is in force: then nothing of it may be destroyed. Waits for a hold that is being placed. */
export async function markDisposed(tx: Tx, exhibitNumber: string, at: Date): Promise<boolean> {
  // A statement of its own: the next one then sees what was committed while this one waited for the row.
  await lockExhibit(tx, exhibitNumber)
  const marked = await tx
    .update(exhibits)
    .set({ disposedAt: at })
    .where(and(eq(exhibits.exhibitNumber, exhibitNumber), isNull(exhibits.disposedAt), not(heldAt(at))))
    .returning({ exhibitNumber: exhibits.exhibitNumber })
  return marked.length === 1
}

/** Until `tx` ends nobody else places a hold on it or disposes of it. Undefined: there is no such exhibit. */
export async function lockExhibit(tx: Tx, exhibitNumber: string): Promise<Exhibit | undefined> {
  return (await tx.select().from(exhibits).where(eq(exhibits.exhibitNumber, exhibitNumber)).for('update'))[0]
}

/** What the outside sees of an exhibit. The plain SHA-256 stands here and in certificates, nowhere else in the clear. */
export function viewExhibit(exhibit: ExhibitOfIncident, holds: number) {
  const { exhibitNumber, incidentId, agencyId, region, clipRef, sha256, len, media, chain } = exhibit
  const { createdAt, retainUntil, disposedAt } = exhibit
  const times = {
    acquiredAt: createdAt.toISOString(),
    retainUntil: retainUntil.toISOString(),
    ...(disposedAt && { disposedAt: disposedAt.toISOString() }),
  }
  return { exhibitNumber, incidentId, agencyId, region, clipRef, sha256, len, media, chain, ...times, holds }
}

/** What whoever delivered it keeps: it proves the acquisition without asking here again. */
export async function receiptOf(ledger: Ledger, { exhibitNumber, clipRef, sha256, len, chain, req }: Exhibit) {
  const recorded = await ledger.entryOf(req, 'exhibit.acquired')
  return {
    exhibitNumber,
    clipRef,
    sha256,
    len,
    chain,
    ledgerIndex: recorded.index,
    proof: await receiptFor(ledger, recorded),
  }
}
