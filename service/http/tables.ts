import { pgSchema, primaryKey, text, timestamp } from 'drizzle-orm/pg-core'

export const idempotencyKeys = pgSchema('http').table(
  'idempotency_keys',
  {
    subject: text().notNull(),
    key: text().notNull(),
    operation: text().notNull(),
    /** SHA-256 over what was asked, hex. */
    fingerprint: text().notNull(),
    /** The id of what the act made; the answer is rendered from it again. */
    resource: text().notNull(),
    createdAt: timestamp('created_at', { withTimezone: true }).notNull().defaultNow(),
  },
  t => [primaryKey({ columns: [t.subject, t.key] })],
)
