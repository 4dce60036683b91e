/** Disclosures: state, review, receipt, and the one route by which evidence leaves. */
import { createRoute, z } from '@hono/zod-openapi'
import { json, refusals, router, unprocessable } from '../http/openapi.ts'
import { Problem } from '../http/problem.ts'
import { formatReprDigest } from '../http/repr-digest.ts'
import { findExhibit } from '../intake/exhibits.ts'
import { exhibitFacts } from '../intake/facts.ts'
import { receiptFor } from '../intake/receipts.ts'
import { demand } from '../policy/judge.ts'
import type { Disclosing } from './disclosures.ts'
import { requestFacts } from './facts.ts'
import { release } from './release.ts'
import { reviewDisclosure } from './reviews.ts'
import { derivativeNumbered, findDisclosure, findRequest } from './store.ts'
import type { Disclosure } from './tables.ts'
import { DisclosureView, NewReview, viewDisclosure } from './wire.ts'

const byDisclosure = z.object({ disclosureId: z.string().regex(/^[A-Za-z0-9-]{1,64}$/) })

export function disclosureRoutes(parts: Disclosing) {
  const app = router()
  const { db, houseChain } = parts

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
        'Somebody of the custodian has looked at the copy. The decision and its reason are recorded before they have an effect.',
      request: {
        params: byDisclosure,
        body: { required: true, content: { 'application/json': { schema: NewReview } } },
      },
      responses: { 200: json(DisclosureView, 'decided'), ...refusals, ...unprocessable },
    }),
    async c => {
      const { disclosure, request, exhibit } = await trace(c.req.valid('param').disclosureId)
      const permission = await demand(parts, c.get('person'), 'disclosure.review', disclosure?.chain ?? houseChain, {
        exhibit: exhibitFacts(exhibit),
        ...requestFacts(request),
      })
      const derivative = disclosure?.derivative && (await derivativeNumbered(db, disclosure.derivative))
      if (!disclosure) throw new Problem('not-found')
      if (!derivative)
        throw new Problem('conflict', { detail: `The disclosure is ${disclosure.state}; nothing waits for a review.` })
      await reviewDisclosure(parts, c.get('person'), disclosure, derivative, c.req.valid('json'), permission)
      return c.json(viewDisclosure((await findDisclosure(db, disclosure.disclosureId))!), 200)
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

  async function trace(disclosureId: string) {
    const disclosure = await findDisclosure(db, disclosureId)
    const request = disclosure && (await findRequest(db, disclosure.requestId))
    const exhibit = request && (await findExhibit(parts, request.exhibitNumber))
    return { disclosure, request, exhibit }
  }

  /** The disclosure, once policy lets this person know of it. */
  async function readable(person: Parameters<typeof demand>[1], disclosureId: string): Promise<Disclosure> {
    const { disclosure, request } = await trace(disclosureId)
    await demand(parts, person, 'disclosure.read', disclosure?.chain ?? houseChain, requestFacts(request))
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
