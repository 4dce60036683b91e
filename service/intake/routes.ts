/** Two front doors: what happened, and the clip of it. Holds on what was acquired are beside them. */
import { createRoute, z } from '@hono/zod-openapi'
import { attemptOf, fingerprint, isKnown, KeyTaken, once, recall, remember } from '../http/idempotency.ts'
import { IdempotencyHeader, json, refusals, router, unacquirable, unprocessable } from '../http/openapi.ts'
import { Problem } from '../http/problem.ts'
import { formatReprDigest, reprSha256 } from '../http/repr-digest.ts'
import { demand, demandAndRecord } from '../policy/judge.ts'
import { acquire, type Intake } from './acquire.ts'
import { findExhibit, receiptOf, viewExhibit } from './exhibits.ts'
import { exhibitFacts, incidentFacts } from './facts.ts'
import { holdRoutes } from './hold-routes.ts'
import { holdsOn, visibleTo } from './hold-rows.ts'
import { clipRefsOf, findIncident, recordIncident } from './incidents.ts'
import { openingsFor } from './openings.ts'
import { ChainView, ExhibitView, fromWire, IncidentView, NewIncident, Receipt, toWire } from './wire.ts'

const byIncident = z.object({ incidentId: z.string().regex(/^[A-Za-z0-9-]{1,64}$/) })
const byExhibit = z.object({ exhibitNumber: z.string().regex(/^[A-Za-z0-9-]{1,64}$/) })

