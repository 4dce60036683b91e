/** Legal hold: placed by a person or by a request, with its entry in the same transaction, and ended by the clock where it lapses. */
import { and, asc, eq, isNull, lte } from 'drizzle-orm'
import type { Act } from '../custody/act.ts'
import { newId } from '../custody/id.ts'
import type { Ledger } from '../custody/ledger.ts'
import type { Db, Tx } from '../db.ts'
import { Problem } from '../http/problem.ts'
import type { Decision } from '../policy/decision.ts'
import { type Asker, type Court, keepDecision, type Permission, polOf, whoOf } from '../policy/judge.ts'
import { type ExhibitOfIncident, lockExhibit } from './exhibits.ts'
import { conflict, entryOf } from './hold-entries.ts'
import { lapsed } from './hold-wire.ts'
import { newNumber } from './numbers.ts'
import { custodian } from './openings.ts'
import { type Exhibit, exhibits, type Hold, type HoldAuthority, holds } from './tables.ts'

export { findHold, holdsOn } from './hold-rows.ts'

const dayMs = 86_400_000

/** What a person says of a hold that they place. */
export interface NewHold {
  readonly kind: Hold['kind']
  readonly caseRef: string
  /** On whose behalf. */
  readonly organisation: string
  readonly reason?: string
  readonly authority?: HoldAuthority
}

/** A hold that would be placed now, as policy is asked about it. */
export function unplaced({ kind, organisation }: Pick<NewHold, 'kind' | 'organisation'>, nowSeconds: number) {
  return { kind, organisation, placedAt: new Date(nowSeconds * 1000), lapsesAt: null, extensions: 0, confirmedAt: null }
}

/** Answers the hold's id. Throws `conflict`, recorded, when the exhibit was disposed of meanwhile. */
export async function placeHold(
  court: Court,
  asker: Asker,
  exhibit: Exhibit,
  hold: NewHold,
  { decision, req }: Permission,
  bind: (tx: Tx, holdId: string) => Promise<void>,
): Promise<string> {
  const { chain, exhibitNumber } = exhibit
  const row = newRow(court, asker, exhibitNumber, hold, decision, req)
  const staged = await court.db.transaction(async tx => {
    if ((await lockExhibit(tx, exhibitNumber))?.disposedAt !== null) return undefined
    await tx.insert(holds).values(row)
    await bind(tx, row.holdId)
    await keepDecision(tx, req, decision)
    return court.ledger.stage(tx, {
      ...entryOf(chain, req, row),
      ev: 'hold.placed',
      who: whoOf(asker),
      pol: polOf(decision),
    })
  })
  if (!staged) throw await conflict(court, asker, chain, { decision, req }, 'The exhibit was disposed of.')
  await court.ledger.recorded(staged)
  return row.holdId
}

/**
 * The hold that a request places on receipt, in the transaction that records the request, whatever is decided about the request itself. An
 * organisation has one on an exhibit, ever: those that file again find it and change nothing. `decision` answers `hold.request`.
 */
export async function holdForRequest(
  court: Court,
  tx: Tx,
  asker: Asker,
  { exhibitNumber, chain }: ExhibitOfIncident,
  request: { readonly requestId: string; readonly authority?: HoldAuthority },
  decision: Decision,
): Promise<void> {
  const req = newId()
  const act = { chain, req, who: whoOf(asker), pol: polOf(decision) }
  const exhibit = await lockExhibit(tx, exhibitNumber)
  if (decision.outcome !== 'permit') {
    await keepDecision(tx, req, decision)
    await court.ledger.stage(tx, { ...act, ev: 'access.refused' })
    return
  }
  if (exhibit?.disposedAt !== null) throw new Problem('conflict', { detail: 'The exhibit was disposed of.' })
  const { requestId: caseRef, authority } = request
  const hold = { kind: 'request', caseRef, organisation: asker.organisation, reason: 'request.received' } as const
  const row = newRow(court, asker, exhibitNumber, { ...hold, ...(authority && { authority }) }, decision, req)
  const placed = await tx.insert(holds).values(row).onConflictDoNothing().returning({ holdId: holds.holdId })
  if (placed.length === 0) return
  await keepDecision(tx, req, decision)
  await court.ledger.stage(tx, { ...entryOf(chain, req, row), ...act, ev: 'hold.placed' })
}

/** Writes down which holds the clock has ended, each with its entry. They were out of force before; answers how many. */
export async function lapseHolds(
  { db, ledger }: { readonly db: Db; readonly ledger: Ledger },
  now: Date,
  limit = 1_000,
): Promise<number> {
  const over = and(isNull(holds.liftedAt), lte(holds.lapsesAt, now))
  const due = await db
    .select({ holdId: holds.holdId, chain: exhibits.chain })
    .from(holds)
    .innerJoin(exhibits, eq(exhibits.exhibitNumber, holds.exhibitNumber))
    .where(over)
    .orderBy(asc(holds.lapsesAt), asc(holds.holdId))
    .limit(limit)
  let marked = 0
  for (const { holdId, chain } of due) {
    const req = newId()
    const staged = await db.transaction(async tx => {
      const set = { liftedBy: clock.subject, liftedAt: now, liftReason: lapsed }
      const [row] = await tx
        .update(holds)
        .set(set)
        .where(and(eq(holds.holdId, holdId), over))
        .returning()
      // Nobody decided anything here: the days were laid down when it was placed.
      const pol = { bundle: '', data: '', input: '', outcome: 'permit', reasons: [lapsed] }
      return row && ledger.stage(tx, { ...entryOf(chain, req, row, null), ev: 'hold.lifted', who: clock, pol })
    })
    if (!staged) continue
    await ledger.recorded(staged)
    marked++
  }
  return marked
}

const clock: Act['who'] = { subject: 'worker', organisation: custodian, credential: 'service' }

function newRow(
  court: Court,
  asker: Asker,
  exhibitNumber: string,
  { kind, caseRef, organisation, reason, authority }: NewHold,
  { obligations: { holdDays } }: Decision,
  req: string,
): Hold {
  const placedAt = new Date(court.nowSeconds() * 1000)
  return {
    holdId: newNumber('HD'),
    exhibitNumber,
    caseRef,
    kind,
    organisation,
    reason: reason ?? '',
    authority: authority ?? null,
    placedBy: asker.subject,
    placedAt,
    lapsesAt: holdDays === 0 ? null : new Date(placedAt.getTime() + holdDays * dayMs),
    extensions: 0,
    confirmedBy: null,
    confirmedAt: null,
    liftedBy: null,
    liftedAt: null,
    liftReason: null,
    liftAuthority: null,
    req,
  }
}
