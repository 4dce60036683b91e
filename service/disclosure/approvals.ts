/** Approvals that policy makes an obligation: by people of the custodian, each counted once. */
import { and, eq, not, sql } from 'drizzle-orm'
import type { Tx } from '../db.ts'
import { Problem } from '../http/problem.ts'
import { type Asker, type Court, keepDecision, type Permission, polOf, whoOf } from '../policy/judge.ts'
import { type Request, requests } from './tables.ts'

/** Throws `conflict` when this person approved it before. */
export async function approveRequest(
  court: Court,
  asker: Asker,
  request: Request,
  { decision, req }: Permission,
  bind: (tx: Tx, req: string) => Promise<void>,
): Promise<void> {
  if (asker.subject === request.subject)
    throw new Problem('conflict', { detail: 'Nobody approves a request of their own.' })
  const staged = await court.db.transaction(async tx => {
    await bind(tx, req)
    const approved = await tx
      .update(requests)
      .set({ approvedBy: sql`array_append(${requests.approvedBy}, ${asker.subject})` })
      .where(and(eq(requests.requestId, request.requestId), not(sql`${asker.subject} = any(${requests.approvedBy})`)))
      .returning({ id: requests.requestId })
    if (approved.length === 0) throw new Problem('conflict', { detail: 'You approved this request before.' })
    await keepDecision(tx, req, decision)
    return court.ledger.stage(tx, {
      chain: request.chain,
      req,
      ev: 'request.approved',
      who: whoOf(asker),
      pol: polOf(decision, request.filed.purpose),
    })
  })
  await court.ledger.recorded(staged)
}
