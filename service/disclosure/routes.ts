/** Disclosures: state, review, receipt, and the one route by which evidence leaves. */
import { createRoute, z } from '@hono/zod-openapi'
import { attemptOf, fingerprint, once } from '../http/idempotency.ts'
import { IdempotencyHeader, json, refusals, router, unprocessable, unranged } from '../http/openapi.ts'
import { Problem } from '../http/problem.ts'
import { receiptFor } from '../intake/receipts.ts'
import { demand } from '../policy/judge.ts'
import { parseRange } from './byte-range.ts'
import type { Disclosing } from './disclosures.ts'
import { requestFacts } from './facts.ts'
import { headersOf, planRoutes } from './plan-routes.ts'
import { editorsOf } from './plans.ts'
import { release } from './release.ts'
import { reviewDisclosure } from './reviews.ts'
import { findDisclosure } from './store.ts'
import type { Disclosure } from './tables.ts'
import { traceDisclosure } from './trace.ts'
import { byDisclosure, DisclosureView, NewReview, viewDisclosure } from './wire.ts'

export function disclosureRoutes(parts: Disclosing) {
  const app = router()
  const { db } = parts
  app.route('/', planRoutes(parts))

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
      method: 'post',
      path: '/v1/disclosures/{disclosureId}/reviews',
      tags: ['Disclosure'],
      summary: 'Decide on a disclosure whose leak certificate is not clean',
      description:
        'A person of the custodian decides. The decision and its reason are recorded before they have an effect. That they looked at the copy is not enforced; a look through the service is an entry of its own.',
      request: {
        params: byDisclosure,
        headers: IdempotencyHeader,
        body: { required: true, content: { 'application/json': { schema: NewReview } } },
      },
      responses: { 200: json(DisclosureView, 'decided'), ...refusals, ...unprocessable },
    }),
    async c => {
      const person = c.get('person')
      const { disclosureId } = c.req.valid('param')
      const { outcome, reason } = c.req.valid('json')
      const { disclosure, request, derivative, chain, circumstances } = await traceDisclosure(parts, disclosureId)
      const attempt = attemptOf(person, c.req.valid('header')['idempotency-key'], 'disclosure.review')
      const { resource, repeated } = await once(db, attempt, fingerprint(disclosureId, outcome, reason), async bind => {
        const permission = await demand(parts, person, 'disclosure.review', chain, {
          ...circumstances,
          review: { outcome, editors: request ? await editorsOf(db, request.requestId) : [] },
        })
        if (!disclosure) throw new Problem('not-found')
        if (!derivative)
          throw new Problem('conflict', {
            detail: `The disclosure is ${disclosure.state}; nothing waits for a review.`,
          })
        await reviewDisclosure(parts, person, disclosure, derivative, { outcome, reason }, permission, bind)
        return permission.req
      })
      if (repeated) {
        await readable(person, disclosureId)
        await parts.ledger.entryOf(resource, 'redaction.reviewed')
      }
      return c.json(viewDisclosure((await findDisclosure(db, disclosureId))!), 200)
    },
  )

  app.openapi(
    createRoute({
      method: 'get',
      path: '/v1/disclosures/{disclosureId}/proof',
      tags: ['Disclosure'],
      summary: 'The proof that the package was recorded (C2SP tlog-proof)',
      request: { params: byDisclosure },
      responses: {
        200: {
          description: 'a tlog-proof of `disclosure.prepared`, which holds the digest of the ZIP',
          content: { 'text/plain': { schema: z.string() } },
        },
        ...refusals,
        ...unprocessable,
      },
    }),
    async c => {
      const disclosure = await readable(c.get('person'), c.req.valid('param').disclosureId)
      if (disclosure.state !== 'ready') throw new Problem('not-ready')
      return c.text(
        await receiptFor(parts.ledger, await parts.ledger.entryOf(disclosure.req, 'disclosure.prepared')),
        200,
      )
    },
  )

  app.openapi(
    createRoute({
      method: 'get',
      path: '/v1/disclosures/{disclosureId}/package',
      tags: ['Disclosure'],
      summary: 'Download the package',
      description:
        'Judged again and recorded before the first byte. HEAD is an access too. One byte range is served (RFC 9110).',
      request: { params: byDisclosure },
      responses: {
        200: {
          description: 'the package, a BagIt bag in a ZIP',
          content: { 'application/zip': { schema: z.string().openapi({ format: 'binary' }) } },
        },
        206: {
          description: 'the part asked for',
          content: { 'application/zip': { schema: z.string().openapi({ format: 'binary' }) } },
        },
        ...refusals,
        ...unprocessable,
        ...unranged,
      },
    }),
    async c => {
      const range = parseRange(c.req.header('range'))
      const { disclosureId } = c.req.valid('param')
      const released = await release(parts, c.get('person'), {
        disclosureId,
        headOnly: c.req.raw.method === 'HEAD',
        ...(range && { range }),
      })
      return c.body(released.body as never, range ? 206 : 200, {
        'content-type': 'application/zip',
        'content-disposition': `attachment; filename="custos-${disclosureId}.zip"`,
        ...headersOf(released, range !== undefined),
      })
    },
  )

  /** The disclosure, once policy lets this person know of it. */
  async function readable(person: Parameters<typeof demand>[1], disclosureId: string): Promise<Disclosure> {
    const { disclosure, request, chain } = await traceDisclosure(parts, disclosureId)
    await demand(parts, person, 'disclosure.read', chain, requestFacts(request))
    if (!disclosure) throw new Problem('not-found')
    return disclosure
  }
  return app
}
