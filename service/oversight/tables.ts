import { bigint, jsonb, pgSchema, text, timestamp } from 'drizzle-orm/pg-core'

const oversight = pgSchema('oversight')
const instant = (name: string) => timestamp(name, { withTimezone: true })

export const sweeps = oversight.table('sweeps', {
  name: text().primaryKey(),
  startedAt: instant('started_at').notNull(),
  finishedAt: instant('finished_at'),
  periodMs: bigint('period_ms', { mode: 'number' }).notNull(),
  report: jsonb().$type<SweepReport>().notNull().default({}),
})

export const disposals = oversight.table('disposals', {
  exhibitNumber: text('exhibit_number').primaryKey(),
  reportedAt: instant('reported_at').notNull(),
  disposedAt: instant('disposed_at'),
})

export type SweepReport = Readonly<Record<string, number>>
