/** Erasure under the schedule: reported first, and done by a later sweep when nobody has objected by a hold. */
import { and, asc, eq, gt, isNull, lte } from 'drizzle-orm'
import { newId } from '../custody/id.ts'
import type { Tx } from '../db.ts'
import { copiesOf } from '../disclosure/copies.ts'
import { worker } from '../disclosure/derive.ts'
import { dueForDisposal, type ExhibitOfIncident, findExhibit, markDisposed } from '../intake/exhibits.ts'
import { exhibitFacts } from '../intake/facts.ts'
import { factsOf, keepDecision, polOf, whoOf } from '../policy/judge.ts'
import { keepersOf } from './keepers.ts'
import { dayMs, instantOf, type Sweeper } from './sweeper.ts'
import { disposals, type SweepReport } from './tables.ts'

/** Between the report and the deed, so that a person can place a hold. */
export const noticeMs = dayMs
const batch = 500

/** One exhibit that cannot be disposed of now keeps no other: the step fails at its end. */
export async function disposeWhenDue(sweeper: Sweeper): Promise<SweepReport> {
  const now = instantOf(sweeper)
  const report = { reported: await reportDue(sweeper, now), disposed: 0, withdrawn: 0 }
  let [failed, error] = [0, undefined as unknown]
  for (let after = ''; ; ) {
    const ripe = await ripeAfter(sweeper, after, now)
    const last = ripe.at(-1)
    if (last === undefined) break
    after = last
    for (const exhibitNumber of ripe) {
      try {
        report[(await disposeOrWithdraw(sweeper, exhibitNumber, now)) ? 'disposed' : 'withdrawn']++
      } catch (cause) {
        failed++
        error ??= cause
      }
    }
  }
  if (failed > 0) throw new Error(`${failed} exhibits could not be disposed of`, { cause: error })
  return report
}

async function reportDue({ db }: Sweeper, now: Date): Promise<number> {
  let reported = 0
  for (let last: ExhibitOfIncident | undefined; ; ) {
    const due = await dueForDisposal(db, now, batch, last)
    last = due.at(-1)
    if (!last) return reported
    const rows = due.map(({ exhibitNumber }) => ({ exhibitNumber, reportedAt: now }))
    reported += (await db.insert(disposals).values(rows).onConflictDoNothing().returning()).length
  }
}

async function ripeAfter({ db }: Sweeper, after: string, now: Date): Promise<string[]> {
  const noticed = lte(disposals.reportedAt, new Date(now.getTime() - noticeMs))
  const rows = await db
    .select()
    .from(disposals)
    .where(and(isNull(disposals.disposedAt), noticed, gt(disposals.exhibitNumber, after)))
    .orderBy(asc(disposals.exhibitNumber))
    .limit(batch)
  return rows.map(row => row.exhibitNumber)
}

async function disposeOrWithdraw(sweeper: Sweeper, exhibitNumber: string, now: Date): Promise<boolean> {
  const exhibit = (await findExhibit(sweeper, exhibitNumber))!
  if (await dispose(sweeper, exhibit, now)) return true
  // Held meanwhile, or the schedule has grown: when it is due again, it is reported again.
  const own = and(eq(disposals.exhibitNumber, exhibitNumber), isNull(disposals.disposedAt))
  await sweeper.db.delete(disposals).where(own)
  return false
}

/**
 * Destroys the keys of the master and of every copy that no other exhibit needs; the entry names both kinds. False when policy says no, or
 * somebody was faster.
 */
export async function dispose(sweeper: Sweeper, exhibit: ExhibitOfIncident, now: Date): Promise<boolean> {
  const { exhibitNumber, chain, sha256, len } = exhibit
  const facts = factsOf(sweeper, worker, 'exhibit.dispose', { exhibit: exhibitFacts(exhibit) })
  const decision = sweeper.policy.decide('access', facts)
  if (decision.outcome !== 'permit') return false
  const req = newId()
  const staged = await sweeper.db.transaction(async tx => {
    if (!(await markDisposed(tx, exhibitNumber, now))) return undefined
    const clipRefs = [exhibit.clipRef, ...(await copiesOf(tx, exhibitNumber))].sort()
    const destroyed: string[] = []
    for (const clipRef of clipRefs) if (await destroyUnlessNeeded(sweeper, tx, clipRef, now)) destroyed.push(clipRef)
    await tx.update(disposals).set({ disposedAt: now }).where(eq(disposals.exhibitNumber, exhibitNumber))
    await keepDecision(tx, req, decision)
    return sweeper.ledger.stage(tx, {
      chain,
      req,
      ev: 'exhibit.disposed',
      who: whoOf(worker),
      pol: polOf(decision),
      obj: { sha256, len, role: 'master' },
      legal: {
        type: 'retention-schedule',
        scope: [exhibit.jurisdiction, exhibit.incidentType, exhibit.severity].join('/'),
        ...erasure(sweeper, destroyed, now),
        // Another exhibit, of the same clip, still needs these.
        shared: clipRefs.filter(ref => !destroyed.includes(ref)),
      },
    })
  })
  if (!staged) return false
  await sweeper.ledger.recorded(staged)
  return true
}

/** Until `effectiveBy` a backup of the table of wrapped keys could bring a key back. */
export function erasure({ keyBackupDays }: Sweeper, destroyed: readonly string[], now: Date): object {
  if (destroyed.length === 0) return { destroyed }
  return { destroyed, effectiveBy: new Date(now.getTime() + keyBackupDays * dayMs).toISOString() }
}

/** The claim comes before the question: whoever would name the object meanwhile waits, and then finds it gone. */
export async function destroyUnlessNeeded({ vault }: Sweeper, tx: Tx, clipRef: string, now: Date): Promise<boolean> {
  if (!(await vault.claim(tx, clipRef))) return false
  if ((await keepersOf(tx, [clipRef], now)).has(clipRef)) return false
  return await vault.destroy(tx, clipRef, now)
}
