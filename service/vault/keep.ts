/** Locks are short and lengthened while somebody asks for the object, so that a lock never outlives the right to keep. */
import { and, asc, eq, gt, isNotNull, isNull } from 'drizzle-orm'
import type { ObjectRole } from '../custody/act.ts'
import { IntegrityFailed } from './integrity.ts'
import { lockUntil, type Parts, reach } from './settle.ts'
import { type ObjectRow, objects } from './tables.ts'

/** An object that can be opened. */
export interface LivingObject {
  readonly objectId: string
  readonly clipRef: string
  readonly region: string
  readonly role: ObjectRole
  readonly len: number
  readonly storedAt: Date
  /** End of its lock. */
  readonly retainUntil: Date
  /** Under the store's legal hold, as far as the row knows. */
  readonly held: boolean
}

/** Living objects in the order of their ids, from behind `after` on. */
export async function livingObjects({ db }: Parts, after: string, limit: number): Promise<LivingObject[]> {
  const rows = await db
    .select()
    .from(objects)
    .where(and(isNotNull(objects.storedAt), isNull(objects.disposedAt), gt(objects.objectId, after)))
    .orderBy(asc(objects.objectId))
    .limit(limit)
  return rows.map(row => ({ ...row, storedAt: row.storedAt! }))
}

export interface Keeping {
  /** The lock is lengthened to this where it ends earlier. */
  readonly until?: Date
  readonly held?: boolean
}

/** Brings lock and hold of a living object to what is asked, and reads them back. Problem `unavailable`; IntegrityFailed when it is not there. */
export async function keep(parts: Parts, clipRef: string, { until, held }: Keeping): Promise<void> {
  const [row] = await parts.db
    .select()
    .from(objects)
    .where(and(eq(objects.clipRef, clipRef), isNotNull(objects.storedAt), isNull(objects.disposedAt)))
  if (!row) return
  const { region, objectKey, versionId, objectId } = row
  const version = await reach(parts.objects.head(region, objectKey, versionId!))
  if (!version) throw new IntegrityFailed(clipRef)
  const change: Partial<ObjectRow> = {}
  if (until && until > (version.retainUntil ?? 0))
    change.retainUntil = (await lockUntil(parts, row, version, until)).retainUntil
  if (held !== undefined) {
    if (version.held !== held) await reach(parts.objects.hold(region, objectKey, versionId!, held))
    change.held = held
  }
  if (Object.keys(change).length > 0) await parts.db.update(objects).set(change).where(eq(objects.objectId, objectId))
}
