/**
 * PostgreSQL killed, failed over, out of connections: nothing acknowledged is lost, the ledger verifies, and meanwhile the answer is 503.
 * Each fault prints its count of tries and losses.
 */
import { setTimeout as delay } from 'node:timers/promises'
import pg from 'pg'
import { expect, test } from 'vitest'
import { openEstate } from '../journeys/estate.ts'
import { troubled } from './postgres-faults-server.ts'
import { settle, startLabour, until } from './postgres-faults-work.ts'

test('killed without a word, 12 times in the middle of the work, and started again', async () => {
  await using database = await troubled()
  await using estate = await openEstate({}, { CUSTOS_DATABASE_URL: database.url })
  const labour = await startLabour(estate)
  for (let kills = 0; kills < 12; kills++) {
    await delay(800 + Math.random() * 1_500)
    await database.server.kill()
    await database.server.start()
  }
  await delay(1_000)
  await labour.stop()
  const { lost, strange, refused } = await settle(estate, labour, 'PostgreSQL killed 12 times (SIGKILL)')
  expect({ lost, strange }).toEqual({ lost: 0, strange: [] })
  expect(refused).toBeGreaterThan(0)
})

test('connections ended by the server, then read only for a while, as a failover looks from here', async () => {
  await using database = await troubled()
  await using estate = await openEstate({}, { CUSTOS_DATABASE_URL: database.url })
  const labour = await startLabour(estate)
  const cut = () =>
    database.admin(`select pg_terminate_backend(pid) from pg_stat_activity where usename = 'custos_service'`)
  for (let round = 0; round < 5; round++) {
    for (let cuts = 0; cuts < 8; cuts++) {
      await delay(Math.random() * 150)
      await cut()
    }
    await database.admin('alter system set default_transaction_read_only = on')
    await database.admin('select pg_reload_conf()')
    await cut()
    await delay(500)
    await database.admin('alter system reset default_transaction_read_only')
    await database.admin('select pg_reload_conf()')
    await delay(2_000)
  }
  await labour.stop()
  const tally = await settle(estate, labour, 'PostgreSQL ended every connection 45 times and was read only 5 times')
  expect({ lost: tally.lost, strange: tally.strange }).toEqual({ lost: 0, strange: [] })
  expect(tally.refused).toBeGreaterThan(0)
})

test('out of connections: others have taken all that the server gives', async () => {
  await using database = await troubled({ settings: ['max_connections=24', 'superuser_reserved_connections=3'] })
  await using estate = await openEstate({}, { CUSTOS_DATABASE_URL: database.url })
  const labour = await startLabour(estate)
  for (let round = 0; round < 4; round++) {
    await delay(700)
    await database.admin(`select pg_terminate_backend(pid) from pg_stat_activity where usename = 'custos_service'`)
    const hogs = await hog(database.url)
    expect(hogs.length).toBeGreaterThan(0)
    await delay(1_500)
    await Promise.all(hogs.map(client => client.end()))
  }
  await delay(1_000)
  await labour.stop()
  const tally = await settle(estate, labour, 'PostgreSQL out of connections 4 times')
  expect({ lost: tally.lost, strange: tally.strange }).toEqual({ lost: 0, strange: [] })
  expect(tally.refused).toBeGreaterThan(0)
})

/** Every connection that is free now. */
async function hog(url: string): Promise<pg.Client[]> {
  const taken: pg.Client[] = []
  for (;;) {
    const client = new pg.Client({ connectionString: url })
    client.on('error', () => {})
    try {
      await client.connect()
      taken.push(client)
    } catch {
      return taken
    }
  }
}

test('ready again by itself once the database is back', async () => {
  await using database = await troubled()
  await using estate = await openEstate({}, { CUSTOS_DATABASE_URL: database.url })
  const ready = async () => (await estate.app.request('/readyz')).status === 200
  expect(await ready()).toBe(true)
  await database.server.kill()
  const response = await estate.app.request('/readyz')
  expect(response.status).toBe(503)
  expect(((await response.json()) as { parts: Record<string, string> }).parts).toMatchObject({ database: 'down' })
  await database.server.start()
  await until(ready)
})
