import { bigint, integer, jsonb, pgSchema, text, timestamp } from 'drizzle-orm/pg-core'
import { holdKinds } from '../policy/facts.ts'

const intake = pgSchema('intake')
const instant = (name: string) => timestamp(name, { withTimezone: true }).notNull()

export const incidents = intake.table('incidents', {
  incidentId: text('incident_id').primaryKey(),
  agencyId: text('agency_id').notNull(),
  timestampUtc: instant('timestamp_utc'),
  locationId: text('location_id').notNull(),
  region: text().notNull(),
  /** Whose law says how long to keep what was recorded of it. */
  jurisdiction: text().notNull(),
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
  /** The schedule's end, as it stood at the acquisition. */
  retainUntil: instant('retain_until'),
  createdAt: instant('created_at').defaultNow(),
  /** When it was disposed of: its data key went then, unless another exhibit of the same clip needs it. */
  disposedAt: timestamp('disposed_at', { withTimezone: true }),
})

/** The instrument that a hold rests on, or is lifted under. */
export interface HoldAuthority {
  readonly type: string
  readonly identifier: string
  readonly issuer: string
  readonly issuedAt: string
  readonly scope?: string
  readonly documentSha256?: string
}

export const holds = intake.table('holds', {
  holdId: text('hold_id').primaryKey(),
  exhibitNumber: text('exhibit_number').notNull(),
  caseRef: text('case_ref').notNull(),
  kind: text({ enum: holdKinds }).notNull(),
  organisation: text().notNull(),
  reason: text().notNull(),
  authority: jsonb().$type<HoldAuthority>(),
  placedBy: text('placed_by').notNull(),
  placedAt: instant('placed_at'),
  /** Null: until lifted. */
  lapsesAt: timestamp('lapses_at', { withTimezone: true }),
  extensions: integer().notNull().default(0),
  confirmedBy: text('confirmed_by'),
  confirmedAt: timestamp('confirmed_at', { withTimezone: true }),
  liftedBy: text('lifted_by'),
  liftedAt: timestamp('lifted_at', { withTimezone: true }),
  liftReason: text('lift_reason'),
  liftAuthority: jsonb('lift_authority').$type<HoldAuthority>(),
  req: text().notNull(),
})

export type Incident = typeof incidents.$inferSelect
export type Exhibit = typeof exhibits.$inferSelect
export type Hold = typeof holds.$inferSelect
