/** Starts a disclosure: judged, its row, its job and nothing else in one transaction. */
import { newId } from '../custody/id.ts'
import type { Tx } from '../db.ts'
import { Problem } from '../http/problem.ts'
import { findExhibit } from '../intake/exhibits.ts'
import { exhibitFacts } from '../intake/facts.ts'
import { newNumber } from '../intake/numbers.ts'
import type { Jobs } from '../jobs.ts'
import { type Asker, demandAndRecord } from '../policy/judge.ts'
import { agencyFacts, obligationsOf, requestFacts } from './facts.ts'
import type { Releasing } from './release.ts'
import { disclosures, type Request } from './tables.ts'

export interface Disclosing extends Releasing {
  readonly jobs: Jobs
}

/** Answers the disclosure's id. The demand to have it made is an access of its own in the exhibit's chain. */
export async function startDisclosure(
  parts: Disclosing,
  asker: Asker,
  request: Request | undefined,
  bind: (tx: Tx, disclosureId: string) => Promise<void>,
): Promise<string> {
  const exhibit = request && (await findExhibit(parts, request.exhibitNumber))
  await demandAndRecord(parts, asker, 'disclosure.prepare', request?.chain ?? parts.houseChain, {
    exhibit: exhibitFacts(exhibit),
    ...requestFacts(request),
    ...agencyFacts(parts.agencies, request?.agencyId ?? asker.organisation),
  })
  if (!request) throw new Problem('not-found')
  const disclosureId = newNumber('DS')
  await parts.db.transaction(async tx => {
    // First, as every act does: of two acts with one key neither may hold the request that the other waits for.
    await bind(tx, disclosureId)
    await tx.insert(disclosures).values({
      disclosureId,
      requestId: request.requestId,
      agencyId: request.agencyId,
      state: 'queued',
      chain: request.chain,
      req: newId(),
      expiresAt: new Date((parts.nowSeconds() + obligationsOf(request).expiresAfterDays * 86_400) * 1000),
    })
    await parts.jobs.send(tx, 'disclosure.prepare', { id: disclosureId })
  })
  return disclosureId
}
