/** A sweep that has not ended well for two of its periods is late: locks are lengthened and losses noticed by it alone. */
import { periodOf, steps } from './sweep.ts'
import { alert, instantOf, type Sweeper } from './sweeper.ts'
import { sweeps } from './tables.ts'

export interface LateSweep {
  readonly name: string
  /** Undefined: never yet. */
  readonly finishedAt: Date | undefined
}

/** `since` is when somebody should have begun: a service that has just started is late with nothing. */
export async function lateSweeps(
  sweeper: Pick<Sweeper, 'db' | 'sweepPeriodMs'>,
  now: Date,
  since: Date,
): Promise<LateSweep[]> {
  const known = new Map((await sweeper.db.select().from(sweeps)).map(row => [row.name, row.finishedAt ?? undefined]))
  return Object.entries(steps).flatMap(([name, step]) => {
    const finishedAt = known.get(name)
    const last = Math.max((finishedAt ?? since).getTime(), 0)
    return now.getTime() - last > 2 * periodOf(sweeper, step) ? [{ name, finishedAt }] : []
  })
}

/** Looks once a period and raises an alert in the log, in every process that serves or works, whichever of them sweeps. */
export function watchSweeps(sweeper: Sweeper, logError: (error: unknown) => void): Disposable {
  const since = instantOf(sweeper)
  const timer = setInterval(() => {
    lateSweeps(sweeper, instantOf(sweeper), since)
      .then(late => late.length > 0 && alert(sweeper, 'sweep.late', { sweeps: late }))
      .catch(logError)
  }, sweeper.sweepPeriodMs)
  timer.unref()
  return { [Symbol.dispose]: () => clearInterval(timer) }
}
