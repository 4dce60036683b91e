/** The ledger's tables, written by this room alone (migrations/0001_custody.sql says what each is for). */
import { bigint, boolean, customType, pgSchema, primaryKey, smallint, text } from 'drizzle-orm/pg-core'

/** The PostgreSQL driver wants a Buffer, PGlite takes one too; both answer with a Uint8Array. */
const bytea = customType<{ data: Uint8Array; driverData: Uint8Array }>({
  dataType: () => 'bytea',
  toDriver: bytes => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength),
  fromDriver: bytes => new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength),
})
const count = () => bigint({ mode: 'number' })

const custody = pgSchema('custody')

export const pending = custody.table('pending', {
  id: count().generatedAlwaysAsIdentity().primaryKey(),
  chain: text().notNull(),
  req: text().notNull(),
  ev: text().notNull(),
  blind: text().notNull(),
  commitments: text().notNull(),
  sealed: bytea().notNull(),
  person: text().notNull(),
  sealedPerson: bytea('sealed_person').notNull(),
})

export const head = custody.table('head', {
  one: boolean().primaryKey().default(true),
  size: count().notNull(),
  root: bytea().notNull(),
  frontier: bytea().notNull(),
  lastMicros: bigint('last_micros', { mode: 'number' }).notNull(),
})

export const entries = custody.table('entries', {
  index: count().primaryKey(),
  chain: text().notNull(),
  seq: count().notNull(),
  req: text().notNull(),
  ev: text().notNull(),
  micros: count().notNull(),
  leafHash: bytea('leaf_hash').notNull(),
  bytes: bytea().notNull(),
})

export const nodes = custody.table(
  'nodes',
  { level: smallint().notNull(), n: count().notNull(), hash: bytea().notNull() },
  table => [primaryKey({ columns: [table.level, table.n] })],
)

export const checkpoints = custody.table('checkpoints', {
  size: count().primaryKey(),
  note: text().notNull(),
})

export const openings = custody.table(
  'openings',
  { index: count().notNull(), subject: text().notNull(), sealed: bytea().notNull() },
  table => [primaryKey({ columns: [table.index, table.subject] })],
)
