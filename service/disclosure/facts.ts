/** What this room knows, as facts for policy; and the obligations that policy answered with. */

import { type Decision, nothing, type Obligations } from '../policy/decision.ts'
import type { Facts } from '../policy/facts.ts'
import type { Agencies } from './agencies.ts'
import type { Filed, Request } from './tables.ts'

const epochSeconds = (instant: string | Date) => Math.floor(new Date(instant).getTime() / 1000)

/** What the requester stated, in policy's units. */
export function statedFacts({
  purpose,
  authority,
  justification,
}: Filed): Pick<Facts, 'purpose' | 'authority' | 'justification'> {
  return {
    ...(purpose !== undefined && { purpose }),
    ...(authority && { authority: { ...authority, issuedAt: epochSeconds(authority.issuedAt) } }),
    ...(justification !== undefined && { justification }),
  }
}

/** Nothing for an organisation that is no agency: policy then refuses what needs one. */
export function agencyFacts(agencies: Agencies, organisation: string): Pick<Facts, 'agency'> {
  const agency = agencies.get(organisation)
  if (!agency) return {}
  return {
    agency: { id: organisation, status: agency.status, region: agency.region, mouUntil: epochSeconds(agency.mouUntil) },
  }
}

/** A request, or one that belongs to nobody, so that unknown and foreign are refused alike. The stated purpose comes with it. */
export function requestFacts(
  request: Request | undefined,
): Pick<Facts, 'request' | 'purpose' | 'authority' | 'justification'> {
  if (!request) return { request: { state: 'refused', agencyId: 'nobody', expiresAt: 0, approvals: 0, downloads: 0 } }
  const { state, agencyId, expiresAt, approvedBy } = request
  const facts = {
    state,
    agencyId,
    expiresAt: epochSeconds(expiresAt),
    approvals: approvedBy.length,
    downloads: request.downloads,
  }
  return { ...statedFacts(request.filed), request: facts }
}

/** The obligations of a permitted request; what an older policy did not lay down stands at its strictest. Throws for a refused one: nothing may be prepared from it. */
export function obligationsOf(request: Request): Obligations {
  const { outcome, obligations } = JSON.parse(request.decision) as Decision
  if (outcome !== 'permit') throw new Error('a refused request has no obligations')
  return { ...nothing, ...obligations }
}
