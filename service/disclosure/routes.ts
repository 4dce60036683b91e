/** Requests, decisions, disclosures, and the one route by which evidence leaves. */
import { createRoute, z } from '@hono/zod-openapi'
import { fingerprint, once } from '../http/idempotency.ts'
import { IdempotencyHeader, json, refusals, router, unprocessable } from '../http/openapi.ts'
import { Problem } from '../http/problem.ts'
import { formatReprDigest } from '../http/repr-digest.ts'
import { findExhibit } from '../intake/exhibits.ts'
import { exhibitFacts } from '../intake/facts.ts'
import { demand } from '../policy/judge.ts'
import { approveRequest } from './approvals.ts'
import { type Disclosing, startDisclosure } from './disclosures.ts'
import { agencyFacts, requestFacts } from './facts.ts'
import { release } from './release.ts'
import { fileRequest } from './requests.ts'
import { findDisclosure, findRequest } from './store.ts'
import type { Disclosure, Request } from './tables.ts'

const text = (max: number) => z.string().max(max)
const NewRequest = z
  .strictObject({
    exhibitNumber: text(64),
    purpose: text(64).optional().openapi({ description: 'From the closed list in policies/data/purposes.json. Policy refuses a request without one.', example: 'criminal-investigation' }),
    authority: z
      .strictObject({
        type: text(64),
        identifier: text(128),
        issuer: text(128),
        issuedAt: z.iso.datetime(),
        scope: text(128).openapi({ description: 'What it covers: an incident type, or `general`.' }),
        documentSha256: z.string().regex(/^[0-9a-f]{64}$/).optional(),
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
    input: z.string().openapi({ description: 'Canonical JSON of the facts: deciding it again gives the same answer, byte for byte.' }),
  })
  .openapi('Decision')
const RequestView = z
  .object({
    requestId: z.string(),
    exhibitNumber: z.string(),
    state: z.enum(['permitted', 'refused']),
    approvals: z.number().int(),
    approvalsNeeded: z.number().int(),
    expiresAt: z.iso.datetime(),
    decision: DecisionView,
  })
  .openapi('Request')
const DisclosureView = z
  .object({
    disclosureId: z.string(),
    requestId: z.string(),
    state: z.enum(['queued', 'running', 'ready', 'failed', 'review']),
    stage: z.string(),
    progress: z.number().int().openapi({ description: 'Thousandths of the stage.' }),
    derivative: z.string().optional(),
    packageSha256: z.string().optional(),
    packageLen: z.number().int().optional(),
    downloads: z.number().int(),
    expiresAt: z.iso.datetime(),
    failure: z.string().optional().openapi({ description: 'Problem type of what ended it.' }),
  })
  .openapi('Disclosure')

const byRequest = z.object({ requestId: z.string().max(64) })
const byDisclosure = z.object({ disclosureId: z.string().max(64) })

export function disclosureRoutes(parts: Disclosing) {
  const app = router()
  const { db, agencies, houseChain } = parts

  app.openapi(
    createRoute({
      method: 'post',
      path: '/v1/requests',
      tags: ['Disclosure'],
      summary: 'File a request',
      request: { headers: IdempotencyHeader, body: { required: true, content: { 'application/json': { schema: NewRequest } } } },
      responses: { 201: json(RequestView, 'permitted, with obligations'), ...refusals, ...unprocessable },
    }),
    async c => {
      const person = c.get('person')
      const { exhibitNumber, ...filed } = c.req.valid('json')
      const exhibit = await findExhibit(db, exhibitNumber)
      if (!exhibit || exhibit.agencyId !== person.organisation) {
        // Unknown or someone else's: the same refusal by the same path, so that neither words nor time tell which.
        await demand(parts, person, 'request.file', houseChain, {
          exhibit: exhibitFacts(undefined),
          ...agencyFacts(agencies, person.organisation),
        })
        throw new Problem('not-found')
      }
      const attempt = { subject: person.subject, key: c.req.valid('header')['idempotency-key'], operation: 'request.file' }
      const print = fingerprint(exhibitNumber, JSON.stringify(filed))
      const { resource } = await once(db, attempt, print, bind => fileRequest(parts, agencies, person, exhibit, filed as never, bind))
      const request = (await findRequest(db, resource))!
      return c.json(viewRequest(request), 201, { location: `/v1/requests/${resource}` })
    },
  )

  app.openapi(
    createRoute({
      method: 'get',
      path: '/v1/requests/{requestId}',
      tags: ['Disclosure'],
      summary: 'Read a request and its decision',
      request: { params: byRequest },
      responses: { 200: json(RequestView, 'the request'), ...refusals },
    }),
    async c => {
      const request = await findRequest(db, c.req.valid('param').requestId)
      await demand(parts, c.get('person'), 'request.read', request?.chain ?? houseChain, requestFacts(request))
      if (!request) throw new Problem('not-found')
      return c.json(viewRequest(request), 200)
    },
  )

  app.openapi(
    createRoute({
      method: 'post',
      path: '/v1/requests/{requestId}/approvals',
      tags: ['Disclosure'],
      summary: 'Approve a request that policy wants a person to approve',
      request: { params: byRequest },
      responses: { 200: json(RequestView, 'approved'), ...refusals, ...unprocessable },
    }),
    async c => {
      const request = await findRequest(db, c.req.valid('param').requestId)
      const exhibit = request && (await findExhibit(db, request.exhibitNumber))
      const permission = await demand(parts, c.get('person'), 'request.approve', request?.chain ?? houseChain, {
        exhibit: exhibitFacts(exhibit),
        ...requestFacts(request),
      })
      if (!request) throw new Problem('not-found')
      await approveRequest(parts, c.get('person'), request, permission)
      return c.json(viewRequest((await findRequest(db, request.requestId))!), 200)
    },
  )

  app.openapi(
    createRoute({
      method: 'post',
      path: '/v1/requests/{requestId}/disclosures',
      tags: ['Disclosure'],
      summary: 'Prepare a disclosure',
      description: 'Redaction and packaging run as a job; read the disclosure for its progress.',
      request: { params: byRequest, headers: IdempotencyHeader },
      responses: { 202: json(DisclosureView, 'under way'), ...refusals, ...unprocessable },
    }),
    async c => {
      const person = c.get('person')
      const request = await findRequest(db, c.req.valid('param').requestId)
      const attempt = { subject: person.subject, key: c.req.valid('header')['idempotency-key'], operation: 'disclosure.prepare' }
      const { resource } = await once(db, attempt, fingerprint(c.req.valid('param').requestId), bind => startDisclosure(parts, person, request, bind))
      return c.json(viewDisclosure((await findDisclosure(db, resource))!), 202, { location: `/v1/disclosures/${resource}` })
    },
  )

  app.openapi(
    createRoute({
      method: 'get',
      path: '/v1/disclosures/{disclosureId}',
      tags: ['Disclosure'],
      summary: 'Read the state and progress of a disclosure',
      request: { params: byDisclosure },
      responses: { 200: json(DisclosureView, 'the disclosure'), ...refusals },
    }),
    async c => c.json(viewDisclosure(await readable(c.get('person'), c.req.valid('param').disclosureId)), 200),
  )

  app.openapi(
    createRoute({
      method: 'get',
      path: '/v1/disclosures/{disclosureId}/proof',
      tags: ['Disclosure'],
      summary: 'The proof that the package was recorded (C2SP tlog-proof)',
      request: { params: byDisclosure },
      responses: { 200: { description: 'a tlog-proof of `disclosure.prepared`, which holds the digest of the ZIP', content: { 'text/plain': { schema: z.string() } } }, ...refusals, ...unprocessable },
    }),
    async c => {
      const disclosure = await readable(c.get('person'), c.req.valid('param').disclosureId)
      if (disclosure.state !== 'ready') throw new Problem('not-ready')
      const { index } = await parts.ledger.entryOf(disclosure.req, 'disclosure.prepared')
      return c.text(await parts.ledger.proof(index), 200)
    },
  )

  app.openapi(
    createRoute({
      method: 'get',
      path: '/v1/disclosures/{disclosureId}/package',
      tags: ['Disclosure'],
      summary: 'Download the package',
      description: 'Judged again and recorded before the first byte. HEAD is an access too. One byte range is served (RFC 9110).',
      request: { params: byDisclosure },
      responses: {
        200: { description: 'the package, a BagIt bag in a ZIP', content: { 'application/zip': { schema: z.string().openapi({ format: 'binary' }) } } },
        206: { description: 'the part asked for', content: { 'application/zip': { schema: z.string().openapi({ format: 'binary' }) } } },
        ...refusals,
        ...unprocessable,
      },
    }),
    async c => {
      const range = parseRange(c.req.header('range'))
      const { disclosureId } = c.req.valid('param')
      const released = await release(parts, c.get('person'), { disclosureId, headOnly: c.req.raw.method === 'HEAD', ...(range && { range }) })
      const { start, end, len } = released
      return c.body(released.body as never, range ? 206 : 200, {
        'content-type': 'application/zip',
        'content-length': String(end - start + 1),
        'content-disposition': `attachment; filename="custos-${disclosureId}.zip"`,
        'repr-digest': formatReprDigest(released.sha256),
        'accept-ranges': 'bytes',
        'cache-control': 'no-store',
        ...(range && { 'content-range': `bytes ${start}-${end}/${len}` }),
      })
    },
  )

  /** The disclosure, once policy lets this person know of it. */
  async function readable(person: Parameters<typeof demand>[1], disclosureId: string): Promise<Disclosure> {
    const disclosure = await findDisclosure(db, disclosureId)
    const request = disclosure && (await findRequest(db, disclosure.requestId))
    await demand(parts, person, 'disclosure.read', disclosure?.chain ?? houseChain, requestFacts(request, disclosure))
    if (!disclosure) throw new Problem('not-found')
    return disclosure
  }
  return app
}

/** One range of bytes with a start; any other form of the field is ignored, as RFC 9110, section 14.2, allows. */
function parseRange(field: string | undefined): { start: number; end: number | undefined } | undefined {
  const match = /^bytes=(\d{1,15})-(\d{0,15})$/.exec(field ?? '')
  if (!match) return undefined
  return { start: Number(match[1]), end: match[2] === '' ? undefined : Number(match[2]) }
}

function viewRequest({ requestId, exhibitNumber, state, expiresAt, decision, approvedBy }: Request) {
  const parsed = JSON.parse(decision) as z.infer<typeof DecisionView> & { obligations: { approvals: number } }
  return {
    requestId,
    exhibitNumber,
    state,
    approvals: approvedBy.length,
    approvalsNeeded: parsed.obligations.approvals,
    expiresAt: expiresAt.toISOString(),
    decision: parsed,
  }
}

function viewDisclosure(d: Disclosure) {
  return {
    disclosureId: d.disclosureId,
    requestId: d.requestId,
    state: d.state,
    stage: d.stage,
    progress: d.progress,
    ...(d.derivative !== null && { derivative: d.derivative }),
    ...(d.packageSha256 !== null && { packageSha256: d.packageSha256 }),
    ...(d.packageLen !== null && { packageLen: d.packageLen }),
    downloads: d.downloads,
    expiresAt: d.expiresAt.toISOString(),
    ...(d.failure !== null && { failure: d.failure }),
  }
}
