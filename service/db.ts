/** The database: drizzle on PGlite (embedded) or PostgreSQL (scaled), with one set of forward-only migrations. */
import { createHash } from 'node:crypto'
import { readdir, readFile } from 'node:fs/promises'
import { PGlite } from '@electric-sql/pglite'
import { type SQL, sql } from 'drizzle-orm'
import { drizzle as drizzlePg } from 'drizzle-orm/node-postgres'
import type { PgDatabase, PgQueryResultHKT } from 'drizzle-orm/pg-core'
import { drizzle as drizzlePglite } from 'drizzle-orm/pglite'
import pg from 'pg'
import { openAdvisoryTurns } from './advisory-turns.ts'
import { isPostgres } from './database-url.ts'
import { isOutage } from './outage.ts'
import { makeTurns } from './turns.ts'

/** Either engine's drizzle. Queries are built with it; results of `execute` differ by engine, so use the builders. */
export type Db = PgDatabase<PgQueryResultHKT>
export type Tx = Parameters<Parameters<Db['transaction']>[0]>[0]

export interface Database extends AsyncDisposable {
  readonly db: Db
  readonly engine: 'pglite' | 'postgresql'
  /**
   * Runs `work` when nobody else, in any process on this database, runs anything under `name`. Waiting ends after five minutes as an error
   * that `isOutage` knows; the work itself may take as long as it needs. Work that asks for its own name waits in vain.
   */
  exclusive<T>(name: string, work: () => Promise<T>): Promise<T>
  /** Runs a script of many statements, outside drizzle. */
  script(sql: string): Promise<void>
  /** The embedded engine itself, for pg-boss; absent on PostgreSQL. */
  readonly pglite?: PGlite
}

/** What a statement, an unanswered lock and a transaction whose owner waits for something else may take, in milliseconds (docs/deploy.md). */
export const timeouts = {
  statement_timeout: 30_000,
  lock_timeout: 10_000,
  idle_in_transaction_session_timeout: 30_000,
}
const exclusiveWaitMs = 300_000
const migrationLock = 7_017_365_736

export interface OpenOptions {
  /** Without the timeouts: for migrations, which may have to wait and to rewrite tables. */
  readonly patient?: boolean
}

/** `url`: `postgres://…` for PostgreSQL, `memory:` for a throw-away PGlite, anything else is PGlite's folder. */
export async function openDatabase(url: string, options: OpenOptions = {}): Promise<Database> {
  return isPostgres(url) ? openPostgres(url, options) : openPglite(url)
}

async function openPglite(folder: string): Promise<Database> {
  const pglite = folder === 'memory:' ? new PGlite() : new PGlite(folder)
  await pglite.waitReady
  return {
    db: drizzlePglite(pglite) as unknown as Db,
    engine: 'pglite',
    pglite,
    exclusive: makeTurns(1, exclusiveWaitMs),
    script: async sql => void (await pglite.exec(sql)),
    [Symbol.asyncDispose]: () => pglite.close(),
  }
}

async function openPostgres(url: string, { patient = false }: OpenOptions): Promise<Database> {
  const pool = new pg.Pool({
    connectionString: url,
    application_name: 'custos',
    max: 10,
    connectionTimeoutMillis: 5_000,
    keepAlive: true,
    keepAliveInitialDelayMillis: 10_000,
    // After a failover a connection may lead to a server that is a standby now; none does for longer than this.
    maxLifetimeSeconds: 300,
    // The last one is the driver's own, for a server that has vanished without a word.
    ...(!patient && { ...timeouts, query_timeout: timeouts.statement_timeout + 5_000 }),
  })
  // A connection that the server drops, idle or in use, must not end the process; the query on it reports it.
  pool.on('error', () => {})
  pool.on('connect', client => client.on('error', () => {}))
  const turns = openAdvisoryTurns(url, exclusiveWaitMs)
  const db = drizzlePg(pool)
  return {
    db: Object.assign(db, { transaction: transactionsOf(pool) }) as unknown as Db,
    engine: 'postgresql',
    exclusive: turns.exclusive,
    script: async sql => void (await pool.query(sql)),
    async [Symbol.asyncDispose]() {
      await turns[Symbol.asyncDispose]()
      await pool.end()
    },
  }
}

