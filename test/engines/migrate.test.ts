/** `custos migrate` on PostgreSQL: what is missing is applied as the owner, and a database that does not fit is refused by name. */

import { execFile } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { sql } from 'drizzle-orm'
import { expect, test } from 'vitest'
import { readConfig } from '../../service/config.ts'
import { assertMigrated, migrate, openDatabase, readMigrations, rowsOf } from '../../service/db.ts'
import { installDatabase } from '../../service/install.ts'
import { openService } from '../../service/service.ts'
import { freshDatabase } from './postgres.ts'

const run = promisify(execFile)
const cli = fileURLToPath(new URL('../../service/cli/main.ts', import.meta.url))

test('an empty database lacks every migration, and start-up names the verb that mends it', async () => {
  await using database = await openDatabase((await freshDatabase())!)
  const { missing } = await readMigrations(database)
  expect(missing[0]).toBe('0001_custody.sql')
  expect(missing.length).toBeGreaterThanOrEqual(9)
  await expect(assertMigrated(database)).rejects.toThrow(/lacks 0001_custody\.sql.*custos migrate/)
})

test('installing applies everything once, in whatever number of places it starts at once', async () => {
  const url = (await freshDatabase())!
  await Promise.all([1, 2, 3].map(() => installDatabase(url)))
  expect(await installDatabase(url)).toEqual([])
  await using database = await openDatabase(url)
  await assertMigrated(database)
  const [queue] = await rowsOf(database, sql`select to_regclass('jobs.job') is not null as found`)
  expect(queue?.found).toBe(true)
})

test('a migration that was edited after it was applied, and one that this code does not know, are refused by name', async () => {
  const url = (await freshDatabase())!
  await installDatabase(url)
  await using database = await openDatabase(url)
  await database.script(`update migrations set sha256 = 'x' where name = '0003_intake.sql'`)
  await expect(assertMigrated(database)).rejects.toThrow(/0003_intake\.sql: edited/)
  await expect(migrate(database)).rejects.toThrow(/0003_intake\.sql: edited/)
  await database.script(`insert into migrations (name, sha256) values ('9999_later.sql', 'x')`)
  await expect(assertMigrated(database)).rejects.toThrow(/newer than this service \(it has 9999_later\.sql\)/)
  await expect(migrate(database)).rejects.toThrow(/newer/)
})

test('a migration that fails leaves nothing of itself behind', async () => {
  const url = (await freshDatabase())!
  await using database = await openDatabase(url)
  await database.script('create schema disclosure')
  await expect(migrate(database)).rejects.toThrow(/disclosure/)
  expect((await readMigrations(database)).missing[0]).toBe('0004_disclosure.sql')
})

test('the verb says what it applied, and a service refuses to start before it and starts after it', async () => {
  const url = (await freshDatabase())!
  const folder = await mkdtemp(join(tmpdir(), 'custos-migrate-'))
  const environment = { CUSTOS_DATA_DIR: folder, CUSTOS_DATABASE_URL: url }
  const start = async () => {
    const { config, secrets } = readConfig(environment)
    const service = await openService(config, secrets, { log: () => {} })
    await service[Symbol.asyncDispose]()
  }
  const verb = async () => {
    const env = { PATH: process.env.PATH, ...environment }
    return JSON.parse((await run(process.execPath, [cli, 'migrate', '--json'], { env })).stdout) as unknown
  }
  await expect(start()).rejects.toThrow(/custos migrate/)
  expect(await verb()).toEqual({ applied: expect.arrayContaining(['0001_custody.sql', '0009_grants.sql']) })
  expect(await verb()).toEqual({ applied: [] })
  await start()
  await rm(folder, { recursive: true })
})
