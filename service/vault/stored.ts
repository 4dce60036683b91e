/** What a clip's reference stands for: its living row, and the version of the object that the row describes. */
import { and, eq, isNotNull, isNull } from 'drizzle-orm'
import type { StoredVersion } from './object-store.ts'
import { type Parts, reach } from './settle.ts'
import { type ObjectRow, objectKeys, objects } from './tables.ts'

export type StoredRow = ObjectRow & { readonly wrapped: Uint8Array; readonly versionId: string }

/** The stored row of a clip whose data key still exists. Every region has a reference key of its own, so a reference says which it is of. */
export async function findStored(
  { db }: Pick<Parts, 'db'>,
  clipRef: string,
  region?: string,
): Promise<StoredRow | undefined> {
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

export type Loss = 'missing' | 'changed'

/** What the store has of it, or what is amiss. Throws Problem `unavailable`. */
export async function findVersion({ objects }: Parts, row: StoredRow): Promise<StoredVersion | Loss> {
  const { region, objectKey, versionId, sealedSha256, sealedLen, fault } = row
  const version = await reach(objects.head(region, objectKey, versionId))
  if (!version) return 'missing'
  // A store may tell the digest that it was told, so what a reading has found counts for more.
  const same = version.sha256 === sealedSha256 && version.len === sealedLen && fault !== 'changed'
  return same ? version : 'changed'
}
