/** A request is filed, judged and recorded in one transaction, whatever the answer. */
import { createHash } from 'node:crypto'
import { canonicalJson } from '../custody/canonical.ts'
import { newId } from '../custody/id.ts'
import type { Tx } from '../db.ts'
import { Problem } from '../http/problem.ts'
import type { ExhibitOfIncident } from '../intake/exhibits.ts'
import { exhibitFacts, holdFacts } from '../intake/facts.ts'
import { holdForRequest, unplaced } from '../intake/holds.ts'
import { newNumber } from '../intake/numbers.ts'
import type { Decision } from '../policy/decision.ts'
import { type Asker, type Court, demand, factsOf, keepDecision, polOf, whoOf } from '../policy/judge.ts'
import type { Agencies } from './agencies.ts'
import { agencyFacts, requestFacts, statedFacts } from './facts.ts'
import { type Filed, type Request, requests } from './tables.ts'

/** Answers the request's id when policy permits. Throws `refused-by-policy`, with reasons and ledger index, after the refusal is durable. */
export async function fileRequest(
  court: Court,
  agencies: Agencies,
  asker: Asker,
  exhibit: ExhibitOfIncident,
  filed: Filed,
  bind: (tx: Tx, requestId: string) => Promise<void>,
): Promise<string> {
  const decision = court.policy.decide(
    'disclosure',
    factsOf(court, asker, 'request.file', {
      ...statedFacts(filed),
      exhibit: exhibitFacts(exhibit),
      ...agencyFacts(agencies, asker.organisation),
    }),
  )
  // Whatever becomes of the request: what somebody with standing asked for is not erased under their eyes.
  const holding = court.policy.decide(
    'access',
    factsOf(court, asker, 'hold.request', {
      exhibit: exhibitFacts(exhibit),
      hold: holdFacts(unplaced({ kind: 'request', organisation: asker.organisation }, court.nowSeconds())),
      ...agencyFacts(agencies, asker.organisation),
    }),
  )
  const requestId = newNumber('RQ')
  const req = newId()
  const permitted = decision.outcome === 'permit'
  const record = canonicalJson({ requestId, exhibitNumber: exhibit.exhibitNumber, ...filed })
  const common = { chain: exhibit.chain, req, who: whoOf(asker), ...(filed.authority && { legal: filed.authority }) }
  const obj = {
    sha256: createHash('sha256').update(record).digest('hex'),
    len: record.length,
    role: 'request',
  } as const
  const staged = await court.db.transaction(async tx => {
    await tx.insert(requests).values({
      requestId,
      agencyId: asker.organisation,
      exhibitNumber: exhibit.exhibitNumber,
      subject: asker.subject,
      filed,
      state: permitted ? 'permitted' : 'refused',
      decision: JSON.stringify(decision),
      chain: exhibit.chain,
      req,
      expiresAt: new Date((court.nowSeconds() + decision.obligations.expiresAfterDays * 86_400) * 1000),
    })
    await bind(tx, requestId)
    await keepDecision(tx, req, decision)
    await court.ledger.stage(tx, { ...common, ev: 'request.received', obj })
    await holdForRequest(court, tx, asker, exhibit, { requestId, ...filed }, holding)
    const ev = permitted ? 'request.approved' : 'request.refused'
    return court.ledger.stage(tx, { ...common, ev, obj, pol: polOf(decision, filed.purpose) })
  })
  const { index } = await court.ledger.recorded(staged)
  if (!permitted) throw new Problem('refused-by-policy', { reasons: decision.reasons, ledgerIndex: index })
  return requestId
}

/** A repeated filing is judged as a read, waits until its entry is durable, and is refused as it was refused. */
export async function answerAgain(court: Court, asker: Asker, request: Request): Promise<void> {
  await demand(court, asker, 'request.read', request.chain, requestFacts(request))
  const refused = request.state === 'refused'
  const { index } = await court.ledger.entryOf(request.req, refused ? 'request.refused' : 'request.approved')
  const { reasons } = JSON.parse(request.decision) as Decision
  if (refused) throw new Problem('refused-by-policy', { reasons, ledgerIndex: index })
}
