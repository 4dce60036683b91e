/** What this room knows, as facts for policy. */
import type { Facts } from '../policy/facts.ts'
import type { ExhibitOfIncident } from './exhibits.ts'
import type { Incident } from './tables.ts'

type ExhibitFacts = NonNullable<Facts['exhibit']>

/** Nothing that exists belongs to nobody, so for an agency's person this is someone else's: unknown and foreign are refused alike. */
const unknown: ExhibitFacts = {
  class: 'video',
  sensitivity: 'restricted',
  region: 'unknown',
  hold: false,
  incidentType: 'unknown',
  acquiredAt: 0,
  agencyId: 'nobody',
}

/** An incident seen as what its exhibits will be. */
export function incidentFacts(
  incident: Pick<Incident, 'region' | 'incidentType' | 'severity' | 'agencyId'> | undefined,
): ExhibitFacts {
  if (!incident) return unknown
  const { region, incidentType, agencyId } = incident
  return {
    class: 'video',
    sensitivity: sensitivityOf(incident),
    region,
    hold: false,
    incidentType,
    acquiredAt: 0,
    agencyId,
  }
}

export function exhibitFacts(exhibit: ExhibitOfIncident | undefined): ExhibitFacts {
  if (!exhibit) return unknown
  return { ...incidentFacts(exhibit), acquiredAt: Math.floor(exhibit.createdAt.getTime() / 1000) }
}

/** What somebody was badly hurt in is not for one pair of eyes alone: policy then asks for an approval. */
function sensitivityOf({ severity }: { severity: string }): ExhibitFacts['sensitivity'] {
  return severity === 'critical' ? 'sensitive' : 'ordinary'
}
