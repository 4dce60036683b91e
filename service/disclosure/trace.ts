/** From the id of a disclosure to all that policy must know of it; whatever is unknown stays undefined. */
import { Problem } from '../http/problem.ts'
import { type ExhibitOfIncident, findExhibit } from '../intake/exhibits.ts'
import { exhibitFacts } from '../intake/facts.ts'
import type { Circumstances } from '../policy/judge.ts'
import { requestFacts } from './facts.ts'
import type { StandingPlan } from './plans.ts'
import type { Releasing } from './release.ts'
import { derivativeNumbered, findDisclosure, findRequest } from './store.ts'
import type { Derivative, Disclosure, Request } from './tables.ts'

export interface Traced {
  readonly disclosure: Disclosure | undefined
  readonly request: Request | undefined
  readonly exhibit: ExhibitOfIncident | undefined
  readonly derivative: Derivative | undefined
  /** Where an act on it is recorded. */
  readonly chain: string
  readonly circumstances: Circumstances
}

export async function traceDisclosure(parts: Releasing, disclosureId: string): Promise<Traced> {
  const disclosure = await findDisclosure(parts.db, disclosureId)
  const request = disclosure && (await findRequest(parts.db, disclosure.requestId))
  const exhibit = request && (await findExhibit(parts, request.exhibitNumber))
  const derivative = disclosure?.derivative ? await derivativeNumbered(parts.db, disclosure.derivative) : undefined
  const circumstances = { exhibit: exhibitFacts(exhibit), ...requestFacts(request) }
  return { disclosure, request, exhibit, derivative, chain: disclosure?.chain ?? parts.houseChain, circumstances }
}

/** Throws `not-found`, or `not-ready` while there is no plan. */
export function planned({ disclosure, request, exhibit, derivative }: Traced, standing: StandingPlan | undefined) {
  if (!disclosure || !request || !exhibit) throw new Problem('not-found')
  if (!standing)
    throw new Problem('not-ready', { detail: `The disclosure is ${disclosure.state}; nothing is planned.` })
  return { disclosure, request, exhibit, derivative, standing }
}
