/** pg-boss on either engine. A job is queued in the act's own transaction; its handler lives in the room that orchestrates it. */
import { sql } from 'drizzle-orm'
import { fromDrizzle, fromPglite, PgBoss } from 'pg-boss'
import type { Database, Tx } from './db.ts'

type JobName = 'disclosure.prepare' | 'disclosure.abandoned' | 'oversight.sweep'

export interface Jobs extends AsyncDisposable {
  /** Takes effect when `tx` commits, and never if it rolls back. */
  send(tx: Tx, name: JobName, data: { id: string }): Promise<void>
  /** Runs `handler` for one job at a time. The signal fires on shutdown; an unfinished job is tried again by whoever is next. */
  work(name: JobName, handler: (data: { id: string }, signal: AbortSignal) => Promise<void>): Promise<void>
  /** Queues the job at each of those minutes of the hour, once for all processes; a run that fails waits for the next. */
  every(name: JobName, minutes: number): Promise<void>
}

const names: JobName[] = ['disclosure.prepare', 'disclosure.abandoned', 'oversight.sweep']
/** An outage of hours is waited out; after that the job lands in the queue of the abandoned. */
const retries = {
  retryLimit: 60,
  retryDelay: 1,
  retryBackoff: true,
  retryDelayMax: 300,
  expireInSeconds: 4 * 3600,
  heartbeatSeconds: 60,
}

/** `log` hears of trouble that no caller awaits. */
export async function openJobs(database: Database, databaseUrl: string, log: (error: unknown) => void): Promise<Jobs> {
  const boss = new PgBoss({
    ...(database.pglite
      ? { db: fromPglite(database.pglite), backend: 'pglite' as const }
      : {
          connectionString: databaseUrl,
          max: 4,
          application_name: 'custos jobs',
          // Its schema is the owner's (install.ts).
          migrate: false,
          createSchema: false,
          reindex: false,
        }),
    schema: 'jobs',
  })
  boss.on('error', log)
  await boss.start()
  await boss.createQueue('disclosure.abandoned', { ...retries, retryLimit: 1000 })
  await boss.createQueue('disclosure.prepare', { ...retries, deadLetter: 'disclosure.abandoned' })
  await boss.createQueue('oversight.sweep', { ...retries, policy: 'stately', retryLimit: 0 })
  // pg-boss looks a queue up before its first job. Inside an act's transaction PGlite's one connection is taken, and it would wait for ever.
  for (const name of names) await boss.findJobs(name, { id: '00000000-0000-0000-0000-000000000000' })
  const stopping = new AbortController()
  return {
    async send(tx, name, data) {
      await boss.send(name, data, { db: fromDrizzle(tx as never, sql) })
    },
    async work(name, handler) {
      await boss.work<{ id: string }>(name, { pollingIntervalSeconds: 0.5, batchSize: 1 }, async jobs => {
        for (const job of jobs) await handler(job.data, AbortSignal.any([stopping.signal, job.signal]))
      })
    },
    async every(name, minutes) {
      await boss.schedule(name, minutes === 60 ? '0 * * * *' : `*/${minutes} * * * *`, { id: 'all' })
    },
    async [Symbol.asyncDispose]() {
      stopping.abort(new Error('the worker is shutting down'))
      await boss.stop({ graceful: true, timeout: 20_000, close: true })
    },
  }
}
