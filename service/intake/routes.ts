/** Two front doors: what happened, and the clip of it. */
import { createRoute, z } from '@hono/zod-openapi'
import { IdempotencyHeader, json, refusals, router, unprocessable } from '../http/openapi.ts'
import { fingerprint, isKnown, KeyTaken, once, recall, remember } from '../http/idempotency.ts'
import { Problem } from '../http/problem.ts'
import { formatReprDigest, reprSha256 } from '../http/repr-digest.ts'
import { demandAndRecord } from '../policy/judge.ts'
import { acquire, type Intake } from './acquire.ts'
import { findExhibit, receiptOf, viewExhibit } from './exhibits.ts'
import { clipRefsOf, findIncident, type NewIncident as NewIncidentRecord, recordIncident } from './incidents.ts'
import type { Exhibit, Incident } from './tables.ts'
import { exhibitFacts, incidentFacts } from './facts.ts'
import { openingsFor } from './openings.ts'

const opaque = (description: string) => z.string().regex(/^[A-Za-z0-9][A-Za-z0-9-]{0,63}$/).openapi({ description })
const IncidentFields = {
  timestamp_utc: z.iso.datetime().openapi({ description: 'When it happened, RFC 3339 in UTC.' }),
  location_id: opaque('The store or site, by its id.'),
  device_ids: z.array(opaque('A camera, by its id.')).min(1).max(64),
  reporter_id: z
    .string()
    .regex(/^(rep|anon)_[0-9a-z]{16,40}$/)
    .openapi({ description: 'Who reported it: an opaque id (`rep_…`) or an anonymous token (`anon_…`), never a name.', example: 'anon_6f1c2a9be07d4c35' }),
  incident_type: z.enum(['shoplifting', 'theft', 'robbery', 'assault', 'threat', 'vandalism', 'fraud', 'burglary', 'other']),
  severity: z.enum(['low', 'medium', 'high', 'critical']),
}
const agencyId = z.string().regex(/^[a-z0-9][a-z0-9-]{0,62}$/).openapi({ description: 'The agency this is reported to: its people may know of the incident, nobody else’s.' })
const NewIncident = z.strictObject({ ...IncidentFields, agency_id: agencyId }).openapi('NewIncident')
const IncidentView = z
  .object({
    incident_id: z.string(),
    ...IncidentFields,
    video_clip_refs: z.array(z.string()).openapi({ description: 'Clip references of the exhibits that belong to it.' }),
    chain_of_custody_id: z.string(),
    agency_id: agencyId,
  })
  .openapi('Incident')
const ExhibitView = z
  .object({
    exhibitNumber: z.string(),
    incidentId: z.string(),
    agencyId: z.string(),
    region: z.string(),
    clipRef: z.string(),
    sha256: z.string(),
    len: z.number().int(),
    media: z.object({
      container: z.string(),
      codec: z.string(),
      width: z.number(),
      height: z.number(),
      frames: z.number(),
      durationMs: z.number(),
      audioStreams: z.number(),
    }),
    chain: z.string(),
    acquiredAt: z.iso.datetime(),
    retainUntil: z.iso.datetime(),
  })
  .openapi('Exhibit')
const Receipt = z
  .object({ exhibitNumber: z.string(), clipRef: z.string(), sha256: z.string(), len: z.number().int(), chain: z.string(), ledgerIndex: z.number().int(), proof: z.string().openapi({ description: 'C2SP tlog-proof: keep it, it needs nothing from here to be checked.' }) })
  .openapi('Receipt')
const ChainView = z
  .object({
    chain: z.string(),
    checkpoint: z.string(),
    entries: z.array(z.object({ index: z.number().int(), entry: z.string().openapi({ description: 'Canonical bytes, base64.' }), proof: z.string() })),
    openings: z.array(z.object({ index: z.number().int(), field: z.string(), nonce: z.string(), value: z.any() })),
  })
  .openapi('Chain')

const byIncident = z.object({ incidentId: z.string().max(64) })
const byExhibit = z.object({ exhibitNumber: z.string().max(64) })

