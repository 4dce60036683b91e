/** The dry run: what a disposal would take, and what policy says of it. Changes nothing. */
import { inArray } from 'drizzle-orm'
import { worker } from '../disclosure/derive.ts'
import { dueForDisposal, type ExhibitOfIncident } from '../intake/exhibits.ts'
import { exhibitFacts } from '../intake/facts.ts'
import { factsOf } from '../policy/judge.ts'
import { noticeMs } from './disposal.ts'
import { instantOf, type Sweeper } from './sweeper.ts'
import { disposals } from './tables.ts'

export interface DueExhibit {
  readonly exhibitNumber: string
  readonly retainUntil: string
  readonly outcome: 'permit' | 'refuse'
  /** Why policy would not dispose of it. */
  readonly reasons: readonly string[]
  /** Reported, and then a day in which a hold can be placed; from now on where it is not reported yet. */
  readonly disposedNotBefore: string
}

export const mostReported = 1_000
const pageSize = 500
/** Of those that policy keeps, so that however many they are, the others are seen. */
export const mostRefused = 100

/** The longest due first. */
export async function disposalReport(sweeper: Omit<Sweeper, 'vault'>): Promise<DueExhibit[]> {
  const now = instantOf(sweeper)
  const report: DueExhibit[] = []
  let refused = 0
  for (let last: ExhibitOfIncident | undefined; report.length < mostReported; ) {
    const due = await dueForDisposal(sweeper.db, now, pageSize, last)
    last = due.at(-1)
    if (!last) break
    const reported = await reportedAt(sweeper, due)
    for (const exhibit of due) {
      const described = describe(sweeper, exhibit, reported.get(exhibit.exhibitNumber) ?? now)
      if (described.outcome === 'refuse' && ++refused > mostRefused) continue
      report.push(described)
    }
  }
  return report.slice(0, mostReported)
}

async function reportedAt({ db }: Pick<Sweeper, 'db'>, due: readonly ExhibitOfIncident[]): Promise<Map<string, Date>> {
  const numbers = due.map(exhibit => exhibit.exhibitNumber)
  const rows = await db.select().from(disposals).where(inArray(disposals.exhibitNumber, numbers))
  return new Map(rows.map(row => [row.exhibitNumber, row.reportedAt]))
}

function describe(sweeper: Omit<Sweeper, 'vault'>, exhibit: ExhibitOfIncident, reportedAt: Date): DueExhibit {
  const facts = factsOf(sweeper, worker, 'exhibit.dispose', { exhibit: exhibitFacts(exhibit) })
  const { outcome, reasons } = sweeper.policy.decide('access', facts)
  return {
    exhibitNumber: exhibit.exhibitNumber,
    retainUntil: exhibit.retainUntil.toISOString(),
    outcome,
    reasons,
    disposedNotBefore: new Date(reportedAt.getTime() + noticeMs).toISOString(),
  }
}