/**
 * drizzle's own transaction on a pool never gives a connection back whose `begin` failed, and gives back one that an outage broke: ten of
 * those, and nothing works again. Here a connection goes back only when it is known to be sound.
 */
function transactionsOf(pool: pg.Pool): Db['transaction'] {
  return async function transact(work, config) {
    const client = await pool.connect()
    let broken = true
    try {
      const result = await (drizzlePg(client) as unknown as Db).transaction(work, config)
      broken = false
      return result
    } catch (error) {
      broken = isOutage(error)
      throw error
    } finally {
      client.release(broken)
    }
  }
}

/** Each list holds names of migrations. All empty: this database is the one that this code was written for. */
export interface MigrationState {
  readonly missing: string[]
  /** Applied from another text than the one that lies here. */
  readonly edited: string[]
  /** Applied, and not known here: the database is newer than the code. */
  readonly unknown: string[]
}

/** Changes nothing. */
export async function readMigrations(database: Database): Promise<MigrationState> {
  const here = await readScripts()
  const [table] = await rowsOf(database, sql`select to_regclass('migrations') is not null as found`)
  const rows = table?.found === true ? await rowsOf(database, sql`select name, sha256 from migrations`) : []
  const applied = new Map(rows.map(row => [String(row.name), row.sha256]))
  return {
    missing: here.filter(({ name }) => !applied.has(name)).map(({ name }) => name),
    edited: here
      .filter(({ name, sha256 }) => applied.has(name) && applied.get(name) !== sha256)
      .map(({ name }) => name),
    unknown: [...applied.keys()].filter(name => !here.some(script => script.name === name)).sort(),
  }
}

/** Throws an Error that says what to do when the database is not the one that this code was written for. */
export async function assertMigrated(database: Database): Promise<void> {
  const { missing, edited, unknown } = await readMigrations(database)
  if (unknown.length > 0)
    throw new Error(`the database is newer than this service (it has ${unknown.join(', ')}): start a newer service`)
  if (edited.length > 0) throw new Error(`${edited.join(', ')}: edited after it was applied; restore what was released`)
  if (missing.length > 0) throw new Error(`the database lacks ${missing.join(', ')}: run \`custos migrate\` first`)
}

/** Applies what is missing, in order, each in a transaction of its own, and returns it. Refuses an edited migration and a newer database. */
export async function migrate(database: Database): Promise<string[]> {
  // A script is one implicit transaction. Processes that start together wait for one another here, since `if not exists` alone would let
  // two create it at once.
  await database.script(`
    select pg_advisory_xact_lock(${migrationLock});
    create table if not exists migrations (name text primary key, sha256 text not null, applied_at timestamptz not null default now());`)
  const { missing, edited, unknown } = await readMigrations(database)
  if (edited.length + unknown.length > 0) await assertMigrated(database)
  for (const { name, text, sha256 } of await readScripts()) {
    if (!missing.includes(name)) continue
    await database.script(`
      select pg_advisory_xact_lock(${migrationLock});
      do $migrate$
      begin
        if not exists (select from migrations where name = '${name}') then
          execute $text$${text}$text$;
          insert into migrations (name, sha256) values ('${name}', '${sha256}');
        end if;
      end $migrate$;`)
  }
  return missing
}

async function readScripts(): Promise<{ name: string; text: string; sha256: string }[]> {
  const folder = new URL('../migrations/', import.meta.url)
  const names = (await readdir(folder)).filter(name => name.endsWith('.sql')).sort()
  return Promise.all(
    names.map(async name => {
      const text = await readFile(new URL(name, folder), 'utf8')
      return { name, text, sha256: createHash('sha256').update(text).digest('hex') }
    }),
  )
}

/** Rows of a query that no builder can write. */
export async function rowsOf(database: { db: Db | Tx }, query: SQL): Promise<Record<string, unknown>[]> {
  return ((await database.db.execute(query)) as unknown as { rows: Record<string, unknown>[] }).rows
}