export function intakeRoutes(intake: Intake, houseChain: string) {
  const app = router()

  app.openapi(
    createRoute({
      method: 'post',
      path: '/v1/incidents',
      tags: ['Intake'],
      summary: 'Record an incident',
      request: { headers: IdempotencyHeader, body: { required: true, content: { 'application/json': { schema: NewIncident } } } },
      responses: { 201: json(IncidentView, 'recorded'), ...refusals, ...unprocessable },
    }),
    async c => {
      const person = c.get('person')
      const body = c.req.valid('json')
      const attempt = { subject: person.subject, key: c.req.valid('header')['idempotency-key'], operation: 'incident.record' }
      const { resource } = await once(intake.db, attempt, fingerprint(JSON.stringify(body)), bind =>
        recordIncident(intake, houseChain, intake.region, person, fromWire(body), bind),
      )
      const incident = (await findIncident(intake.db, resource))!
      return c.json(toWire(incident, await clipRefsOf(intake.db, resource)), 201, { location: `/v1/incidents/${resource}` })
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
      await demandAndRecord(intake, c.get('person'), 'incident.read', incident?.chainOfCustodyId ?? houseChain, { exhibit: incidentFacts(incident) })
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
      description: 'The body is the clip itself, streamed. It is sealed as it passes, and refused unless it decodes as a video.',
      request: {
        params: byIncident,
        headers: IdempotencyHeader.extend({ 'repr-digest': z.string().optional().openapi({ description: 'RFC 9530; checked when sent.', example: 'sha-256=:…:' }) }),
        body: { required: true, content: { 'application/octet-stream': { schema: z.string().openapi({ format: 'binary' }) }, 'video/mp4': { schema: z.string().openapi({ format: 'binary' }) } } },
      },
      responses: { 201: json(Receipt, 'sealed and recorded'), ...refusals, ...unprocessable },
    }),
    async c => {
      const person = c.get('person')
      const { incidentId } = c.req.valid('param')
      if (!/^(video\/|application\/octet-stream)/i.test(c.req.header('content-type') ?? '')) throw new Problem('unsupported-media')
      const expectedSha256 = reprSha256(c.req.header('repr-digest'))
      const incident = await findIncident(intake.db, incidentId)
      if (!incident) {
        await demandAndRecord(intake, person, 'exhibit.acquire', houseChain, { exhibit: incidentFacts(undefined) })
        throw new Problem('not-found')
      }
      const attempt = { subject: person.subject, key: c.req.header('idempotency-key'), operation: `exhibit.acquire ${incidentId}` }
      const length = c.req.header('content-length')
      const delivery = {
        incident,
        body: c.req.raw.body ?? new Blob([]).stream(),
        expectedSha256,
        expectedLen: length === undefined ? undefined : Number(length),
        known: async (sha256: string) => ((await isKnown(intake.db, attempt)) ? recall(intake.db, attempt, fingerprint(sha256)) : undefined),
        bind: (tx: Parameters<typeof remember>[0], sha256: string, exhibitNumber: string) => remember(tx, attempt, fingerprint(sha256), exhibitNumber),
      }
      const exhibitNumber = await acquire(intake, person, delivery).catch(async error => {
        // A twin with the same key and the same bytes was faster: its exhibit is this one's answer.
        if (!(error instanceof KeyTaken) || expectedSha256 === undefined) throw error instanceof KeyTaken ? new Problem('conflict') : error
        return (await recall(intake.db, attempt, fingerprint(expectedSha256)))!
      })
      const exhibit = (await findExhibit(intake.db, exhibitNumber))!
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
      const exhibit = await findExhibit(intake.db, c.req.valid('param').exhibitNumber)
      await demandAndRecord(intake, c.get('person'), 'exhibit.read', exhibit?.chain ?? houseChain, { exhibit: exhibitFacts(exhibit) })
      if (!exhibit) throw new Problem('not-found')
      return c.json(viewExhibit(exhibit), 200)
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
      const exhibit = await findExhibit(intake.db, c.req.valid('param').exhibitNumber)
      await demandAndRecord(intake, person, 'exhibit.read', exhibit?.chain ?? houseChain, { exhibit: exhibitFacts(exhibit) })
      if (!exhibit) throw new Problem('not-found')
      const mayOpen = await openingsFor(intake.ledger, exhibit.chain, person)
      const bundle = await intake.ledger.bundle(exhibit.chain, { opening: mayOpen })
      const entries = bundle.entries.map(({ index, bytes, proof }) => ({ index, entry: Buffer.from(bytes).toString('base64'), proof }))
      return c.json({ chain: exhibit.chain, checkpoint: bundle.checkpoint, entries, openings: bundle.openings.map(o => ({ ...o })) }, 200)
    },
  )
  return app
}

function fromWire(body: z.infer<typeof NewIncident>): NewIncidentRecord {
  return {
    agencyId: body.agency_id,
    timestampUtc: new Date(body.timestamp_utc),
    locationId: body.location_id,
    deviceIds: body.device_ids,
    reporterId: body.reporter_id,
    incidentType: body.incident_type,
    severity: body.severity,
  }
}

function toWire(incident: Incident, clipRefs: string[]): z.infer<typeof IncidentView> {
  return {
    incident_id: incident.incidentId,
    timestamp_utc: incident.timestampUtc.toISOString(),
    location_id: incident.locationId,
    device_ids: incident.deviceIds,
    video_clip_refs: clipRefs,
    reporter_id: incident.reporterId,
    incident_type: incident.incidentType as z.infer<typeof IncidentView>['incident_type'],
    severity: incident.severity as z.infer<typeof IncidentView>['severity'],
    chain_of_custody_id: incident.chainOfCustodyId,
    agency_id: incident.agencyId,
  }
}
