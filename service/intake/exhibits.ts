/** Reading exhibits. Every read is a look: it is judged and recorded by who calls this. */
import { eq, getTableColumns } from 'drizzle-orm'
import type { Ledger } from '../custody/ledger.ts'
import type { Db, Tx } from '../db.ts'
import { receiptFor } from './receipts.ts'
import { type Exhibit, exhibits, incidents } from './tables.ts'

/** An exhibit with what policy asks of its incident. */
export type ExhibitOfIncident = Exhibit & { readonly incidentType: string; readonly severity: string }

export async function findExhibit(db: Db | Tx, exhibitNumber: string): Promise<ExhibitOfIncident | undefined> {
  const [row] = await db
    .select({ ...getTableColumns(exhibits), incidentType: incidents.incidentType, severity: incidents.severity })
    .from(exhibits)
    .innerJoin(incidents, eq(incidents.incidentId, exhibits.incidentId))
    .where(eq(exhibits.exhibitNumber, exhibitNumber))
  return row
}

/** What the outside sees of an exhibit. The plain SHA-256 stands here and in certificates, nowhere else in the clear. */
export function viewExhibit(exhibit: ExhibitOfIncident) {
  const { exhibitNumber, incidentId, agencyId, region, clipRef, sha256, len, media, chain, createdAt, retainUntil } =
    exhibit
  const times = { acquiredAt: createdAt.toISOString(), retainUntil: retainUntil.toISOString() }
  return { exhibitNumber, incidentId, agencyId, region, clipRef, sha256, len, media, chain, ...times }
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
