/** Connections: turns among processes and within one (`Database.exclusive`), bounds on waiting, and a pool that nothing drains. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import pg from 'pg'
import { expect, test } from 'vitest'
import { openAdvisoryTurns } from '../../service/advisory-turns.ts'
import { type Database, openDatabase } from '../../service/db.ts'
import { isOutage } from '../../service/outage.ts'
import { freshDatabase } from './postgres.ts'

const open = async (engine: string) => openDatabase(engine === 'pglite' ? 'memory:' : (await freshDatabase())!)

/** The most pieces of work that were ever inside at once, for `count` of them under the names given in turn. */
async function crowd(databases: readonly Database[], names: readonly string[], count: number): Promise<number> {
  let inside = 0
  let most = 0
  await Promise.all(
    Array.from({ length: count }, (_, i) =>
      databases[i % databases.length]!.exclusive(names[i % names.length]!, async () => {
        most = Math.max(most, ++inside)
        await delay(5)
        inside--
      }),
    ),
  )
  return most
}

test.each(['pglite', 'postgresql'])('%s: nobody is inside beside another under the same name', async engine => {
  await using database = await open(engine)
  expect(await crowd([database], ['one'], 30)).toBe(1)
})

test('postgresql: two services on one database take turns, and more names than connections still all get theirs', async () => {
  const url = (await freshDatabase())!
  await using first = await openDatabase(url)
  await using second = await openDatabase(url)
  expect(await crowd([first, second], ['one'], 30)).toBe(1)
  const many = Array.from({ length: 40 }, (_, i) => `name-${i}`)
  const most = await crowd([first], many, 80)
  expect(most).toBeGreaterThan(1)
  expect(most).toBeLessThanOrEqual(8)
})

test.each(['pglite', 'postgresql'])('%s: work that fails passes its error on and its turn too', async engine => {
  await using database = await open(engine)
  const failing = database.exclusive('one', () => Promise.reject(new Error('mine')))
  await expect(failing).rejects.toThrow('mine')
  expect(await database.exclusive('one', async () => 'next')).toBe('next')
})

test('postgresql: what another process holds is waited for, no longer than allowed, and free once that process is killed', async () => {
  const url = (await freshDatabase())!
  const db = fileURLToPath(new URL('../../service/db.ts', import.meta.url))
  const script = `const d = await (await import(${JSON.stringify(db)})).openDatabase(process.argv[1]);
    await d.exclusive('one', () => { console.log('inside'); return new Promise(() => setInterval(() => {}, 1000)) })`
  const holder = spawn(process.execPath, ['--input-type=module', '-e', script, url], { stdio: ['ignore', 'pipe', 2] })
  const [said] = await once(createInterface(holder.stdout!), 'line')
  expect(said).toBe('inside')
  await using impatient = openAdvisoryTurns(url, 300)
  const refused = await impatient.exclusive('one', async () => 'too early').catch((error: unknown) => error)
  expect(isOutage(refused)).toBe(true)
  expect(await impatient.exclusive('two', async () => 'another name')).toBe('another name')
  holder.kill('SIGKILL')
  await once(holder, 'exit')
  await using database = await openDatabase(url)
  expect(await database.exclusive('one', async () => 'mine now')).toBe('mine now')
})

test('postgresql: a connection that dies while the work runs costs the work nothing, and the name is free afterwards', async () => {
  const url = (await freshDatabase())!
  await using database = await openDatabase(url)
  const admin = new pg.Client({ connectionString: url })
  await admin.connect()
  const answer = await database.exclusive('one', async () => {
    await admin.query(`select pg_terminate_backend(pid) from pg_locks where locktype = 'advisory' and granted`)
    return 'done'
  })
  expect(answer).toBe('done')
  expect(await database.exclusive('one', async () => 'again')).toBe('again')
  await admin.end()
})

test('postgresql: statements that take too long and locks that are not given end as an outage, and the pool stays whole', async () => {
  const url = `${(await freshDatabase())!}?statement_timeout=200&lock_timeout=100&idle_in_transaction_session_timeout=200`
  await using database = await openDatabase(url)
  await database.script('create table t (id int primary key); insert into t values (1)')
  const outcome = (work: Promise<unknown>) => work.then(() => 'ok', isOutage)
  for (let round = 0; round < 12; round++) {
    expect(await outcome(database.script('select pg_sleep(5)'))).toBe(true)
    expect(await outcome(database.db.transaction(async tx => void (await tx.execute('select pg_sleep(5)'))))).toBe(true)
    // Idle in its transaction until the server ends it.
    const idling = database.db.transaction(async tx => {
      await tx.execute('select 1')
      await delay(400)
      await tx.execute('select 1')
    })
    expect(await outcome(idling)).toBe(true)
  }
  const holding = database.db.transaction(async tx => {
    await tx.execute('update t set id = 1')
    const other = await outcome(database.db.transaction(async tx2 => void (await tx2.execute('update t set id = 1'))))
    await tx.execute('select 1')
    return other
  })
  expect(await holding).toBe(true)
  expect(await outcome(database.script('select 1'))).toBe('ok')
})

test('postgresql: a transaction that could not even begin gives its connection back', async () => {
  await using database = await openDatabase((await freshDatabase())!)
  const refuse = () => database.db.transaction(async () => 'begun', { isolationLevel: 'none' as 'serializable' })
  for (let round = 0; round < 11; round++) await expect(refuse()).rejects.toThrow()
  expect(await database.db.transaction(async () => 'begun')).toBe('begun')
})
