/** What tests of holds share: an estate whose clock the test moves, with one exhibit in it. */
import type { ApiProblem, Client } from '../../service/cli/client.ts'
import { makeClip } from './clips.ts'
import { acquireClip, demand, type Estate, openEstate, type Receipt, recordIncident } from './estate.ts'
import { movingClock } from './moving-clock.ts'

export type Clock = ReturnType<typeof movingClock>

export interface Hold {
  readonly holdId: string
  readonly state: 'in-force' | 'lapsed' | 'lifted'
  readonly kind: string
  readonly organisation: string
  readonly placedAt: string
  readonly lapsesAt?: string
  readonly extensions: number
  readonly confirmedBy?: string
  readonly liftReason?: string
}

export interface Held extends AsyncDisposable {
  readonly clock: Clock
  readonly estate: Estate
  readonly receipt: Receipt
  readonly manager: Client
  readonly officer: Client
}

export async function openHeld(start = '2026-06-01T00:00:00Z'): Promise<Held> {
  const clock = movingClock(start)
  const estate = await openEstate({ nowSeconds: clock.nowSeconds })
  return {
    clock,
    estate,
    receipt: await acquireClip(estate, await recordIncident(estate), await makeClip()),
    manager: await estate.as('records-manager', 'custodian'),
    officer: await estate.as('officer', 'agency-a'),
    [Symbol.asyncDispose]: () => estate[Symbol.asyncDispose](),
  }
}

/** A hold that policy permits, of whatever kind. */
export function newHold(clock: Clock, kind: 'preservation' | 'litigation' | 'court-order' = 'litigation') {
  const type = { preservation: 'preservation-request', litigation: 'litigation-notice', 'court-order': 'court-order' }
  return {
    kind,
    caseRef: '2 O 117/26',
    organisation: 'district-court',
    reason: 'A claim was announced over the events that this clip shows.',
    authority: { type: type[kind], identifier: 'LN-1', issuer: 'legal-department', issuedAt: instantOf(clock) },
  }
}

export const instantOf = (clock: Clock): string => clock.date().toISOString()

/** A request that policy permits at the clock's time. */
export function demandAt(clock: Clock, exhibitNumber: string) {
  const asked = demand(exhibitNumber)
  return { ...asked, authority: { ...asked.authority, issuedAt: instantOf(clock) } }
}

/** What the client was refused with. */
export async function refusal(answer: Promise<unknown>): Promise<ApiProblem['problem']> {
  return await answer.then(
    value => Promise.reject(new Error(`not refused: ${JSON.stringify(value)}`)),
    (error: ApiProblem) => error.problem ?? Promise.reject(error),
  )
}

export async function holdsOf({ manager, receipt }: Held): Promise<Hold[]> {
  return (await manager.json<{ holds: Hold[] }>('GET', `/v1/exhibits/${receipt.exhibitNumber}/holds`)).holds
}

/** What the entries on the exhibit's chain say, field by field. */
export async function entriesOf({ estate, receipt }: Held) {
  return (await estate.service.ledger.chain(receipt.chain)).map(({ index, openings }) => ({
    index,
    ...(Object.fromEntries(openings.map(({ field, value }) => [field, value])) as { ev: string }),
  }))
}
