/** What a person does to a hold that was placed: extended, confirmed, lifted, each with its entry in the same transaction. */
import { and, eq, isNull, type SQL } from 'drizzle-orm'
import type { Tx } from '../db.ts'
import { type Asker, type Court, keepDecision, type Permission, polOf, whoOf } from '../policy/judge.ts'
import { lockExhibit } from './exhibits.ts'
import { conflict, entryOf } from './hold-entries.ts'
import { inForce } from './hold-rows.ts'
import { type Hold, type HoldAuthority, holds } from './tables.ts'

const dayMs = 86_400_000

/** A hold and the chain that its exhibit's entries stand in. */
export interface Held {
  readonly hold: Hold
  readonly chain: string
}

type Bind = (tx: Tx) => Promise<void>

/** By the policy's days from its former end. Throws `conflict`, recorded, when it is over, or was changed since policy saw it. */
export async function extendHold(court: Court, asker: Asker, held: Held, permission: Permission, bind: Bind) {
  const { lapsesAt, extensions } = held.hold
  const until = new Date(lapsesAt!.getTime() + permission.decision.obligations.holdDays * dayMs)
  await change(court, asker, held, permission, bind, {
    ev: 'hold.placed',
    said: 'hold.extended',
    set: { lapsesAt: until, extensions: extensions + 1 },
    // Policy counted these: of two at once, one has the last extension.
    unless: and(eq(holds.extensions, extensions), eq(holds.lapsesAt, lapsesAt!)),
  })
}

/** From then on it stays until it is lifted. Throws `conflict`, recorded, when it is over or was confirmed before. */
export async function confirmHold(court: Court, asker: Asker, held: Held, permission: Permission, bind: Bind) {
  const confirmedAt = new Date(court.nowSeconds() * 1000)
  await change(court, asker, held, permission, bind, {
    ev: 'hold.placed',
    said: 'hold.confirmed',
    set: { confirmedBy: asker.subject, confirmedAt, lapsesAt: null },
    unless: isNull(holds.confirmedAt),
  })
}

export interface Lift {
  readonly reason: string
  readonly authority?: HoldAuthority
}

/** Throws `conflict`, recorded, when it is over. */
export async function liftHold(
  court: Court,
  asker: Asker,
  held: Held,
  { reason: liftReason, authority }: Lift,
  permission: Permission,
  bind: Bind,
) {
  const liftedAt = new Date(court.nowSeconds() * 1000)
  await change(court, asker, held, permission, bind, {
    ev: 'hold.lifted',
    set: { liftedBy: asker.subject, liftedAt, liftReason, ...(authority && { liftAuthority: authority }) },
    legal: authority,
  })
}

interface Change {
  readonly ev: 'hold.placed' | 'hold.lifted'
  /** What was done to it, where the event's name does not say. */
  readonly said?: string
  readonly set: Partial<Hold>
  readonly unless?: SQL | undefined
  readonly legal?: HoldAuthority | undefined
}

async function change(court: Court, asker: Asker, held: Held, permission: Permission, bind: Bind, what: Change) {
  const { hold, chain } = held
  const { decision, req } = permission
  const now = new Date(court.nowSeconds() * 1000)
  const changing = court.db.transaction(async tx => {
    await lockExhibit(tx, hold.exhibitNumber)
    // Before the change: a twin with the same key then finds the key taken, and not a hold that is over.
    await bind(tx)
    const same = and(eq(holds.holdId, hold.holdId), inForce(now), what.unless)
    const [row] = await tx.update(holds).set(what.set).where(same).returning()
    if (!row) throw new Unchanged()
    await keepDecision(tx, req, decision)
    return court.ledger.stage(tx, {
      ...entryOf(chain, req, row, what.legal ?? null),
      ev: what.ev,
      who: whoOf(asker),
      pol: { ...polOf(decision), ...(what.said && { reasons: [what.said] }) },
    })
  })
  const staged = await changing.catch(async error => {
    if (!(error instanceof Unchanged)) throw error
    throw await conflict(court, asker, chain, permission, 'The hold is over, or was changed meanwhile.')
  })
  await court.ledger.recorded(staged)
}

class Unchanged extends Error {}
