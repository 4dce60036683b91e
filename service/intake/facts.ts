/** What this room knows, as facts for policy. */
import type { Facts } from '../policy/facts.ts'
import type { ExhibitOfIncident } from './exhibits.ts'
import type { Hold, Incident } from './tables.ts'

type ExhibitFacts = NonNullable<Facts['exhibit']>
type HoldFacts = NonNullable<Facts['hold']>

/** Nothing that exists belongs to nobody, so for an agency's person this is someone else's: unknown and foreign are refused alike. */
const unknown: ExhibitFacts = {
  class: 'video',
  sensitivity: 'restricted',
  region: 'unknown',
  hold: false,
  state: 'kept',
  incidentType: 'unknown',
  severity: 'unknown',
  jurisdiction: 'unknown',
  acquiredAt: 0,
  agencyId: 'nobody',
}

/** An incident seen as what its exhibits will be. */
export function incidentFacts(
  incident: Pick<Incident, 'region' | 'jurisdiction' | 'incidentType' | 'severity' | 'agencyId'> | undefined,
): ExhibitFacts {
  if (!incident) return unknown
  const { region, jurisdiction, incidentType, severity, agencyId } = incident
  return {
    class: 'video',
    sensitivity: sensitivityOf(incident),
    region,
    hold: false,
    state: 'kept',
    incidentType,
    severity,
    jurisdiction,
    acquiredAt: 0,
    agencyId,
  }
}

export function exhibitFacts(exhibit: ExhibitOfIncident | undefined): ExhibitFacts {
  if (!exhibit) return unknown
  return {
    ...incidentFacts(exhibit),
    hold: exhibit.held,
    state: exhibit.disposedAt === null ? 'kept' : 'disposed',
    acquiredAt: Math.floor(exhibit.createdAt.getTime() / 1000),
    // Rounded up: a schedule is not over in its last second.
    retainUntil: Math.ceil(exhibit.retainUntil.getTime() / 1000),
  }
}

/** A hold as policy sees it; one that does not exist is a request's, of nobody. */
export function holdFacts(
  hold: Pick<Hold, 'kind' | 'organisation' | 'placedAt' | 'lapsesAt' | 'extensions' | 'confirmedAt'> | undefined,
): HoldFacts {
  if (!hold) return { kind: 'request', organisation: 'nobody', placedAt: 0, extensions: 0, confirmed: false }
  const { kind, organisation, placedAt, lapsesAt, extensions, confirmedAt } = hold
  return {
    kind,
    organisation,
    placedAt: Math.floor(placedAt.getTime() / 1000),
    ...(lapsesAt && { lapsesAt: Math.floor(lapsesAt.getTime() / 1000) }),
    extensions,
    confirmed: confirmedAt !== null,
  }
}

/** What somebody was badly hurt in is not for one pair of eyes alone: policy then asks for an approval. */
function sensitivityOf({ severity }: { severity: string }): ExhibitFacts['sensitivity'] {
  return severity === 'critical' ? 'sensitive' : 'ordinary'
}