export function intakeRoutes(intake: Intake, houseChain: string) {
  const app = router()

  app.openapi(
    createRoute({
      method: 'post',
      path: '/v1/incidents',
      tags: ['Intake'],
      summary: 'Record an incident',
      request: {
        headers: IdempotencyHeader,
        body: { required: true, content: { 'application/json': { schema: NewIncident } } },
      },
      responses: { 201: json(IncidentView, 'recorded'), ...refusals, ...unprocessable },
    }),
    async c => {
      const person = c.get('person')
      const body = c.req.valid('json')
      if (!intake.agencies.has(body.agency_id))
        throw new Problem('invalid-request', { detail: 'agency_id: no such agency' })
      const place = intake.places(body.location_id)
      if (!place) throw new Problem('invalid-request', { detail: 'location_id: no region is laid down for it' })
      const attempt = attemptOf(person, c.req.valid('header')['idempotency-key'], 'incident.record')
      const { resource, repeated } = await once(intake.db, attempt, fingerprint(JSON.stringify(body)), bind =>
        recordIncident(intake, houseChain, place, person, fromWire(body), bind),
      )
      const incident = (await findIncident(intake.db, resource))!
      if (repeated) {
        await demand(intake, person, 'incident.record', incident.chainOfCustodyId, { exhibit: incidentFacts(incident) })
        await intake.ledger.entryOf(incident.req, 'incident.recorded')
      }
      return c.json(toWire(incident, await clipRefsOf(intake.db, resource)), 201, {
        location: `/v1/incidents/${resource}`,
      })
    },
  )

  app.openapi(
    createRoute({
      method: 'get',
      path: '/v1/incidents/{incidentId}',
      tags: ['Intake'],
      summary: 'Read an incident',
      request: { params: byIncident },
      responses: { 200: json(IncidentView, 'the incident'), ...refusals },
    }),
    async c => {
      const incident = await findIncident(intake.db, c.req.valid('param').incidentId)
      await demandAndRecord(intake, c.get('person'), 'incident.read', incident?.chainOfCustodyId ?? houseChain, {
        exhibit: incidentFacts(incident),
      })
      if (!incident) throw new Problem('not-found')
      return c.json(toWire(incident, await clipRefsOf(intake.db, incident.incidentId)), 200)
    },
  )

  app.openapi(
    createRoute({
      method: 'post',
      path: '/v1/incidents/{incidentId}/exhibits',
      tags: ['Intake'],
      summary: 'Acquire an exhibit',
      description:
        'The body is the clip itself, streamed. It is sealed as it passes, and refused unless it decodes as a video.',
      request: {
        params: byIncident,
        headers: IdempotencyHeader.extend({
          'repr-digest': z
            .string()
            .optional()
            .openapi({ description: 'RFC 9530; checked when sent.', example: 'sha-256=:…:' }),
        }),
        body: {
          required: true,
          content: {
            'application/octet-stream': { schema: z.string().openapi({ format: 'binary' }) },
            'video/*': { schema: z.string().openapi({ format: 'binary' }) },
          },
        },
      },
      responses: { 201: json(Receipt, 'sealed and recorded'), ...refusals, ...unprocessable, ...unacquirable },
    }),
    async c => {
      const person = c.get('person')
      const { incidentId } = c.req.valid('param')
      if (!/^(video\/|application\/octet-stream)/i.test(c.req.header('content-type') ?? ''))
        throw new Problem('unsupported-media')
      const expectedSha256 = reprSha256(c.req.header('repr-digest'))
      const incident = await findIncident(intake.db, incidentId)
      if (!incident) {
        await demandAndRecord(intake, person, 'incident.read', houseChain, { exhibit: incidentFacts(undefined) }).catch(
          error => {
            // Recorded, and answered as for anybody: there is none.
            if (!(error instanceof Problem)) throw error
          },
        )
        throw new Problem('not-found')
      }
      const attempt = attemptOf(person, c.req.header('idempotency-key'), `exhibit.acquire ${incidentId}`)
      const length = c.req.header('content-length')
      const delivery = {
        incident,
        body: c.req.raw.body ?? new Blob([]).stream(),
        expectedSha256,
        expectedLen: length === undefined ? undefined : Number(length),
        known: async (sha256: string) =>
          (await isKnown(intake.db, attempt)) ? recall(intake.db, attempt, fingerprint(sha256)) : undefined,
        bind: (tx: Parameters<typeof remember>[0], sha256: string, exhibitNumber: string) =>
          remember(tx, attempt, fingerprint(sha256), exhibitNumber),
      }
      const exhibitNumber = await acquire(intake, person, delivery).catch(async error => {
        // A twin with the same key and the same bytes was faster: its exhibit is this one's answer.
        if (!(error instanceof KeyTaken) || expectedSha256 === undefined)
          throw error instanceof KeyTaken ? new Problem('conflict') : error
        return (await recall(intake.db, attempt, fingerprint(expectedSha256)))!
      })
      const exhibit = (await findExhibit(intake, exhibitNumber))!
      return c.json(await receiptOf(intake.ledger, exhibit), 201, {
        location: `/v1/exhibits/${exhibitNumber}`,
        'repr-digest': formatReprDigest(exhibit.sha256),
      })
    },
  )

  app.openapi(
    createRoute({
      method: 'get',
      path: '/v1/exhibits/{exhibitNumber}',
      tags: ['Intake'],
      summary: 'Read the record of an exhibit',
      request: { params: byExhibit },
      responses: { 200: json(ExhibitView, 'the record'), ...refusals },
    }),
    async c => {
      const exhibit = await findExhibit(intake, c.req.valid('param').exhibitNumber)
      await demandAndRecord(intake, c.get('person'), 'exhibit.read', exhibit?.chain ?? houseChain, {
        exhibit: exhibitFacts(exhibit),
      })
      if (!exhibit) throw new Problem('not-found')
      const holds = await holdsOn(intake.db, exhibit.exhibitNumber, new Date(intake.nowSeconds() * 1000))
      return c.json(viewExhibit(exhibit, holds.filter(visibleTo(c.get('person'))).length), 200)
    },
  )

  app.openapi(
    createRoute({
      method: 'get',
      path: '/v1/exhibits/{exhibitNumber}/chain',
      tags: ['Intake'],
      summary: 'Read the custody chain of an exhibit',
      description: 'Every entry with its inclusion proof, and the openings that this person may see.',
      request: { params: byExhibit },
      responses: { 200: json(ChainView, 'the chain'), ...refusals },
    }),
    async c => {
      const person = c.get('person')
      const exhibit = await findExhibit(intake, c.req.valid('param').exhibitNumber)
      await demandAndRecord(intake, person, 'exhibit.read', exhibit?.chain ?? houseChain, {
        exhibit: exhibitFacts(exhibit),
      })
      if (!exhibit) throw new Problem('not-found')
      const mayOpen = openingsFor(await intake.ledger.chain(exhibit.chain), person)
      const bundle = await intake.ledger.bundle(exhibit.chain, { opening: mayOpen })
      const entries = bundle.entries.map(({ index, bytes, proof }) => ({
        index,
        entry: Buffer.from(bytes).toString('base64'),
        proof,
      }))
      return c.json(
        {
          chain: exhibit.chain,
          checkpoint: bundle.checkpoint,
          entries,
          openings: bundle.openings.map(o => ({ ...o })),
        },
        200,
      )
    },
  )
  app.route('/', holdRoutes(intake, houseChain))
  return app
}
