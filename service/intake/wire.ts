/** What incidents, exhibits, receipts and chains look like on the wire. */
import { z } from '@hono/zod-openapi'
import type { NewIncident as NewIncidentRecord } from './incidents.ts'
import type { Incident } from './tables.ts'

const opaque = (description: string) =>
  z
    .string()
    .regex(/^[A-Za-z0-9][A-Za-z0-9-]{0,63}$/)
    .openapi({ description })
const IncidentFields = {
  timestamp_utc: z.iso.datetime().openapi({ description: 'When it happened, RFC 3339 in UTC.' }),
  location_id: opaque('The store or site, by its id.'),
  device_ids: z.array(opaque('A camera, by its id.')).min(1).max(64),
  reporter_id: z
    .string()
    .regex(/^(rep|anon)_[0-9a-z]{16,40}$/)
    .openapi({
      description: 'Who reported it: an opaque id (`rep_…`) or an anonymous token (`anon_…`), never a name.',
      example: 'anon_6f1c2a9be07d4c35',
    }),
  incident_type: z.enum([
    'shoplifting',
    'theft',
    'robbery',
    'assault',
    'threat',
    'vandalism',
    'fraud',
    'burglary',
    'other',
  ]),
  severity: z.enum(['low', 'medium', 'high', 'critical']),
}
const agencyId = z
  .string()
  .regex(/^[a-z0-9][a-z0-9-]{0,62}$/)
  .openapi({ description: 'The agency this is reported to: its people may know of the incident, nobody else’s.' })
export const NewIncident = z.strictObject({ ...IncidentFields, agency_id: agencyId }).openapi('NewIncident')
export const IncidentView = z
  .object({
    incident_id: z.string(),
    ...IncidentFields,
    video_clip_refs: z.array(z.string()).openapi({ description: 'Clip references of the exhibits that belong to it.' }),
    chain_of_custody_id: z.string(),
    agency_id: agencyId,
  })
  .openapi('Incident')
export const ExhibitView = z
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
    retainUntil: z.iso.datetime().openapi({ description: 'The end of its schedule. A hold keeps it beyond that.' }),
    disposedAt: z.iso.datetime().optional().openapi({ description: 'When its key was destroyed.' }),
    holds: z.number().int().openapi({ description: 'Holds in force on it that you may know of.' }),
  })
  .openapi('Exhibit')
export const Receipt = z
  .object({
    exhibitNumber: z.string(),
    clipRef: z.string(),
    sha256: z.string(),
    len: z.number().int(),
    chain: z.string(),
    ledgerIndex: z.number().int(),
    proof: z.string().openapi({ description: 'C2SP tlog-proof: keep it, it needs nothing from here to be checked.' }),
  })
  .openapi('Receipt')
export const ChainView = z
  .object({
    chain: z.string(),
    checkpoint: z.string(),
    entries: z.array(
      z.object({
        index: z.number().int(),
        entry: z.string().openapi({ description: 'Canonical bytes, base64.' }),
        proof: z.string(),
      }),
    ),
    openings: z.array(z.object({ index: z.number().int(), field: z.string(), nonce: z.string(), value: z.any() })),
  })
  .openapi('Chain')

export function fromWire(body: z.infer<typeof NewIncident>): NewIncidentRecord {
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

export function toWire(incident: Incident, clipRefs: string[]): z.infer<typeof IncidentView> {
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
