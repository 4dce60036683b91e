/** Sealed copies and the exhibits they were made from. */
import { eq, inArray } from 'drizzle-orm'
import type { Db, Tx } from '../db.ts'
import { derivatives, disclosures, requests } from './tables.ts'

/** Exhibit numbers behind each of these clip references that names a derivative or a package. */
export async function copiedFrom(db: Db | Tx, clipRefs: readonly string[]): Promise<Map<string, string[]>> {
  const refs = [...clipRefs]
  if (refs.length === 0) return new Map()
  const redacted = await db
    .select({ clipRef: derivatives.clipRef, exhibitNumber: derivatives.rootExhibitNumber })
    .from(derivatives)
    .where(inArray(derivatives.clipRef, refs))
  const packed = await db
    .select({ clipRef: disclosures.packageRef, exhibitNumber: requests.exhibitNumber })
    .from(disclosures)
    .innerJoin(requests, eq(requests.requestId, disclosures.requestId))
    .where(inArray(disclosures.packageRef, refs))
  const found = new Map<string, string[]>()
  for (const { clipRef, exhibitNumber } of [...redacted, ...packed])
    found.set(clipRef!, [...(found.get(clipRef!) ?? []), exhibitNumber])
  return found
}

/** Clip references of everything that was made from an exhibit. */
export async function copiesOf(db: Db | Tx, exhibitNumber: string): Promise<string[]> {
  const redacted = await db
    .select({ clipRef: derivatives.clipRef })
    .from(derivatives)
    .where(eq(derivatives.rootExhibitNumber, exhibitNumber))
  const packed = await db
    .select({ clipRef: disclosures.packageRef })
    .from(disclosures)
    .innerJoin(requests, eq(requests.requestId, disclosures.requestId))
    .where(eq(requests.exhibitNumber, exhibitNumber))
  return [...new Set([...redacted, ...packed].flatMap(({ clipRef }) => clipRef ?? []))]
}
