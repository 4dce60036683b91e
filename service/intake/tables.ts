import { bigint, jsonb, pgSchema, text, timestamp } from 'drizzle-orm/pg-core'

const intake = pgSchema('intake')
const instant = (name: string) => timestamp(name, { withTimezone: true }).notNull()

export const incidents = intake.table('incidents', {
  incidentId: text('incident_id').primaryKey(),
  agencyId: text('agency_id').notNull(),
  timestampUtc: instant('timestamp_utc'),
  locationId: text('location_id').notNull(),
  region: text().notNull(),
  deviceIds: text('device_ids').array().notNull(),
  reporterId: text('reporter_id').notNull(),
  incidentType: text('incident_type').notNull(),
  severity: text().notNull(),
  chainOfCustodyId: text('chain_of_custody_id').notNull(),
  recordedBy: text('recorded_by').notNull(),
  req: text().notNull(),
  createdAt: instant('created_at').defaultNow(),
})

/** What the probe saw, for people; the redaction probes again. */
export interface Media {
  readonly container: string
  readonly codec: string
  readonly width: number
  readonly height: number
  readonly frames: number
  readonly durationMs: number
  readonly audioStreams: number
}

export const exhibits = intake.table('exhibits', {
  exhibitNumber: text('exhibit_number').primaryKey(),
  incidentId: text('incident_id').notNull(),
  agencyId: text('agency_id').notNull(),
  region: text().notNull(),
  clipRef: text('clip_ref').notNull(),
  sha256: text().notNull(),
  len: bigint({ mode: 'number' }).notNull(),
  media: jsonb().$type<Media>().notNull(),
  chain: text().notNull(),
  req: text().notNull(),
  retainUntil: instant('retain_until'),
  createdAt: instant('created_at').defaultNow(),
})

export type Incident = typeof incidents.$inferSelect
export type Exhibit = typeof exhibits.$inferSelect
