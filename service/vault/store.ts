import { and, eq, isNotNull, isNull } from 'drizzle-orm'
import type { ObjectRole } from '../custody/act.ts'
import { IntegrityFailed } from './integrity.ts'
import { objectKeyOf } from './sealed-object.ts'
import { lockUntil, type Parts, reach, settle } from './settle.ts'
import type { Spooled } from './spool.ts'
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
}

/**
 * The intent is committed before the put, so that from the first byte in the store on, its data key is known here. Throws Problem
 * `unavailable`, and IntegrityFailed when the clip was stored before and is not there as it was.
 */
export async function store(
  parts: Parts,
  spooled: Spooled,
  { role, retainUntil }: StoreOptions,
): Promise<StoredObject> {
  // Locks are kept in whole seconds, and one that ends earlier than asked would be none.
  const until = new Date(Math.ceil(retainUntil.getTime() / 1000) * 1000)
  const before = await findStored(parts, spooled.clipRef, spooled.region)
  const row = before
    ? await confirm(parts, before, until)
    : await settle(parts, await intend(parts, spooled, role, until), spooled.sealed)
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

/** The stored row of a clip whose data key still exists. Every region has a reference key of its own, so a reference says which it is of. */
export async function findStored(
  { db }: Pick<Parts, 'db'>,
  clipRef: string,
  region?: string,
): Promise<(ObjectRow & { wrapped: Uint8Array; versionId: string }) | undefined> {
  const [found] = await db
    .select()
    .from(objects)
    .innerJoin(objectKeys, eq(objectKeys.objectId, objects.objectId))
    .where(
      and(
        eq(objects.clipRef, clipRef),
        isNotNull(objects.storedAt),
        isNull(objects.disposedAt),
        region === undefined ? undefined : eq(objects.region, region),
      ),
    )
  return found && { ...found.objects, versionId: found.objects.versionId!, wrapped: found.object_keys.wrapped }
}

async function intend(parts: Parts, spooled: Spooled, role: ObjectRole, retainUntil: Date): Promise<ObjectRow> {
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
        objectKey: objectKeyOf(clipRef, 0),
        retainUntil,
      })
      .returning()
    await tx.insert(objectKeys).values({ objectId, wrapped })
    return row!
  })
}

/** The second acquisition of a clip trusts the first only after a look at what is there. */
async function confirm(parts: Parts, row: ObjectRow & { versionId: string }, until: Date): Promise<ObjectRow> {
  const version = await reach(parts.objects.head(row.region, row.objectKey, row.versionId))
  if (version?.sha256 !== row.sealedSha256 || version.len !== row.sealedLen) throw new IntegrityFailed(row.clipRef)
  const { retainUntil } = await lockUntil(parts, row, version, until)
  if (retainUntil > row.retainUntil)
    await parts.db.update(objects).set({ retainUntil }).where(eq(objects.objectId, row.objectId))
  return { ...row, retainUntil }
}
