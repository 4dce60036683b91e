/** What holds look like on the wire; and, without their state, in the ledger. */
import { z } from '@hono/zod-openapi'
import { canonicalJson } from '../custody/canonical.ts'
import { holdKinds } from '../policy/facts.ts'
import { custodian } from './openings.ts'
import type { Hold } from './tables.ts'

/** Well-formed Unicode in NFC, as the ledger's canonical JSON demands. */
const text = (max: number) =>
  z
    .string()
    .max(max)
    .refine(value => value.isWellFormed() && !value.includes('\u0000'), 'not well-formed Unicode')
    .normalize()

const Authority = z.strictObject({
  type: text(64).openapi({ description: 'policies/data/holds.json says which types place a hold of which kind.' }),
  identifier: text(128),
  issuer: text(128),
  issuedAt: z.iso.datetime(),
  scope: text(128).exactOptional(),
  documentSha256: z
    .string()
    .regex(/^[0-9a-f]{64}$/)
    .exactOptional(),
})
const reason = text(2000).exactOptional().openapi({ description: 'Why. Policy refuses without a reason.' })

export const NewHold = z
  .strictObject({
    kind: z.enum(holdKinds).openapi({ description: '`request` is placed by a request, by itself.' }),
    caseRef: text(128).min(1).openapi({ description: 'The case it belongs to, as its court or agency calls it.' }),
    organisation: z
      .string()
      .regex(/^[a-z0-9][a-z0-9-]{0,62}$/)
      .default(custodian)
      .openapi({ description: 'On whose behalf; the custodian’s own where left out.', example: 'district-court' }),
    reason,
    authority: Authority.exactOptional(),
  })
  .openapi('NewHold')
export const NewLift = z.strictObject({ reason, authority: Authority.exactOptional() }).openapi('NewLift')

const at = z.iso.datetime()
export const HoldView = z
  .object({
    holdId: z.string(),
    exhibitNumber: z.string(),
    state: z.enum(['in-force', 'lapsed', 'lifted']),
    kind: z.enum(holdKinds),
    caseRef: z.string(),
    organisation: z.string(),
    reason: z.string(),
    authority: Authority.optional(),
    placedBy: z.string(),
    placedAt: at,
    lapsesAt: at.optional().openapi({ description: 'Absent: until it is lifted.' }),
    extensions: z.number().int(),
    confirmedBy: z.string().optional(),
    confirmedAt: at.optional(),
    liftedBy: z.string().optional(),
    liftedAt: at.optional(),
    liftReason: z.string().optional(),
    liftAuthority: Authority.optional(),
  })
  .openapi('Hold')
export const HoldList = z.object({ holds: z.array(HoldView) }).openapi('Holds')

export function viewHold(hold: Hold, now: Date): z.infer<typeof HoldView> {
  return { ...recordOf(hold), state: stateOf(hold, now) }
}

/** What the ledger commits to: canonical JSON of the hold as it stands after the act. */
export function holdRecord(hold: Hold): Uint8Array {
  return canonicalJson(recordOf(hold))
}

function stateOf({ liftedAt, liftReason, lapsesAt }: Hold, now: Date) {
  if (liftedAt) return liftReason === lapsed ? 'lapsed' : 'lifted'
  return lapsesAt && lapsesAt <= now ? 'lapsed' : 'in-force'
}

/** Why the clock lifted it. */
export const lapsed = 'hold.lapsed'

/** Every column but the act's id, which the entry has itself; what is empty is absent. */
function recordOf({ req: _, ...hold }: Hold): Omit<z.infer<typeof HoldView>, 'state'> {
  const written = Object.entries(hold).filter(([, value]) => value !== null)
  return Object.fromEntries(
    written.map(([name, value]) => [name, value instanceof Date ? value.toISOString() : value]),
  ) as Omit<z.infer<typeof HoldView>, 'state'>
}
