/** What a person of the custodian sees and does before a copy is released: the plan, the certificate, the copy, edits, another rendering. */
import { createRoute, z } from '@hono/zod-openapi'
import { createMiddleware } from 'hono/factory'
import { attemptOf, fingerprint, once } from '../http/idempotency.ts'
import { IdempotencyHeader, json, refusals, router, unprocessable, unranged } from '../http/openapi.ts'
import { formatReprDigest } from '../http/repr-digest.ts'
import type { Authenticated } from '../identity/authenticate.ts'
import { parseRange } from './byte-range.ts'
import type { Disclosing } from './disclosures.ts'
import { demandEditing, editPlanOf, findEdit, readPlanAgain, renderAgain } from './plan-edits.ts'
import { readCertificate, readPlan } from './plan-reads.ts'
import { preview, type Release } from './release.ts'
import { findDisclosure } from './store.ts'
import { byDisclosure, DisclosureView, EditedView, NewPlanEdit, NewRendering, viewDisclosure } from './wire.ts'

const document = (description: string) => ({
  description,
  content: { 'application/json': { schema: z.record(z.string(), z.unknown()) } },
})
const video = (description: string) => ({
  description,
  content: { 'video/mp4': { schema: z.string().openapi({ format: 'binary' }) } },
})

export function planRoutes(parts: Disclosing) {
  const app = router()
  const judgedUnread = createMiddleware<Authenticated>(async (c, next) => {
    // An id that cannot be one is the validator's to refuse.
    const { data } = byDisclosure.safeParse(c.req.param())
    if (data) await demandEditing(parts, c.get('person'), data.disclosureId)
    await next()
  })

  app.openapi(
    createRoute({
      method: 'get',
      path: '/v1/disclosures/{disclosureId}/plan',
      tags: ['Review'],
      summary: 'Read the redaction plan that the next copy is rendered from',
      description:
        'Canonical JSON, as detectors made it or as persons have edited it since (docs/formats/plan.schema.json). `Repr-Digest` is the digest that an edit names. Each reading is recorded.',
      request: { params: byDisclosure },
      responses: { 200: document('the plan'), ...refusals, ...unprocessable },
    }),
    async c => asDocument(await readPlan(parts, c.get('person'), c.req.valid('param').disclosureId)) as never,
  )

  app.openapi(
    createRoute({
      method: 'get',
      path: '/v1/disclosures/{disclosureId}/certificate',
      tags: ['Review'],
      summary: 'Read the leak certificate of the copy that waits',
      request: { params: byDisclosure },
      responses: { 200: document('the certificate, canonical JSON'), ...refusals, ...unprocessable },
    }),
    async c => asDocument(await readCertificate(parts, c.get('person'), c.req.valid('param').disclosureId)) as never,
  )

  app.openapi(
    createRoute({
      method: 'get',
      path: '/v1/disclosures/{disclosureId}/copy',
      tags: ['Review'],
      summary: 'Look at the redacted copy before it is released',
      description:
        'For persons of the custodian. Judged and recorded before the first byte. HEAD is an access too. One byte range is served (RFC 9110).',
      request: { params: byDisclosure },
      responses: {
        200: video('the copy'),
        206: video('the part asked for'),
        ...refusals,
        ...unprocessable,
        ...unranged,
      },
    }),
    async c => {
      const range = parseRange(c.req.header('range'))
      const wanted = {
        disclosureId: c.req.valid('param').disclosureId,
        headOnly: c.req.raw.method === 'HEAD',
        ...(range && { range }),
      }
      const copy = await preview(parts, c.get('person'), wanted)
      return c.body(copy.body as never, range ? 206 : 200, { 'content-type': 'video/mp4', ...headersOf(copy, !!range) })
    },
  )

  app.openapi(
    createRoute({
      method: 'post',
      path: '/v1/disclosures/{disclosureId}/plan/edits',
      tags: ['Review'],
      summary: 'Edit the redaction plan',
      description:
        'One operation on one track. Who edited it and why is recorded before it has an effect; whatever shows something needs a ground that policy holds. The edited plan counts for every later copy of the request.',
      middleware: judgedUnread,
      request: {
        params: byDisclosure,
        headers: IdempotencyHeader,
        body: { required: true, content: { 'application/json': { schema: NewPlanEdit } } },
      },
      responses: { 201: json(EditedView, 'the plan that stands now'), ...refusals, ...unprocessable },
    }),
    async c => {
      const { disclosureId } = c.req.valid('param')
      const [person, wanted] = [c.get('person'), c.req.valid('json')]
      const attempt = attemptOf(person, c.req.valid('header')['idempotency-key'], 'plan.edit')
      const print = fingerprint(disclosureId, JSON.stringify(wanted))
      const { resource, repeated } = await once(parts.db, attempt, print, bind =>
        editPlanOf(parts, person, disclosureId, wanted, bind),
      )
      if (repeated) await readPlanAgain(parts, person, disclosureId)
      return c.json(await findEdit(parts, resource), 201)
    },
  )

  app.openapi(
    createRoute({
      method: 'post',
      path: '/v1/disclosures/{disclosureId}/renderings',
      tags: ['Review'],
      summary: 'Render the copy again from the edited plan',
      description: 'Nothing is detected again. The new copy waits for a review by somebody who did not edit its plan.',
      request: {
        params: byDisclosure,
        headers: IdempotencyHeader,
        body: { required: true, content: { 'application/json': { schema: NewRendering } } },
      },
      responses: { 202: json(DisclosureView, 'under way'), ...refusals, ...unprocessable },
    }),
    async c => {
      const { disclosureId } = c.req.valid('param')
      const [person, { planSha256 }] = [c.get('person'), c.req.valid('json')]
      const attempt = attemptOf(person, c.req.valid('header')['idempotency-key'], 'plan.render')
      const { resource, repeated } = await once(parts.db, attempt, fingerprint(disclosureId, planSha256), bind =>
        renderAgain(parts, person, disclosureId, planSha256, bind),
      )
      if (repeated) {
        await readPlanAgain(parts, person, disclosureId)
        await parts.ledger.entryOf(resource, 'access.permitted')
      }
      return c.json(viewDisclosure((await findDisclosure(parts.db, disclosureId))!), 202)
    },
  )

  return app
}

/** Headers of a release, whole or in part. */
export function headersOf({ start, end, len, sha256 }: Release, isPart: boolean) {
  return {
    'content-length': String(end - start + 1),
    'repr-digest': formatReprDigest(sha256),
    'accept-ranges': 'bytes',
    'cache-control': 'no-store',
    ...(isPart && { 'content-range': `bytes ${start}-${end}/${len}` }),
  }
}

/** The very bytes that the digest is taken of. */
function asDocument({ text, sha256 }: { text: string; sha256: string }): Response {
  return new Response(text, {
    headers: {
      'content-type': 'application/json',
      'repr-digest': formatReprDigest(sha256),
      etag: `"${sha256}"`,
      'cache-control': 'no-store',
    },
  })
}
