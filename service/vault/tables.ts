import { bigint, boolean, customType, pgSchema, text, timestamp } from 'drizzle-orm/pg-core'
import type { ObjectRole } from '../custody/act.ts'

const vault = pgSchema('vault')
const instant = (name: string) => timestamp(name, { withTimezone: true })
const bytea = customType<{ data: Uint8Array; driverData: Uint8Array }>({
  dataType: () => 'bytea',
  toDriver: bytes => Buffer.from(bytes),
})

/** A sealed object; an intent while `storedAt` is null, without a data key once `disposedAt` is set, gone from the store at `removedAt`. Lengths in bytes, digests in lowercase hex. */
export const objects = vault.table('objects', {
  objectId: text('object_id').primaryKey(),
  clipRef: text('clip_ref').notNull(),
  region: text().notNull(),
  role: text().$type<ObjectRole>().notNull(),
  len: bigint({ mode: 'number' }).notNull(),
  sealedLen: bigint('sealed_len', { mode: 'number' }).notNull(),
  sealedSha256: text('sealed_sha256').notNull(),
  digestBox: bytea('digest_box').notNull(),
  objectKey: text('object_key').notNull(),
  versionId: text('version_id'),
  retainUntil: instant('retain_until').notNull(),
  createdAt: instant('created_at').notNull().defaultNow(),
  storedAt: instant('stored_at'),
  held: boolean().notNull().default(false),
  disposedAt: instant('disposed_at'),
  removedAt: instant('removed_at'),
  inspectedAt: instant('inspected_at'),
  rereadAt: instant('reread_at'),
  fault: text().$type<ObjectFault>(),
})

export const objectKeys = vault.table('object_keys', {
  objectId: text('object_id').primaryKey(),
  wrapped: bytea().notNull(),
})

export const subjectKeys = vault.table('subject_keys', {
  keyId: text('key_id').primaryKey(),
  subject: text().notNull(),
  wrapped: bytea().notNull(),
  createdAt: instant('created_at').notNull().defaultNow(),
})

export const referenceChecks = vault.table('reference_checks', {
  region: text().primaryKey(),
  value: text().notNull(),
})

/** What the rolling look can find amiss. */
export type ObjectFault = 'missing' | 'changed' | 'unreadable' | 'unlocked' | 'released'

export type ObjectRow = typeof objects.$inferSelect
