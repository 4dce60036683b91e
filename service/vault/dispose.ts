/** The way out: the data key is destroyed in the act's own transaction, and the sealed bytes, which nothing opens any more, go when their lock ends. */
import { and, asc, eq, gt, isNotNull, isNull, lte } from 'drizzle-orm'
import type { Tx } from '../db.ts'
import { Problem } from '../http/problem.ts'
import { ObjectLocked } from './object-store.ts'
import { type Parts, reach } from './settle.ts'
import { type ObjectRow, objectKeys, objects } from './tables.ts'

const living = (clipRef: string) =>
  and(eq(objects.clipRef, clipRef), isNotNull(objects.storedAt), isNull(objects.disposedAt))

/**
 * Holds the objects against a disposal until the transaction ends. To be called where a row that names them is written: between `store` and
 * that row a sweep could have found that nobody needs them. Problem `unavailable` when one is gone; the act is then tried again from the start.
 */
export async function pin(tx: Tx, ...clipRefs: string[]): Promise<void> {
  // In the order in which a disposal claims them, or the two would wait for each other.
  for (const clipRef of clipRefs.sort()) {
    const found = await tx.select({ id: objects.objectId }).from(objects).where(living(clipRef)).for('share')
    if (found.length === 0)
      throw new Problem('unavailable', {
        cause: new Error(`${clipRef} was disposed of meanwhile`),
        retryAfterSeconds: 1,
      })
  }
}

/** Waits for whoever pins the object, and keeps others from pinning it: what is then read of its keepers stays true. False: there is none. */
export async function claim(tx: Tx, clipRef: string): Promise<boolean> {
  return (await tx.select({ id: objects.objectId }).from(objects).where(living(clipRef)).for('update')).length > 0
}

/** Destroys the data key once the transaction commits. The same clip may be acquired again; it is then another object. False: there was none. */
export async function destroy(tx: Tx, clipRef: string, at: Date): Promise<boolean> {
  const [row] = await tx
    .update(objects)
    .set({ disposedAt: at })
    .where(living(clipRef))
    .returning({ id: objects.objectId })
  if (row) await tx.delete(objectKeys).where(eq(objectKeys.objectId, row.id))
  return row !== undefined
}

export interface Removal {
  readonly removed: number
  /** Locked by the store for longer than the row says: the next sweep tries again. */
  readonly locked: number
  /** Could not be asked for, and the first error. */
  readonly failed: number
  readonly error: unknown
}

const batch = 500

/** Removes the bytes of disposed objects whose locks have ended. One that cannot be reached keeps no other from going. */
export async function removeDisposed(parts: Parts, now: Date): Promise<Removal> {
  let [removed, locked, failed, error] = [0, 0, 0, undefined as unknown]
  for (let after = ''; ; ) {
    const due = await parts.db
      .select()
      .from(objects)
      .where(
        and(
          isNotNull(objects.disposedAt),
          isNull(objects.removedAt),
          lte(objects.retainUntil, now),
          gt(objects.objectId, after),
        ),
      )
      .orderBy(asc(objects.objectId))
      .limit(batch)
    const last = due.at(-1)
    if (!last) return { removed, locked, failed, error }
    after = last.objectId
    for (const row of due) {
      try {
        if (await remove(parts, row, now)) removed++
        else locked++
      } catch (cause) {
        failed++
        error ??= cause
      }
    }
  }
}

/** A crash at any line leaves it to be done again. */
async function remove({ db, objects: store }: Parts, row: ObjectRow, now: Date): Promise<boolean> {
  const { objectId, region, objectKey, versionId } = row
  const version = await reach(store.head(region, objectKey, versionId!))
  // What carries no data key carries no hold: whoever placed one after the disposal placed it on nothing.
  if (version?.held) await reach(store.hold(region, objectKey, versionId!, false))
  try {
    if (version) await reach(store.remove(region, objectKey, versionId!))
  } catch (error) {
    if (error instanceof Problem && error.cause instanceof ObjectLocked) return false
    throw error
  }
  await db.update(objects).set({ removedAt: now, held: false }).where(eq(objects.objectId, objectId))
  return true
}
