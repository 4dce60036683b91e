/** A copy that waits for a person, or a package that is ready, without a redaction having run: rows as they would stand, sealed bytes none. */
import { createHash } from 'node:crypto'
import { newId } from '../../service/custody/id.ts'
import { derivatives, disclosures } from '../../service/disclosure/tables.ts'
import { canonicalPlan, type RedactionPlan } from '../../service/redaction/plan.ts'
import { makeClip } from '../journeys/clips.ts'
import { acquireClip, demand, type Estate, type Receipt, recordIncident } from '../journeys/estate.ts'
import { certificateOf, plan as madePlan } from './package-support.ts'

export interface HeldCopy {
  readonly receipt: Receipt
  readonly requestId: string
  readonly disclosureId: string
  readonly plan: RedactionPlan
}

export async function holdCopy(estate: Estate, state: 'review' | 'ready', packageLen = 0): Promise<HeldCopy> {
  const receipt = await acquireClip(estate, await recordIncident(estate), await makeClip())
  const officer = await estate.as('officer', 'agency-a')
  const { requestId } = await officer.json<{ requestId: string }>('POST', '/v1/requests', demand(receipt.exhibitNumber))
  const plan = { ...madePlan, clip: { ...madePlan.clip, sha256: receipt.sha256 } }
  const [derivative, disclosureId, sha256] = ['EX-HELD', 'DS-HELD', createHash('sha256').update('held').digest('hex')]
  await estate.service.db.insert(derivatives).values({
    exhibitNumber: derivative,
    rootExhibitNumber: receipt.exhibitNumber,
    agencyId: 'agency-a',
    recipe: 'held',
    clipRef: 'held',
    sha256,
    len: 4,
    plan: canonicalPlan(plan),
    manifest: '{}',
    certificate: JSON.stringify(certificateOf(Buffer.from('held'))),
    req: newId(),
  })
  await estate.service.db.insert(disclosures).values({
    disclosureId,
    requestId,
    agencyId: 'agency-a',
    state,
    derivative,
    chain: receipt.chain,
    req: newId(),
    expiresAt: new Date(Date.now() + 86_400_000),
    ...(state === 'ready' && { packageRef: 'held', packageSha256: sha256, packageLen }),
  })
  return { receipt, requestId, disclosureId, plan }
}

/** What the chain says, opened. */
export async function saidIn(estate: Estate, chain: string) {
  return (await estate.service.ledger.chain(chain)).map(({ index, openings }) => ({
    index,
    ...(Object.fromEntries(openings.map(({ field, value }) => [field, value])) as {
      ev: string
      obj?: { sha256: string; len: number; role: string }
      pol?: { reasons?: string[] }
    }),
  }))
}
