import { bigint, integer, jsonb, pgSchema, primaryKey, text, timestamp } from 'drizzle-orm/pg-core'

const disclosure = pgSchema('disclosure')
const instant = (name: string) => timestamp(name, { withTimezone: true }).notNull()

/** What the requester said, as it was said; policy judges it. */
export interface Filed {
  readonly purpose?: string
  readonly authority?: {
    readonly type: string
    readonly identifier: string
    readonly issuer: string
    readonly issuedAt: string
    readonly scope: string
    readonly documentSha256?: string
  }
  readonly justification?: string
}

export const requests = disclosure.table('requests', {
  requestId: text('request_id').primaryKey(),
  agencyId: text('agency_id').notNull(),
  exhibitNumber: text('exhibit_number').notNull(),
  subject: text().notNull(),
  filed: jsonb().$type<Filed>().notNull(),
  state: text({ enum: ['permitted', 'refused'] }).notNull(),
  /** The decision as JSON: the very bytes that went into the answer. */
  decision: text().notNull(),
  /** Subjects of the people who approved it, each once. */
  approvedBy: text('approved_by').array().notNull().default([]),
  /** Over all its disclosures. */
  downloads: integer().notNull().default(0),
  chain: text().notNull(),
  req: text().notNull(),
  expiresAt: instant('expires_at'),
  createdAt: instant('created_at').defaultNow(),
})

export const derivatives = disclosure.table('derivatives', {
  exhibitNumber: text('exhibit_number').primaryKey(),
  rootExhibitNumber: text('root_exhibit_number').notNull(),
  agencyId: text('agency_id').notNull(),
  /** SHA-256 of what was asked of the redaction, hex: equal recipes share one derivative. */
  recipe: text().notNull(),
  clipRef: text('clip_ref').notNull(),
  sha256: text().notNull(),
  len: bigint({ mode: 'number' }).notNull(),
  plan: text().notNull(),
  manifest: text().notNull(),
  certificate: text().notNull(),
  req: text().notNull(),
  createdAt: instant('created_at').defaultNow(),
})

export const disclosures = disclosure.table('disclosures', {
  disclosureId: text('disclosure_id').primaryKey(),
  requestId: text('request_id').notNull(),
  agencyId: text('agency_id').notNull(),
  state: text({ enum: ['queued', 'running', 'ready', 'failed', 'review'] }).notNull(),
  stage: text().notNull().default('queued'),
  /** Thousandths of the stage. */
  progress: integer().notNull().default(0),
  derivative: text(),
  packageRef: text('package_ref'),
  packageSha256: text('package_sha256'),
  packageLen: bigint('package_len', { mode: 'number' }),
  chain: text().notNull(),
  req: text().notNull(),
  /** Problem type of what ended it. */
  failure: text(),
  /** Who looked at a certificate that was not clean. */
  reviewedBy: text('reviewed_by'),
  /** Their words, and the nonce beside them: the entry `redaction.reviewed` commits to the digest of both (reviews.ts). */
  reviewReason: text('review_reason'),
  reviewNonce: text('review_nonce'),
  expiresAt: instant('expires_at'),
  createdAt: instant('created_at').defaultNow(),
})

/** A plan that a person edited: never changed, the newest one counts. */
export const planVersions = disclosure.table(
  'plan_versions',
  {
    requestId: text('request_id').notNull(),
    /** From 1; the plan that detectors made is none. */
    version: integer().notNull(),
    /** Canonical JSON. */
    plan: text().notNull(),
    sha256: text().notNull(),
    parentSha256: text('parent_sha256').notNull(),
    /** Canonical JSON of who asked what and why (plan-edits.ts), whose digest the entry `redaction.planned` commits to. */
    edit: text().notNull(),
    editedBy: text('edited_by').notNull(),
    req: text().notNull(),
    createdAt: instant('created_at').defaultNow(),
  },
  table => [primaryKey({ columns: [table.requestId, table.version] })],
)

export type Request = typeof requests.$inferSelect
export type Derivative = typeof derivatives.$inferSelect
export type PlanVersion = typeof planVersions.$inferSelect
export type Disclosure = typeof disclosures.$inferSelect
