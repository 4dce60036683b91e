/** The database: drizzle on PGlite (embedded) or PostgreSQL (scaled), with one set of forward-only migrations. */
import { createHash } from 'node:crypto'
import { readdir, readFile } from 'node:fs/promises'
import { PGlite } from '@electric-sql/pglite'
import { drizzle as drizzlePg } from 'drizzle-orm/node-postgres'
import type { PgDatabase, PgQueryResultHKT } from 'drizzle-orm/pg-core'
import { drizzle as drizzlePglite } from 'drizzle-orm/pglite'
import pg from 'pg'

/** Either engine's drizzle. Queries are built with it; results of `execute` differ by engine, so use the builders. */
export type Db = PgDatabase<PgQueryResultHKT>
export type Tx = Parameters<Parameters<Db['transaction']>[0]>[0]

export interface Database extends AsyncDisposable {
  readonly db: Db
  readonly engine: 'pglite' | 'postgresql'
  /** Runs a script of many statements, outside drizzle. */
  script(sql: string): Promise<void>
  /** The embedded engine itself, for pg-boss; absent on PostgreSQL. */
  readonly pglite?: PGlite
}

/** `url`: `postgres://…` for PostgreSQL, `memory:` for a throw-away PGlite, anything else is PGlite's folder. */
export async function openDatabase(url: string): Promise<Database> {
  return /^postgres(ql)?:/.test(url) ? openPostgres(url) : openPglite(url)
}

async function openPglite(folder: string): Promise<Database> {
  const pglite = folder === 'memory:' ? new PGlite() : new PGlite(folder)
  await pglite.waitReady
  return {
    db: drizzlePglite(pglite) as unknown as Db,
    engine: 'pglite',
    pglite,
    script: async sql => void (await pglite.exec(sql)),
    [Symbol.asyncDispose]: () => pglite.close(),
  }
}

async function openPostgres(url: string): Promise<Database> {
  const pool = new pg.Pool({ connectionString: url, max: 10, connectionTimeoutMillis: 5_000 })
  // A connection that the server drops, idle or in use, must not end the process; the query on it reports it.
  pool.on('error', () => {})
  pool.on('connect', client => client.on('error', () => {}))
  return {
    db: drizzlePg(pool) as unknown as Db,
    engine: 'postgresql',
    script: async sql => void (await pool.query(sql)),
    [Symbol.asyncDispose]: () => pool.end(),
  }
}

/** Applies what is missing from `migrations/`, in order, each in a transaction of its own; refuses when an applied file was edited. */
export async function migrate(
  database: Database,
  folder = new URL('../migrations/', import.meta.url),
): Promise<string[]> {
  await database.script(
    'create table if not exists migrations (name text primary key, sha256 text not null, applied_at timestamptz not null default now())',
  )
  const applied: string[] = []
  for (const name of (await readdir(folder)).filter(n => n.endsWith('.sql')).sort()) {
    const text = await readFile(new URL(name, folder), 'utf8')
    const sha256 = createHash('sha256').update(text).digest('hex')
    // One script is one implicit transaction, and one lock: replicas that start together wait here, and the second finds the row.
    await database.script(`
      select pg_advisory_xact_lock(7017365736);
      do $migrate$
      declare known text := (select sha256 from migrations where name = '${name}');
      begin
        if known is null then
          execute $text$${text}$text$;
          insert into migrations (name, sha256) values ('${name}', '${sha256}');
        elsif known <> '${sha256}' then
          raise exception 'migration ${name} was edited after it was applied';
        end if;
      end $migrate$;`)
    applied.push(name)
  }
  return applied
}
