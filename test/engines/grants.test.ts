/** The service's role on PostgreSQL does what the service does, and nothing else: not to the ledger, not to the schema. */
import { sql } from 'drizzle-orm'
import pg from 'pg'
import { beforeAll, expect, test } from 'vitest'
import { openDatabase, rowsOf } from '../../service/db.ts'
import { installDatabase } from '../../service/install.ts'
import { freshDatabase } from './postgres.ts'
import { makeRoles } from './postgres-roles.ts'

let superuser: string
let owner: string
let service: string

beforeAll(async () => {
  superuser = (await freshDatabase())!
  ;({ owner, service } = await makeRoles(superuser))
  await installDatabase(owner)
})

async function asRole(url: string, statements: string): Promise<void> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  await client.query(statements).finally(() => client.end())
}

/** The SQLSTATE that a statement ends with, or 'done'; whatever it did is undone. */
async function outcome(url: string, statement: string): Promise<string> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    await client.query('begin')
    await client.query(statement)
    await client.query('rollback')
    return 'done'
  } catch (error) {
    return (error as { code: string }).code
  } finally {
    await client.end()
  }
}

const insufficientPrivilege = '42501'

test('the ledger: rows are added and read; changed, removed or emptied they are not', async () => {
  for (const table of ['entries', 'nodes', 'checkpoints', 'openings']) {
    expect(await outcome(service, `select from custody.${table}`)).toBe('done')
    expect(await outcome(service, `delete from custody.${table}`)).toBe(insufficientPrivilege)
    expect(await outcome(service, `truncate custody.${table} cascade`)).toBe(insufficientPrivilege)
  }
  for (const change of [
    'entries set index = 1',
    'nodes set n = 1',
    'checkpoints set size = 1',
    'openings set index = 1',
  ])
    expect(await outcome(service, `update custody.${change}`)).toBe(insufficientPrivilege)
  for (const statement of [
    'delete from custody.head',
    'truncate custody.pending',
    'update custody.pending set ev = ev',
  ])
    expect(await outcome(service, statement)).toBe(insufficientPrivilege)
  expect(await outcome(service, `insert into custody.checkpoints values (0, 'x')`)).toBe('done')
  expect(await outcome(service, 'select from custody.head for update')).toBe('done')
})

test('the schema: no table, column, trigger, function, role or setting of a trigger can be changed', async () => {
  const statements = [
    'create table custody.more (id int)',
    'create table public.more (id int)',
    'create schema more',
    'create function public.f() returns int language sql as $$ select 1 $$',
    'alter table custody.entries add column more int',
    'alter table custody.entries disable trigger all',
    'drop trigger append_only on custody.entries',
    'drop table custody.entries cascade',
    'drop schema jobs cascade',
    'create or replace function custody.refuse_change() returns trigger language plpgsql as $$ begin return null; end $$',
    'set session_replication_role = replica',
    'set role custos_owner',
    // PostgreSQL only warns where somebody grants what is not his.
    'grant delete on custody.entries to custos_service; delete from custody.entries',
    `update migrations set sha256 = 'x'`,
    `delete from migrations`,
    `update service_grants set privileges = 'select, delete'`,
  ]
  const outcomes = await Promise.all(statements.map(async statement => [statement, await outcome(service, statement)]))
  expect(outcomes.filter(([, code]) => code !== insufficientPrivilege)).toEqual([])
})

test('the owner is bound by the triggers: even it cannot change an entry without dropping them first', async () => {
  const raise = 'P0001'
  const add = `insert into custody.checkpoints values (0, 'x'); `
  expect(await outcome(owner, `${add} update custody.checkpoints set note = 'y'`)).toBe(raise)
  expect(await outcome(owner, `${add} delete from custody.checkpoints`)).toBe(raise)
  expect(await outcome(owner, 'truncate custody.checkpoints')).toBe(raise)
})

test('a key is wrapped anew and an exhibit disposed of; neither row is changed in anything else', async () => {
  const allowed = [
    `vault.object_keys set wrapped = ''`,
    `vault.subject_keys set wrapped = ''`,
    'intake.exhibits set disposed_at = now()',
  ]
  const refused = [
    `vault.object_keys set object_id = ''`,
    `vault.subject_keys set subject = ''`,
    'intake.exhibits set retain_until = now()',
    'intake.exhibits set disposed_at = now(), len = 0',
  ]
  for (const change of allowed) expect(await outcome(service, `update ${change}`), change).toBe('done')
  for (const change of refused) expect(await outcome(service, `update ${change}`), change).toBe(insufficientPrivilege)
  for (const table of ['vault.object_keys', 'intake.exhibits'])
    expect(await outcome(service, `select from ${table} for update`)).toBe('done')
})

test('a right that was granted by hand is gone after the next `custos migrate`, wherever it is', async () => {
  await asRole(
    owner,
    `grant delete, update on custody.entries to custos_service;
     grant update (retain_until) on intake.exhibits to custos_service;
     create table custody.unlisted (id int); grant insert on custody.unlisted to custos_service;
     grant create on schema custody to custos_service;
     create schema beside; grant usage, create on schema beside to custos_service`,
  )
  const statements = [
    'delete from custody.entries',
    'update intake.exhibits set retain_until = now()',
    'insert into custody.unlisted values (1)',
    'create table custody.more (id int)',
    'create table beside.more (id int)',
  ]
  for (const statement of statements) expect(await outcome(service, statement), statement).toBe('done')
  await installDatabase(owner)
  for (const statement of statements) expect(await outcome(service, statement), statement).toBe(insufficientPrivilege)
  await asRole(owner, 'drop table custody.unlisted; drop schema beside')
})

test('what others keep in the same database is left as it is', async () => {
  await asRole(superuser, 'create table public.theirs (id int); grant select on public.theirs to custos_service')
  await installDatabase(owner)
  expect(await outcome(service, 'select from public.theirs')).toBe('done')
  await asRole(superuser, 'drop table public.theirs')
})

test('every table of every room is in the list of grants, so that none is forgotten', async () => {
  await using database = await openDatabase(service)
  const rows = await rowsOf(
    database,
    sql`select n.nspname || '.' || c.relname as name from pg_class c join pg_namespace n on n.oid = c.relnamespace
        where c.relkind in ('r', 'p') and n.nspname !~ '^(pg_|information_schema|jobs|public)' order by 1`,
  )
  const listed = await rowsOf(
    database,
    sql`select relation as name from service_grants where relation like '%.%' order by 1`,
  )
  expect(rows.length).toBeGreaterThan(15)
  expect(listed).toEqual(rows)
})
