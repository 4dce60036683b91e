import { eq } from 'drizzle-orm'
import type { ObjectRole } from '../custody/act.ts'
import { IntegrityFailed } from './integrity.ts'
import type { StoredVersion } from './object-store.ts'
import { nextObjectKey } from './sealed-object.ts'
import { lockUntil, type Parts, settle } from './settle.ts'
import type { Spooled } from './spool.ts'
import { findStored, findVersion, type Loss, type StoredRow } from './stored.ts'
import { type ObjectRow, objectKeys, objects } from './tables.ts'

/** Lengths in bytes, digests in lowercase hex. */
export interface StoredObject {
  readonly objectId: string
  readonly clipRef: string
  readonly region: string
  readonly role: ObjectRole
  readonly len: number
  readonly sha256: string
  /** When the lock ends that was read back. */
  readonly retainUntil: Date
  /** True when the clip was there before, and the spooled bytes were discarded. */
  readonly adopted: boolean
}

export interface StoreOptions {
  readonly role: ObjectRole
  /** The lock lasts at least until then. */
  readonly retainUntil: Date
  /**
   * The clip was stored before, and what is stored is not it any more. Awaited before the bytes that were brought take its place; without
   * it that is an error.
   */
  readonly onLoss?: (loss: Loss) => Promise<void>
}

/**
 * The intent is committed before the put, so that from the first byte in the store on, its data key is known here. Throws Problem
 * `unavailable`; IntegrityFailed when the clip was stored before and is not there as it was, and nobody waits to be told.
 */
export async function store(
  parts: Parts,
  spooled: Spooled,
  { role, retainUntil, onLoss }: StoreOptions,
): Promise<StoredObject> {
  // Locks are kept in whole seconds, and one that ends earlier than asked would be none.
  const until = new Date(Math.ceil(retainUntil.getTime() / 1000) * 1000)
  const before = await findStored(parts, spooled.clipRef, spooled.region)
  const found = before && (await findVersion(parts, before))
  if (typeof found === 'string') {
    if (!onLoss) throw new IntegrityFailed(spooled.clipRef)
    await onLoss(found)
  }
  const row =
    before && typeof found === 'object'
      ? await lengthen(parts, before, found, until)
      : await settle(parts, await intend(parts, spooled, { role, until, before }), spooled.sealed)
  await spooled.discard()
  const { objectId, clipRef, region, len } = row
  const adopted = objectId !== spooled.objectId
  return {
    objectId,
    clipRef,
    region,
    role: row.role,
    len,
    sha256: spooled.sha256,
    retainUntil: row.retainUntil,
    adopted,
  }
}

async function intend(
  parts: Parts,
  spooled: Spooled,
  { role, until, before }: { role: ObjectRole; until: Date; before: ObjectRow | undefined },
): Promise<ObjectRow> {
  const { objectId, clipRef, region, len, sealed, digestBox, wrapped } = spooled
  return await parts.db.transaction(async tx => {
    const [row] = await tx
      .insert(objects)
      .values({
        objectId,
        clipRef,
        region,
        role,
        len,
        sealedLen: sealed.len,
        sealedSha256: sealed.sha256,
        digestBox,
        objectKey: before ? nextObjectKey(before) : clipRef,
        retainUntil: until,
      })
      .returning()
    await tx.insert(objectKeys).values({ objectId, wrapped })
    return row!
  })
}

/** The second acquisition of a clip adopts what the first has stored, under the longer lock of the two. */
async function lengthen(parts: Parts, row: StoredRow, version: StoredVersion, until: Date): Promise<ObjectRow> {
  const { retainUntil } = await lockUntil(parts, row, version, until)
  if (retainUntil > row.retainUntil)
    await parts.db.update(objects).set({ retainUntil }).where(eq(objects.objectId, row.objectId))
  return { ...row, retainUntil }
}
