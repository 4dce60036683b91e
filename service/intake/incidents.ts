/** What happened: nine fields, each closed or opaque, so that no name of a person finds its way in. */
import { createHash } from 'node:crypto'
import { eq } from 'drizzle-orm'
import { canonicalJson } from '../custody/canonical.ts'
import { newId } from '../custody/id.ts'
import type { Db, Tx } from '../db.ts'
import { type Asker, type Court, demand, keepDecision, polOf, whoOf } from '../policy/judge.ts'
import { incidentFacts } from './facts.ts'
import { newNumber } from './numbers.ts'
import { exhibits, type Incident, incidents } from './tables.ts'

export interface NewIncident {
  readonly agencyId: string
  readonly timestampUtc: Date
  readonly locationId: string
  readonly deviceIds: readonly string[]
  readonly reporterId: string
  readonly incidentType: string
  readonly severity: string
}

/** Where it happened: which region keeps its clips, and whose law says for how long. */
export interface Place {
  readonly region: string
  readonly jurisdiction: string
}

/** Records an incident and its entry together. `bind` runs in the same transaction. Answers the incident's id. */
export async function recordIncident(
  court: Court,
  houseChain: string,
  place: Place,
  asker: Asker,
  incident: NewIncident,
  bind: (tx: Tx, incidentId: string) => Promise<void>,
): Promise<string> {
  const { decision, req } = await demand(court, asker, 'incident.record', houseChain, {
    exhibit: incidentFacts({ ...incident, ...place }),
  })
  const incidentId = newNumber('IN')
  const chain = newId()
  const row = {
    ...incident,
    deviceIds: [...incident.deviceIds],
    incidentId,
    region: place.region,
    jurisdiction: place.jurisdiction,
    chainOfCustodyId: chain,
    recordedBy: asker.subject,
    req,
  }
  const record = canonicalJson({ ...row, timestampUtc: incident.timestampUtc.toISOString() })
  const staged = await court.db.transaction(async tx => {
    await tx.insert(incidents).values(row)
    await bind(tx, incidentId)
    await keepDecision(tx, req, decision)
    return court.ledger.stage(tx, {
      chain,
      req,
      ev: 'incident.recorded',
      who: whoOf(asker),
      pol: polOf(decision),
      obj: { sha256: createHash('sha256').update(record).digest('hex'), len: record.length, role: 'incident' },
    })
  })
  await court.ledger.recorded(staged)
  return incidentId
}

export async function findIncident(db: Db | Tx, incidentId: string): Promise<Incident | undefined> {
  return (await db.select().from(incidents).where(eq(incidents.incidentId, incidentId)))[0]
}

export async function clipRefsOf(db: Db | Tx, incidentId: string): Promise<string[]> {
  const rows = await db
    .selectDistinct({ clipRef: exhibits.clipRef })
    .from(exhibits)
    .where(eq(exhibits.incidentId, incidentId))
  return rows.map(row => row.clipRef).sort()
}
