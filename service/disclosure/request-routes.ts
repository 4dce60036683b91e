/** Requests: filed, read, approved, and turned into disclosures. */
import { createRoute, z } from '@hono/zod-openapi'
import { attemptOf, fingerprint, once } from '../http/idempotency.ts'
import { IdempotencyHeader, json, refusals, router, unprocessable } from '../http/openapi.ts'
import { Problem } from '../http/problem.ts'
import { findExhibit } from '../intake/exhibits.ts'
import { exhibitFacts } from '../intake/facts.ts'
import { demand } from '../policy/judge.ts'
import { approveRequest } from './approvals.ts'
import { type Disclosing, startDisclosure } from './disclosures.ts'
import { agencyFacts, requestFacts } from './facts.ts'
import { answerAgain, fileRequest } from './requests.ts'
import { findDisclosure, findRequest } from './store.ts'
import { DisclosureView, NewRequest, RequestView, viewDisclosure, viewRequest } from './wire.ts'

const byRequest = z.object({ requestId: z.string().regex(/^[A-Za-z0-9-]{1,64}$/) })

export function requestRoutes(parts: Disclosing) {
  const app = router()
  const { db, agencies, houseChain } = parts

  app.openapi(
    createRoute({
      method: 'post',
      path: '/v1/requests',
      tags: ['Disclosure'],
      summary: 'File a request',
      request: {
        headers: IdempotencyHeader,
        body: { required: true, content: { 'application/json': { schema: NewRequest } } },
      },
      responses: { 201: json(RequestView, 'permitted, with obligations'), ...refusals, ...unprocessable },
    }),
    async c => {
      const person = c.get('person')
      const { exhibitNumber, ...filed } = c.req.valid('json')
      const exhibit = await findExhibit(parts, exhibitNumber)
      if (!exhibit || exhibit.agencyId !== person.organisation) {
        // Unknown or someone else's: the same refusal by the same path, so that neither words nor time tell which.
        await demand(parts, person, 'request.file', houseChain, {
          exhibit: exhibitFacts(undefined),
          ...agencyFacts(agencies, person.organisation),
        })
        throw new Problem('not-found')
      }
      const attempt = attemptOf(person, c.req.valid('header')['idempotency-key'], 'request.file')
      const print = fingerprint(exhibitNumber, JSON.stringify(filed))
      const { resource, repeated } = await once(db, attempt, print, bind =>
        fileRequest(parts, agencies, person, exhibit, filed as never, bind),
      )
      const request = (await findRequest(db, resource))!
      if (repeated) await answerAgain(parts, person, request)
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
      request: { params: byRequest, headers: IdempotencyHeader },
      responses: { 200: json(RequestView, 'approved'), ...refusals, ...unprocessable },
    }),
    async c => {
      const person = c.get('person')
      const { requestId } = c.req.valid('param')
      const request = await findRequest(db, requestId)
      const chain = request?.chain ?? houseChain
      const attempt = attemptOf(person, c.req.valid('header')['idempotency-key'], 'request.approve')
      const { resource, repeated } = await once(db, attempt, fingerprint(requestId), async bind => {
        const exhibit = request && (await findExhibit(parts, request.exhibitNumber))
        const facts = { exhibit: exhibitFacts(exhibit), ...requestFacts(request) }
        const permission = await demand(parts, person, 'request.approve', chain, facts)
        if (!request) throw new Problem('not-found')
        await approveRequest(parts, person, request, permission, bind)
        return permission.req
      })
      if (repeated) {
        await demand(parts, person, 'request.read', chain, requestFacts(request))
        await parts.ledger.entryOf(resource, 'request.approved')
      }
      return c.json(viewRequest((await findRequest(db, requestId))!), 200)
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
      const attempt = attemptOf(person, c.req.valid('header')['idempotency-key'], 'disclosure.prepare')
      const { resource, repeated } = await once(db, attempt, fingerprint(c.req.valid('param').requestId), bind =>
        startDisclosure(parts, person, request, bind),
      )
      if (repeated) await demand(parts, person, 'disclosure.read', request?.chain ?? houseChain, requestFacts(request))
      return c.json(viewDisclosure((await findDisclosure(db, resource))!), 202, {
        location: `/v1/disclosures/${resource}`,
      })
    },
  )

  return app
}
