/**
 * Wraps every data key anew under the newest wrapping key; no object is read or written. Beside running services and twice at once it is safe:
 * a row changes only if it is still what was read, so that what is disposed of meanwhile stays so. After a crash it is begun again.
 */
import { and, asc, eq, gt, sql } from 'drizzle-orm'
import type { PgColumn } from 'drizzle-orm/pg-core'
import type { Db } from '../db.ts'
import { KeyRefused, type KeyService } from './keys.ts'
import { openingKeyContext } from './opening-cipher.ts'
import { sealContext } from './sealed-object.ts'
import { objectKeys, objects, subjectKeys } from './tables.ts'

export interface Rewrapped {
  /** Rows now under the newest key that were not before. */
  readonly rewrapped: number
  /** Rows that were. */
  readonly unchanged: number
  /** Rows that were destroyed, or wrapped anew by another, while this ran. */
  readonly overtaken: number
  /** Rows whose wrapped key does not open, as `object <id>` or `opening key <id>`. They are left as they are. */
  readonly refused: readonly string[]
}

export interface RewrapOptions {
  /** Rows read at a time. */
  readonly batchSize?: number
  /** Called after each batch with the rows looked at so far. */
  readonly onProgress?: (rows: number) => void
}

interface Row {
  readonly id: string
  readonly wrapped: Uint8Array
  readonly region: string
  readonly context: string
}

interface Shelf {
  readonly name: string
  rows(after: string, limit: number): Promise<Row[]>
  replace(row: Row, wrapped: Uint8Array): Promise<boolean>
}

/** `openingsRegion` is the one whose keys wrap those of the ledger's openings. Throws Problem `unavailable` where the key service is away. */
export async function rewrapKeys(
  { db, keys, openingsRegion }: { db: Db; keys: KeyService; openingsRegion: string },
  { batchSize = 100, onProgress }: RewrapOptions = {},
): Promise<Rewrapped> {
  const count = { rewrapped: 0, unchanged: 0, overtaken: 0 }
  const refused: string[] = []
  let seen = 0
  const renew = async (shelf: Shelf, row: Row): Promise<void> => {
    try {
      const wrapped = await keys.rewrap(row.region, row.wrapped, row.context)
      if (Buffer.compare(wrapped, row.wrapped) === 0) count.unchanged++
      else count[(await shelf.replace(row, wrapped)) ? 'rewrapped' : 'overtaken']++
    } catch (error) {
      if (!(error instanceof KeyRefused)) throw error
      refused.push(`${shelf.name} ${row.id}`)
    }
  }
  for (const shelf of [objectShelf(db), openingShelf(db, openingsRegion)]) {
    for (let after = ''; ; ) {
      const rows = await shelf.rows(after, batchSize)
      if (rows.length === 0) break
      // A few at a time: each may be a call to a key service.
      for (let at = 0; at < rows.length; at += 8) {
        await settleAll(rows.slice(at, at + 8).map(row => renew(shelf, row)))
      }
      after = rows[rows.length - 1]!.id
      seen += rows.length
      onProgress?.(seen)
    }
  }
  return { ...count, refused }
}

/** Rows under each wrapping key of a key file, by its id; what AWS KMS wrapped stands under `kms`, since KMS alone knows by which key. */
export async function rowsByWrappingKey(db: Db): Promise<Map<string, number>> {
  const found = new Map<string, number>()
  for (const table of [objectKeys, subjectKeys]) {
    const key = keyName(table.wrapped)
    for (const { name, rows } of await db.select({ name: key, rows: sql<string>`count(*)` }).from(table).groupBy(key)) {
      found.set(name, (found.get(name) ?? 0) + Number(rows))
    }
  }
  return found
}

function keyName(wrapped: PgColumn) {
  return sql<string>`case encode(substring(${wrapped} from 1 for 1), 'hex') when '02' then 'kms' else encode(substring(${wrapped} from 2 for 8), 'hex') end`
}

function objectShelf(db: Db): Shelf {
  return {
    name: 'object',
    async rows(after, limit) {
      const found = await db
        .select({ id: objectKeys.objectId, wrapped: objectKeys.wrapped, region: objects.region })
        .from(objectKeys)
        .innerJoin(objects, eq(objects.objectId, objectKeys.objectId))
        .where(gt(objectKeys.objectId, after))
        .orderBy(asc(objectKeys.objectId))
        .limit(limit)
      return found.map(row => ({ ...row, context: sealContext(row.id, row.region) }))
    },
    async replace({ id, wrapped: was }, wrapped) {
      const same = and(eq(objectKeys.objectId, id), eq(objectKeys.wrapped, was))
      return (await db.update(objectKeys).set({ wrapped }).where(same).returning()).length > 0
    },
  }
}

function openingShelf(db: Db, region: string): Shelf {
  return {
    name: 'opening key',
    async rows(after, limit) {
      const found = await db
        .select({ id: subjectKeys.keyId, wrapped: subjectKeys.wrapped })
        .from(subjectKeys)
        .where(gt(subjectKeys.keyId, after))
        .orderBy(asc(subjectKeys.keyId))
        .limit(limit)
      return found.map(row => ({ ...row, region, context: openingKeyContext(row.id) }))
    },
    async replace({ id, wrapped: was }, wrapped) {
      const same = and(eq(subjectKeys.keyId, id), eq(subjectKeys.wrapped, was))
      return (await db.update(subjectKeys).set({ wrapped }).where(same).returning()).length > 0
    },
  }
}

/** None is left running when one fails. */
async function settleAll(work: Promise<void>[]): Promise<void> {
  const failed = (await Promise.allSettled(work)).find(done => done.status === 'rejected')
  if (failed) throw failed.reason
}
