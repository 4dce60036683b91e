/** `custos doctor` on PostgreSQL, or on the embedded database while nobody else has it. */
import { type SQL, sql } from 'drizzle-orm'
import { PgBoss } from 'pg-boss'
import { assertMigrated, type Database, rowsOf } from '../db.ts'
import { lateSweeps } from '../oversight/late-sweeps.ts'
import { type Answer, type Check, fail, judgeSkew, ok, warn } from './doctor-check.ts'
import { judgeGrants } from './doctor-grants.ts'

/** What one `serve` or `work` opens at most: db.ts, jobs.ts, advisory-turns.ts. */
const connectionsEach = 22
const oldest = 150_000

/** `url` is needed for the queue, which connects by itself. */
export function databaseChecks(database: Database, url: string, sweepPeriodMs: number): Check[] {
  const checks: Check[] = [
    { name: 'migrations', run: () => checkMigrations(database) },
    { name: 'sweeps', run: () => checkSweeps(database, sweepPeriodMs) },
  ]
  if (database.engine === 'pglite') return [{ name: 'database', run: judgeEmbedded }, ...checks]
  return [
    { name: 'database', run: () => checkServer(database) },
    { name: 'durability', run: () => checkDurability(database) },
    { name: 'connections', run: () => checkConnections(database) },
    ...checks,
    { name: 'queue', run: () => checkQueue(url) },
    { name: 'grants', run: () => judgeGrants(database) },
  ]
}

async function judgeEmbedded(): Promise<Answer> {
  return warn(
    'embedded (PGlite), which never calls fsync and has no role of its own for the service',
    'set CUSTOS_DATABASE_URL to a PostgreSQL where a power cut must lose nothing',
  )
}

async function checkServer(database: Database): Promise<Answer> {
  const asked = Date.now()
  const row = await one(
    database,
    sql`select current_setting('server_version_num')::int as number, current_setting('server_version') as version, current_database() as name,
          pg_is_in_recovery() as standby, current_setting('transaction_read_only') as read_only,
          (extract(epoch from clock_timestamp()) * 1000)::float8 as now, current_setting('server_encoding') as encoding`,
  )
  const skewMs = Number(row.now) - (asked + Date.now()) / 2
  const says = `PostgreSQL ${row.version}, database ${row.name}`
  if (row.standby === true) return fail(`${says}: a standby`, 'let the name in CUSTOS_DATABASE_URL lead to the primary')
  if (row.read_only === 'on') return fail(`${says}: read only`, 'see default_transaction_read_only')
  if (Number(row.number) < oldest) return fail(says, 'PostgreSQL 15 or later is needed')
  if (row.encoding !== 'UTF8') return fail(`${says}, encoded as ${row.encoding}`, 'make the database with UTF8')
  return judgeSkew(says, skewMs, 'the clock of the store, and entries are dated by ours')
}

async function checkDurability(database: Database): Promise<Answer> {
  const row = await one(
    database,
    sql`select current_setting('fsync') as fsync, current_setting('full_page_writes') as pages, current_setting('synchronous_commit') as commit`,
  )
  const says = `fsync ${row.fsync}, full_page_writes ${row.pages}, synchronous_commit ${row.commit}`
  const off = Object.values(row).includes('off')
  return off ? fail(says, 'turn them on: a power cut would lose what was acknowledged') : ok(says)
}

async function checkConnections(database: Database): Promise<Answer> {
  const row = await one(
    database,
    sql`select current_setting('max_connections')::int - current_setting('superuser_reserved_connections')::int as most,
          (select count(*)::int from pg_stat_activity where backend_type = 'client backend') as used`,
  )
  const free = Number(row.most) - Number(row.used)
  const says = `${row.used} of ${row.most} in use`
  return free < connectionsEach
    ? warn(says, `one more serve or work opens up to ${connectionsEach}: raise max_connections`)
    : ok(says)
}

async function checkMigrations(database: Database): Promise<Answer> {
  await assertMigrated(database)
  const row = await one(database, sql`select count(*)::int as count, max(name) as newest from migrations`)
  return ok(`${row.count} applied, up to ${row.newest}`)
}

/** pg-boss refuses to start on a schema that is not the one it was written for. */
async function checkQueue(connectionString: string): Promise<Answer> {
  const boss = new PgBoss({
    connectionString,
    schema: 'jobs',
    max: 1,
    migrate: false,
    createSchema: false,
    supervise: false,
    schedule: false,
  })
  boss.on('error', () => {})
  try {
    await boss.start()
    return ok('its tables are those of this version')
  } catch (error) {
    return fail(String((error as Error).message), 'run `custos migrate`')
  } finally {
    await boss.stop({ graceful: false, close: true }).catch(() => {})
  }
}

async function checkSweeps({ db }: Database, periodMs: number): Promise<Answer> {
  const late = await lateSweeps({ db, sweepPeriodMs: periodMs }, new Date(), new Date(0))
  if (late.length === 0) return ok('each has ended within its period')
  const never = late.every(({ finishedAt }) => finishedAt === undefined)
  if (never) return warn('none has run yet', 'start `custos serve`, or `custos work` beside it')
  const names = late.map(({ name, finishedAt }) => `${name} (${finishedAt?.toISOString() ?? 'never'})`).join(', ')
  return fail(
    `late: ${names}`,
    'see that serve or work runs, and its log for sweep.failed: locks are lengthened by sweeps',
  )
}

async function one(database: Database, query: SQL): Promise<Record<string, unknown>> {
  const [row] = await rowsOf(database, query)
  return row!
}
