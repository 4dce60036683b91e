import { pgSchema, text, timestamp } from 'drizzle-orm/pg-core'

export const decisions = pgSchema('policy').table('decisions', {
  /** The act that was judged. */
  req: text().primaryKey(),
  rule: text().notNull(),
  outcome: text().notNull(),
  bundle: text().notNull(),
  data: text().notNull(),
  inputDigest: text('input_digest').notNull(),
  /** Canonical JSON: deciding it again with the same bundle and data gives `answer` byte for byte. */
  input: text().notNull(),
  answer: text().notNull(),
  decidedAt: timestamp('decided_at', { withTimezone: true }).notNull().defaultNow(),
})
