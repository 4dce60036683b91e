/** What policy is told. Strict at every level: a misspelt or unknown fact is refused, never ignored. */
import { z } from 'zod'

/** The closed list of what a rule can be asked about; policies/data/actions.json says who may do each, and when. */
export const actions = [
  'incident.record',
  'incident.read',
  'exhibit.acquire',
  'exhibit.read',
  'exhibit.dispose',
  'hold.request',
  'hold.place',
  'hold.extend',
  'hold.confirm',
  'hold.lift',
  'hold.read',
  'request.file',
  'request.read',
  'request.approve',
  'disclosure.prepare',
  'disclosure.read',
  'disclosure.review',
  'package.download',
  'copy.preview',
  'plan.read',
  'plan.edit',
  'plan.render',
  'master.open',
  'retention.report',
  'ledger.read-entries',
] as const

export const roles = ['device', 'store-operator', 'records-manager', 'officer', 'lawyer', 'auditor', 'worker'] as const

/** A request holds what it asks for, of itself; the others are placed by a person of the custodian. */
export const holdKinds = ['request', 'preservation', 'litigation', 'court-order'] as const

/** What a person may do to a redaction plan. */
export const editOperations = ['add', 'blank', 'cover', 'delete', 'extend', 'set', 'visible'] as const

/** Who put a track into a plan. */
export const trackOrigins = ['detector', 'person'] as const

/** Epoch seconds of the years 1 to 9999, so that milliseconds are noticed and no integer nears 2^53. */
const EpochSeconds = z.int().min(-62_135_596_800).max(253_402_300_799)
const Id = z.string().min(1).max(128).refine(isWellFormed).normalize()
const Text = (maxCharacters: number) => z.string().max(maxCharacters).refine(isWellFormed).normalize()
const Slug = z.string().regex(/^[a-z0-9][a-z0-9-]{0,62}$/)
const Count = z.int().min(0).max(1_000_000)

/** As the requester gave it, so every part may be missing or blank: the policy says which is, the border does not. */
const Authority = z.strictObject({
  type: Text(64).exactOptional(),
  identifier: Text(256).exactOptional(),
  issuer: Text(256).exactOptional(),
  issuedAt: EpochSeconds.exactOptional(),
  /** `general`, or the one incident type that it covers. */
  scope: Text(256).exactOptional(),
  documentSha256: z
    .string()
    .regex(/^[0-9a-f]{64}$/)
    .exactOptional(),
})

const Exhibit = z.strictObject({
  class: z.enum(['video', 'still', 'audio', 'document']),
  sensitivity: z.enum(['ordinary', 'sensitive', 'restricted']),
  region: Slug,
  /** A hold is in force. */
  hold: z.boolean(),
  /** `disposed`: its record is kept, and nothing can open it any more. */
  state: z.enum(['kept', 'disposed']),
  incidentType: Slug,
  severity: Slug,
  /** Whose law says how long to keep it. */
  jurisdiction: Slug,
  acquiredAt: EpochSeconds,
  /** The schedule's end as it stood at the acquisition; absent before that. */
  retainUntil: EpochSeconds.exactOptional(),
  /** The agency whose matter this is; absent while it is nobody's, and never the custodian. */
  agencyId: Id.exactOptional(),
})

const Request = z.strictObject({
  state: z.enum(['received', 'permitted', 'refused', 'withdrawn']),
  agencyId: Id,
  expiresAt: EpochSeconds,
  /** Distinct persons of the custodian who approved it. */
  approvals: Count,
  /** Downloads of its package that began before this one. */
  downloads: Count,
})

const Hold = z.strictObject({
  kind: z.enum(holdKinds),
  /** On whose behalf. */
  organisation: Id,
  placedAt: EpochSeconds,
  /** Absent: until lifted. */
  lapsesAt: EpochSeconds.exactOptional(),
  /** How often it was extended. */
  extensions: Count,
  /** Whether a person of the custodian made a request's hold stay. */
  confirmed: z.boolean(),
})

const Edit = z.strictObject({
  operation: z.enum(editOperations),
  /** Of the track as it stands, or of the new one. */
  class: z.enum(['face', 'plate', 'region']),
  origin: z.enum(trackOrigins),
  /** As it was stated, so it may be missing or blank. */
  ground: Text(64).exactOptional(),
})

const Review = z.strictObject({
  outcome: z.enum(['release', 'withhold']),
  /** Subjects of everybody who edited the plan of the request. */
  editors: z.array(Id).max(100),
})

const Agency = z.strictObject({
  id: Id,
  status: z.enum(['active', 'suspended', 'closed']),
  region: Slug,
  /** When its memorandum of understanding runs out; absent where there is none. */
  mouUntil: EpochSeconds.exactOptional(),
})

export const Facts = z.strictObject({
  action: z.enum(actions),
  /** Opaque id of the person or part, never a name. */
  subject: Id,
  roles: z.array(z.enum(roles)).max(roles.length),
  /** The agency of whoever acts, or the custodian. */
  organisation: Id,
  /** NIST SP 800-63 authenticator assurance level. */
  assurance: z.int().min(1).max(3),
  /** Now, for want of a clock in WASM. */
  time: EpochSeconds,
  purpose: Text(64).exactOptional(),
  authority: Authority.exactOptional(),
  justification: Text(2_000).exactOptional(),
  exhibit: Exhibit.exactOptional(),
  request: Request.exactOptional(),
  hold: Hold.exactOptional(),
  edit: Edit.exactOptional(),
  review: Review.exactOptional(),
  agency: Agency.exactOptional(),
})

export type Facts = z.input<typeof Facts>
export type Action = (typeof actions)[number]

/** JSON Schema of the facts, for `opa check --schema`, which reads draft 7. */
export function factsSchema(): object {
  return z.toJSONSchema(Facts, { target: 'draft-7', io: 'input' })
}

function isWellFormed(text: string): boolean {
  return text.isWellFormed()
}
