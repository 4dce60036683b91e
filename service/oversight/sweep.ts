/** The sweeps, one after another. A step that fails leaves the rest to run; its row then grows late, and a late row is an alert. */
import { sql } from 'drizzle-orm'
import { rowsOf } from '../db.ts'
import { lapseHolds } from '../intake/holds.ts'
import { disposeWhenDue } from './disposal.ts'
import { disposeOfUnneeded } from './dispose-unneeded.ts'
import { inspectStored, rereadStored } from './inspection.ts'
import { keepLocks } from './locks.ts'
import { removeStrangers } from './strangers.ts'
import { alert, dayMs, instantOf, type Sweeper } from './sweeper.ts'
import { type SweepReport, sweeps } from './tables.ts'

export interface Step {
  /** Longer than a sweep's own period, where it costs too much for that. */
  readonly everyMs?: number
  run(sweeper: Sweeper): Promise<SweepReport>
}

/**
 * In this order: holds are current before a lock is, locks are lengthened before anything slow is tried, and disposal comes last. Those that
 * take something away for good do so only by a clock that the database's confirms.
 */
export const steps: Readonly<Record<string, Step>> = {
  lapse: byTheClock(async sweeper => ({ lapsed: await lapseHolds(sweeper, instantOf(sweeper)) })),
  locks: { run: keepLocks },
  recover: {
    async run(sweeper) {
      const { stored, dropped, waiting, orphans } = await sweeper.vault.recover()
      if (orphans.length > 0) alert(sweeper, 'vault.orphans', { orphans })
      return { stored: stored.length, dropped: dropped.length, waiting: waiting.length, orphans: orphans.length }
    },
  },
  inspect: { run: inspectStored },
  reread: { run: rereadStored },
  dispose: byTheClock(disposeWhenDue),
  unneeded: byTheClock(disposeOfUnneeded),
  remove: byTheClock(async sweeper => {
    const { removed, locked, failed, error } = await sweeper.vault.removeDisposed(instantOf(sweeper))
    if (failed > 0) throw new Error(`${failed} disposed objects could not be removed`, { cause: error })
    return { removed, locked }
  }),
  strangers: { everyMs: dayMs, ...byTheClock(removeStrangers) },
}

const mostSkewMs = 300_000

/** A machine that is days ahead would see notice, retention and holds end that have not. */
function byTheClock(run: Step['run']): Step {
  return {
    async run(sweeper) {
      const [row] = await rowsOf(sweeper.database, sql`select extract(epoch from clock_timestamp()) * 1000 as now`)
      const skewMs = Math.abs(Date.now() - Number(row?.now))
      if (!(skewMs < mostSkewMs)) throw new Error(`the clock of this machine is ${skewMs} ms off the database's`)
      return await run(sweeper)
    },
  }
}

/** Runs every step that is due, or those named whether they are due or not. Answers the names of those that failed; why is in the log. */
export async function sweep(sweeper: Sweeper, names?: readonly string[]): Promise<string[]> {
  return await sweeper.database.exclusive('sweep', async () => {
    const failed: string[] = []
    for (const name of names ?? (await dueSteps(sweeper))) {
      try {
        await runStep(sweeper, name, steps[name]!)
      } catch (error) {
        failed.push(name)
        alert(sweeper, 'sweep.failed', { sweep: name, error: String(error), cause: causeOf(error) })
      }
    }
    return failed
  })
}

/** Half a sweep's period early rather than one late. */
async function dueSteps(sweeper: Sweeper): Promise<string[]> {
  const now = instantOf(sweeper).getTime() + sweeper.sweepPeriodMs / 2
  const finished = new Map(
    (await sweeper.db.select().from(sweeps)).map(row => [row.name, row.finishedAt?.getTime() ?? 0]),
  )
  return Object.entries(steps).flatMap(([name, { everyMs = 0 }]) =>
    now - (finished.get(name) ?? 0) >= everyMs ? [name] : [],
  )
}

async function runStep(sweeper: Sweeper, name: string, step: Step): Promise<void> {
  const periodMs = periodOf(sweeper, step)
  const started = { name, startedAt: instantOf(sweeper), periodMs }
  await sweeper.db.insert(sweeps).values(started).onConflictDoUpdate({ target: sweeps.name, set: started })
  const report = await step.run(sweeper)
  const done = { ...started, finishedAt: instantOf(sweeper), report }
  await sweeper.db.insert(sweeps).values(done).onConflictDoUpdate({ target: sweeps.name, set: done })
}

export function periodOf({ sweepPeriodMs }: Pick<Sweeper, 'sweepPeriodMs'>, { everyMs = 0 }: Step): number {
  return Math.max(sweepPeriodMs, everyMs)
}

function causeOf(error: unknown): string | undefined {
  const cause = error instanceof Error ? error.cause : undefined
  return cause === undefined ? undefined : String(cause instanceof Error && cause.cause ? cause.cause : cause)
}
