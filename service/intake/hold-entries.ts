/** How holds stand in the ledger. */
import { createHash } from 'node:crypto'
import { Problem } from '../http/problem.ts'
import { type Asker, type Court, keepDecision, type Permission, polOf, whoOf } from '../policy/judge.ts'
import { holdRecord } from './hold-wire.ts'
import type { Hold, HoldAuthority } from './tables.ts'

/** What every entry about a hold carries: the hold as it stands after the act, and the authority behind it. */
export function entryOf(chain: string, req: string, row: Hold, legal: HoldAuthority | null = row.authority) {
  const record = holdRecord(row)
  const obj = { sha256: createHash('sha256').update(record).digest('hex'), len: record.length, role: 'hold' as const }
  return { chain, req, obj, ...(legal && { legal: { ...legal } }) }
}

/** Policy permitted it, the state did not: refused on the record, and the problem to throw. */
export async function conflict(
  court: Court,
  asker: Asker,
  chain: string,
  { decision, req }: Permission,
  detail: string,
): Promise<Problem> {
  const staged = await court.db.transaction(async tx => {
    await keepDecision(tx, req, decision)
    const pol = { ...polOf(decision), outcome: 'refuse', reasons: ['conflict'] }
    return court.ledger.stage(tx, { chain, req, ev: 'access.refused', who: whoOf(asker), pol })
  })
  const { index } = await court.ledger.recorded(staged)
  return new Problem('conflict', { detail }).recordedAt(index)
}
