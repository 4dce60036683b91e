/** What requests and disclosures look like on the wire. */
import { z } from '@hono/zod-openapi'
import { planEdit } from '../redaction/plan-edit.ts'
import type { Disclosure, Request } from './tables.ts'

/** Well-formed Unicode in NFC, as the ledger's canonical JSON demands. */
const text = (max: number) =>
  z
    .string()
    .max(max)
    .refine(value => value.isWellFormed() && !value.includes('\u0000'), 'not well-formed Unicode')
    .normalize()
export const byDisclosure = z.object({ disclosureId: z.string().regex(/^[A-Za-z0-9-]{1,64}$/) })
export const NewRequest = z
  .strictObject({
    exhibitNumber: text(64),
    purpose: text(64).optional().openapi({
      description: 'From the closed list in policies/data/purposes.json. Policy refuses a request without one.',
      example: 'criminal-investigation',
    }),
    authority: z
      .strictObject({
        type: text(64),
        identifier: text(128),
        issuer: text(128),
        issuedAt: z.iso.datetime(),
        scope: text(128).openapi({ description: 'What it covers: an incident type, or `general`.' }),
        documentSha256: z
          .string()
          .regex(/^[0-9a-f]{64}$/)
          .optional(),
      })
      .optional()
      .openapi({ description: 'The legal instrument. Policy refuses a request without one.' }),
    justification: text(2000).optional(),
  })
  .openapi('NewRequest')
const DecisionView = z
  .object({
    rule: z.string(),
    outcome: z.enum(['permit', 'refuse']),
    reasons: z.array(z.string()),
    obligations: z.record(z.string(), z.unknown()),
    bundle: z.string(),
    data: z.string(),
    inputDigest: z.string(),
    input: z
      .string()
      .openapi({ description: 'Canonical JSON of the facts: deciding it again gives the same answer, byte for byte.' }),
  })
  .openapi('Decision')
export const NewReview = z
  .strictObject({ outcome: z.enum(['release', 'withhold']), reason: text(2000).min(10) })
  .openapi('NewReview')
const planSha256 = z
  .string()
  .regex(/^[0-9a-f]{64}$/)
  .openapi({ description: 'Digest of the plan that you read; 409 when another stands by now.' })
export const NewPlanEdit = z
  .strictObject({
    edit: planEdit,
    reason: text(2000).min(10),
    planSha256,
  })
  .openapi('NewPlanEdit')
export const EditedView = z
  .object({
    version: z.number().int(),
    planSha256: z.string(),
    editSha256: z.string().openapi({ description: 'Digest of the record of this edit, which the entry commits to.' }),
    ledgerIndex: z.number().int(),
  })
  .openapi('EditedPlan')
export const NewRendering = z.strictObject({ planSha256 }).openapi('NewRendering')
export const RequestView = z
  .object({
    requestId: z.string(),
    exhibitNumber: z.string(),
    state: z.enum(['permitted', 'refused']),
    approvals: z.number().int(),
    approvalsNeeded: z.number().int(),
    downloads: z.number().int().openapi({
      description: 'Over all its disclosures; policy sets the most. One of which no byte left does not count.',
    }),
    expiresAt: z.iso.datetime(),
    decision: DecisionView,
  })
  .openapi('Request')
export const DisclosureView = z
  .object({
    disclosureId: z.string(),
    requestId: z.string(),
    state: z.enum(['queued', 'running', 'ready', 'failed', 'review']),
    stage: z.string(),
    progress: z.number().int().openapi({ description: 'Thousandths of the stage.' }),
    derivative: z.string().optional(),
    packageSha256: z.string().optional(),
    packageLen: z.number().int().optional(),
    expiresAt: z.iso.datetime(),
    failure: z.string().optional().openapi({
      description:
        'Why it ended as `failed`: a problem type (docs/problems.md), or `withheld` when a person decided so.',
    }),
  })
  .openapi('Disclosure')

export function viewRequest({ requestId, exhibitNumber, state, expiresAt, decision, approvedBy, downloads }: Request) {
  const parsed = JSON.parse(decision) as z.infer<typeof DecisionView> & { obligations: { approvals: number } }
  return {
    requestId,
    exhibitNumber,
    state,
    approvals: approvedBy.length,
    approvalsNeeded: parsed.obligations.approvals,
    downloads,
    expiresAt: expiresAt.toISOString(),
    decision: parsed,
  }
}

export function viewDisclosure(d: Disclosure) {
  return {
    disclosureId: d.disclosureId,
    requestId: d.requestId,
    state: d.state,
    stage: d.stage,
    progress: d.progress,
    ...(d.derivative !== null && { derivative: d.derivative }),
    ...(d.packageSha256 !== null && { packageSha256: d.packageSha256 }),
    ...(d.packageLen !== null && { packageLen: d.packageLen }),
    expiresAt: d.expiresAt.toISOString(),
    ...(d.failure !== null && { failure: d.failure }),
  }
}
