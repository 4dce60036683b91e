/** Judges an act and keeps the decision. A refusal is recorded in the ledger before anybody hears of it. */
import { createHash } from 'node:crypto'
import type { Act } from '../custody/act.ts'
import { newId } from '../custody/id.ts'
import type { Ledger } from '../custody/ledger.ts'
import type { Db, Tx } from '../db.ts'
import { Problem } from '../http/problem.ts'
import type { Decision } from './decision.ts'
import type { Facts } from './facts.ts'
import type { Policy } from './policy.ts'
import { decisions } from './tables.ts'

/** Who asks, as identity verified it. */
export interface Asker {
  readonly subject: string
  readonly organisation: string
  readonly roles: readonly string[]
  readonly assurance: number
  readonly credential: string
}

export interface Court {
  readonly db: Db
  readonly ledger: Ledger
  readonly policy: Policy
  /** Seconds since the epoch: policy has no clock of its own. */
  readonly nowSeconds: () => number
}

export type AccessAction = Facts['action']
/** What only this act knows; who and when are added here. */
export type Circumstances = Omit<Facts, 'action' | 'subject' | 'roles' | 'organisation' | 'assurance' | 'time'>

export const whoOf = ({ subject, organisation, credential }: Asker): Act['who'] => ({
  subject,
  organisation,
  credential,
})

export function polOf(decision: Decision, purpose?: string): NonNullable<Act['pol']> {
  const { bundle, data, inputDigest: input, outcome, reasons } = decision
  const answer = createHash('sha256').update(decision.answer).digest('hex')
  return {
    bundle,
    data,
    input,
    answer,
    outcome,
    ...(purpose !== undefined && { purpose }),
    ...(reasons.length > 0 && { reasons }),
  }
}

export function factsOf(court: Court, asker: Asker, action: AccessAction, circumstances: Circumstances): Facts {
  const { subject, roles, organisation, assurance } = asker
  return {
    action,
    subject,
    roles: [...roles].sort(),
    organisation,
    assurance,
    time: court.nowSeconds(),
    ...circumstances,
  } as Facts
}

/** Keeps a decision in the transaction of the act it permits or of the entry that refuses it. */
export async function keepDecision(tx: Tx, req: string, decision: Decision): Promise<void> {
  const { rule, outcome, answer, bundle, data, inputDigest, input } = decision
  await tx.insert(decisions).values({ req, rule, outcome, bundle, data, inputDigest, input, answer })
}

export interface Permission {
  readonly decision: Decision
  /** The act: its entry and its decision carry this id. */
  readonly req: string
}

/**
 * Asks the access rule. Resolves when it permits; the caller then keeps the decision with its own act, or by `recordAccess`. Otherwise the
 * refusal is recorded on `chain`, and `refused-by-policy` is thrown with its reasons and ledger index: `not-found` when the reason is
 * that the thing belongs to someone else.
 */
export async function demand(
  court: Court,
  asker: Asker,
  action: AccessAction,
  chain: string,
  circumstances: Circumstances,
): Promise<Permission> {
  const decision = court.policy.decide('access', factsOf(court, asker, action, circumstances))
  const req = newId()
  if (decision.outcome === 'permit') return { decision, req }
  return await refuse(court, asker, chain, { decision, req }, decision.reasons)
}

/**
 * Asks about an act that is not known in full yet, and permits nothing: `demand` follows once it is. Throws as `demand` does where policy has
 * another reason than the `awaited` ones, which what is still unread may take away. The entry has all reasons, the caller hears the others.
 */
export async function demandEarly(
  court: Court,
  asker: Asker,
  action: AccessAction,
  chain: string,
  circumstances: Circumstances,
  awaited: readonly string[],
): Promise<void> {
  const decision = court.policy.decide('access', factsOf(court, asker, action, circumstances))
  const reasons = decision.reasons.filter(reason => !awaited.includes(reason))
  if (decision.outcome === 'permit' || (reasons.length === 0 && decision.reasons.length > 0)) return
  await refuse(court, asker, chain, { decision, req: newId() }, reasons)
}

async function refuse(
  court: Court,
  asker: Asker,
  chain: string,
  { decision, req }: Permission,
  reasons: readonly string[],
): Promise<never> {
  const staged = await court.db.transaction(async tx => {
    await keepDecision(tx, req, decision)
    return court.ledger.stage(tx, { chain, req, ev: 'access.refused', who: whoOf(asker), pol: polOf(decision) })
  })
  const { index: ledgerIndex } = await court.ledger.recorded(staged)
  if (reasons.includes('tenant.mismatch')) throw new Problem('not-found')
  throw new Problem('refused-by-policy', { reasons, ledgerIndex })
}

/** Like `demand`, and the look itself is recorded before it resolves. */
export async function demandAndRecord(
  court: Court,
  asker: Asker,
  action: AccessAction,
  chain: string,
  circumstances: Circumstances,
) {
  const { decision, req } = await demand(court, asker, action, chain, circumstances)
  const staged = await court.db.transaction(async tx => {
    await keepDecision(tx, req, decision)
    return court.ledger.stage(tx, { chain, req, ev: 'access.permitted', who: whoOf(asker), pol: polOf(decision) })
  })
  return { decision, recorded: await court.ledger.recorded(staged) }
}
