/**
 * From an intent to one locked object, whatever has happened before: an answer that got lost, a crash, another acquisition of the same clip.
 * The store's write-once key decides who was first; what stands there is recognised by the digest of its sealed bytes and adopted.
 * Puts under one key come one at a time all the same: not every S3 server knows the condition that makes a key write-once.
 */
import { setTimeout as delay } from 'node:timers/promises'
import { and, eq, inArray, isNull, ne, sql } from 'drizzle-orm'
import type { Db } from '../db.ts'
import { Problem } from '../http/problem.ts'
import { type ObjectBody, ObjectDigestMismatch, type ObjectStore, type StoredVersion } from './object-store.ts'
import { nextObjectKey } from './sealed-object.ts'
import { findStored, findVersion } from './stored.ts'
import { type ObjectRow, objectKeys, objects } from './tables.ts'

export interface Parts {
  readonly db: Db
  readonly objects: ObjectStore
  /** One at a time for a name, among all processes. */
  readonly exclusive: <T>(name: string, work: () => Promise<T>) => Promise<T>
}

const attempts = 3
const generations = 16

/** Under this name one process at a time puts, or gives an intent up. */
export function putTurn({ region, objectKey }: ObjectRow): string {
  return `vault.put|${region}|${objectKey}`
}

/** Puts the body and marks whichever object now bears the clip's name. Throws Problem `unavailable`; the intent then stays for `recover`. */
export async function settle(parts: Parts, intent: ObjectRow, body: ObjectBody): Promise<ObjectRow> {
  for (let [tried, at] = [0, intent]; tried < generations; tried++) {
    const found = await parts.exclusive(putTurn(at), () => place(parts, at, body))
    if (found) return await adopt(parts, at, found)
    // Bytes that no key opens bear the name (a disposal, or a database restored from before them): the clip takes the next one.
    at = { ...at, objectKey: nextObjectKey(at) }
    await parts.db.update(objects).set({ objectKey: at.objectKey }).where(eq(objects.objectId, at.objectId))
  }
  throw new Problem('unavailable', { cause: new Error(`every name of ${intent.clipRef} is taken by unknown bytes`) })
}

/** What stands under the intent's key once something does; undefined when no row knows it. */
async function place(parts: Parts, intent: ObjectRow, body: ObjectBody): Promise<Known | undefined> {
  // Another process's recovery may have given it up meanwhile: what is put for no row is locked, and nobody can open it.
  if (!(await stands(parts, intent))) throw dropped()
  for (let attempt = 1; ; attempt++) {
    let failure: unknown
    try {
      await parts.objects.put(intent.region, intent.objectKey, body, intent.retainUntil)
    } catch (error) {
      if (error instanceof ObjectDigestMismatch) throw error
      // Whether it failed before or after the store kept it, only the store can say.
      failure = error
    }
    const { known, strangers } = await look(parts, intent)
    if (known) return known
    if (strangers.length > 0) return undefined
    if (attempt === attempts) throw new Problem('unavailable', { cause: failure, retryAfterSeconds: 5 })
    await delay(50 * 4 ** attempt)
  }
}

async function stands({ db }: Parts, { objectId }: ObjectRow): Promise<boolean> {
  const found = await db
    .select({ objectId: objects.objectId })
    .from(objects)
    .innerJoin(objectKeys, eq(objectKeys.objectId, objects.objectId))
    .where(and(eq(objects.objectId, objectId), isNull(objects.disposedAt)))
  return found.length > 0
}

function dropped(): Problem {
  return new Problem('unavailable', { cause: new Error('the row was dropped meanwhile'), retryAfterSeconds: 1 })
}

export interface Known {
  readonly row: ObjectRow
  readonly version: StoredVersion
}

/** What stands under the intent's key: the version that a living row describes (the stored one before the oldest), and those of no row. */
export async function look(parts: Parts, intent: ObjectRow): Promise<{ known?: Known; strangers: StoredVersion[] }> {
  const { region, objectKey } = intent
  const versions = await reach(parts.objects.versions(region, objectKey))
  if (versions.length === 0) return { strangers: [] }
  const rows = await parts.db
    .select({ row: objects })
    .from(objects)
    .innerJoin(objectKeys, eq(objectKeys.objectId, objects.objectId))
    .where(
      and(
        eq(objects.region, region),
        eq(objects.clipRef, intent.clipRef),
        isNull(objects.disposedAt),
        inArray(
          objects.sealedSha256,
          versions.map(v => v.sha256),
        ),
      ),
    )
  const matches = versions.flatMap(version => {
    const row = rows.find(({ row }) => row.sealedSha256 === version.sha256 && row.sealedLen === version.len)?.row
    return row ? [{ row: { ...row, objectKey }, version }] : []
  })
  const known = matches.find(({ row }) => row.storedAt !== null) ?? matches[0]
  return {
    ...(known && { known }),
    strangers: versions.filter(version => !matches.some(match => match.version === version)),
  }
}

/**
 * Locks what was found, marks it stored, and drops the intent when it lost. Only after this may the acquisition be acknowledged. Where what
 * was stored of the clip before is lost, what was found takes its place.
 */
export async function adopt(parts: Parts, intent: ObjectRow, { row, version }: Known): Promise<ObjectRow> {
  const before = row.storedAt === null ? await findStored(parts, row.clipRef, row.region) : undefined
  const standing = before && (await findVersion(parts, before))
  if (before && typeof standing === 'object') return await adopt(parts, intent, { row: before, version: standing })
  const { retainUntil } = await lockUntil(parts, row, version, intent.retainUntil)
  return await parts.db.transaction(async tx => {
    if (before && typeof standing === 'string') {
      // The same clip under another key: what may be left of this one stays as it is until its lock ends, and nothing opens it any more.
      const gone = { disposedAt: sql`now()`, fault: standing }
      await tx.update(objects).set(gone).where(eq(objects.objectId, before.objectId))
      await tx.delete(objectKeys).where(eq(objectKeys.objectId, before.objectId))
    }
    const [marked] = await tx
      .update(objects)
      .set({
        objectKey: row.objectKey,
        versionId: version.versionId,
        storedAt: sql`coalesce(${objects.storedAt}, now())`,
        retainUntil: sql`greatest(${objects.retainUntil}, ${retainUntil.toISOString()}::timestamptz)`,
      })
      .where(eq(objects.objectId, row.objectId))
      .returning()
    if (!marked) throw dropped()
    await tx.delete(objects).where(and(eq(objects.objectId, intent.objectId), ne(objects.objectId, row.objectId)))
    return marked
  })
}

/** Lengthens the lock where it ends too early and reads it back: an unlocked object is an error. */
export async function lockUntil(
  parts: Parts,
  row: ObjectRow,
  version: StoredVersion,
  until: Date,
): Promise<{ retainUntil: Date }> {
  const enough = (v: StoredVersion | undefined) => v?.retainUntil !== undefined && v.retainUntil >= until
  if (enough(version)) return { retainUntil: version.retainUntil! }
  const { region, objectKey } = row
  await reach(parts.objects.extend(region, objectKey, version.versionId, until))
  const again = await reach(parts.objects.head(region, objectKey, version.versionId))
  if (!enough(again)) throw new Problem('unavailable', { cause: new Error(`the store did not lock ${objectKey}`) })
  return { retainUntil: again!.retainUntil! }
}

/** An error of the store's own is no answer. */
export async function reach<T>(answer: Promise<T>): Promise<T> {
  return await answer.catch(cause => {
    throw cause instanceof Problem ? cause : new Problem('unavailable', { cause, retryAfterSeconds: 5 })
  })
}
