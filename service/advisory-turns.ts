/** One at a time for a name among all processes: session-level advisory locks of PostgreSQL, on connections of their own. */
import { createHash } from 'node:crypto'
import pg from 'pg'
import { makeTurns, type Turns } from './turns.ts'

/** So many names at once; more wait inside the process, where waiting costs no connection. */
const maxConnections = 8
/** A clip of 5 GB that is put at 20 MB/s takes 250 s. */
const defaultWaitMs = 300_000

export interface AdvisoryTurns extends AsyncDisposable {
  readonly exclusive: Turns
}

/** `url` is the database's; another database has names of its own. Work may take long, waiting ends as an error that `isOutage` knows. */
export function openAdvisoryTurns(url: string, waitMs = defaultWaitMs): AdvisoryTurns {
  const pool = new pg.Pool({
    connectionString: url,
    application_name: 'custos turns',
    max: maxConnections,
    connectionTimeoutMillis: 5_000,
    keepAlive: true,
    keepAliveInitialDelayMillis: 10_000,
    // The connection idles while the work runs, and an idle one that is ended gives its lock away.
    options: `-c statement_timeout=0 -c idle_session_timeout=0 -c lock_timeout=${waitMs}`,
  })
  pool.on('error', () => {})
  pool.on('connect', client => client.on('error', () => {}))
  const own = makeTurns(1, waitMs)
  const connections = makeTurns(maxConnections, waitMs)

  async function locked<T>(name: string, work: () => Promise<T>): Promise<T> {
    const key = lockKey(name)
    const client = await pool.connect()
    // A connection that is not known to have given its lock back is closed, which gives it back.
    let broken = true
    try {
      await client.query('select pg_advisory_lock($1)', [key])
      try {
        return await work()
      } finally {
        broken = await client.query('select pg_advisory_unlock($1) as ours', [key]).then(
          ({ rows }) => rows[0]?.ours !== true,
          () => true,
        )
      }
    } finally {
      client.release(broken)
    }
  }

  return {
    exclusive: (name, work) => own(name, () => connections('', () => locked(name, work))),
    [Symbol.asyncDispose]: () => pool.end(),
  }
}

function lockKey(name: string): string {
  return createHash('sha256').update(`custos-exclusive\0${name}`).digest().readBigInt64BE().toString()
}
