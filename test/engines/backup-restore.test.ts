/** The scripts of docs/deploy, as they lie there: what they bring back is the evidence of one moment, with its keys and no others. */
import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { sql } from 'drizzle-orm'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { rowsOf } from '../../service/db.ts'
import { installDatabase } from '../../service/install.ts'
import { checkLog } from '../custody/check-log.ts'
import { makeClip } from '../journeys/clips.ts'
import { acquireClip, type Estate, openEstate, type Receipt, recordIncident } from '../journeys/estate.ts'
import { recorded } from '../vault/recorded.ts'
import { findBinaries, freshDatabase } from './postgres.ts'
import { makeRoles } from './postgres-roles.ts'

const run = promisify(execFile)
const script = (name: string) => fileURLToPath(new URL(`../../docs/deploy/${name}`, import.meta.url))
// Bytes and key file lie in a folder, which a restored database finds as it left them.
const inFolder = { nowSeconds: () => Math.floor(Date.now() / 1000) }

let folder: string
let bin: string
let live: { owner: string; service: string }
let estate: Estate

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'custos-backup-'))
  bin = (await findBinaries())!
  live = await makeRoles((await freshDatabase())!)
  await installDatabase(live.owner)
  estate = await openEstate(inFolder, { CUSTOS_DATABASE_URL: live.service, CUSTOS_DATA_DIR: join(folder, 'data') })
})
afterAll(async () => {
  await estate?.[Symbol.asyncDispose]()
  await rm(folder, { recursive: true, force: true })
})

let seed = 0
const acquire = async () => await acquireClip(estate, await recordIncident(estate), await makeClip({ seed: ++seed }))
const dispose = ({ clipRef }: Receipt) =>
  estate.service.db.transaction(tx => estate.service.vault.destroy(tx, clipRef, new Date()))

/** With `before` the tools of PostgreSQL are looked for in that folder first. */
function shell(name: string, args: string[], owner: string, before = bin): Promise<{ stdout: string }> {
  const env = { PATH: `${before}:${bin}:${process.env.PATH}`, CUSTOS_DATABASE_OWNER_URL: owner }
  return run(script(name), args, { env })
}

/** Runs `meanwhile` when the first of the two dumps is made and the second is not. */
async function backup(name: string, meanwhile?: () => Promise<unknown>): Promise<{ main: string; keys: string }> {
  const [to, slow, step] = [join(folder, name), join(folder, `${name}-slow`), join(folder, `${name}-step`)]
  await mkdir(slow)
  const wait = `touch ${step}; while [ -e ${step} ]; do sleep 0.05; done`
  await writeFile(join(slow, 'pg_dump'), `#!/bin/sh\n${bin}/pg_dump "$@" || exit 1\n${wait}\n`, { mode: 0o755 })
  const made = shell('backup.sh', [to], live.owner, slow)
  for (let dump = 0; dump < 2; dump++) {
    while (!existsSync(step)) await Promise.race([delay(50), made])
    if (dump === 0) await meanwhile?.()
    await rm(step)
  }
  await made
  return { main: join(to, 'custos.dump'), keys: join(to, 'keys.dump') }
}

async function restore(main: string, keys: string): Promise<Estate & { said: string }> {
  const { owner, service } = await makeRoles((await freshDatabase())!)
  const { stdout } = await shell('restore.sh', [main, keys], owner)
  // Nothing is missing, and the rights are there again.
  expect(await installDatabase(owner)).toEqual([])
  const environment = { CUSTOS_DATABASE_URL: service, CUSTOS_DATA_DIR: join(folder, 'data') }
  return Object.assign(await openEstate(inFolder, environment), { said: stdout.trim() })
}

async function lengthOf({ service }: Estate, { clipRef }: Receipt): Promise<number> {
  const { stream } = await service.vault.open(clipRef, recorded())
  let len = 0
  for await (const chunk of stream) len += chunk.length
  return len
}

const keysOf = async ({ service }: Estate) =>
  (await rowsOf(service.database, sql`select object_id as id from vault.object_keys order by 1`)).map(row => row.id)

test('what is acquired or disposed of during a backup changes nothing of it: each exhibit of the moment opens', async () => {
  const before = [await acquire(), await acquire()]
  const lens = await Promise.all(before.map(receipt => lengthOf(estate, receipt)))
  const keys = await keysOf(estate)
  const size = await estate.service.ledger.size()
  const made = await backup('during', async () => {
    await dispose(before[0]!)
    await acquire()
  })
  expect(await keysOf(estate)).not.toEqual(keys)
  await using again = await restore(made.main, made.keys)
  expect(again.said).toBe('0 objects without a key')
  expect(await keysOf(again)).toEqual(keys)
  expect(await Promise.all(before.map(receipt => lengthOf(again, receipt)))).toEqual(lens)
  expect((await checkLog(again.service.ledger)).size).toBe(size)
  // And it goes on.
  await recordIncident(again)
  expect(await again.service.ledger.size()).toBeGreaterThan(size)
})

test('keys of another moment: one without its object stays out, and so does one whose object was disposed of', async () => {
  const [kept, disposed] = [await acquire(), await acquire()]
  const early = await backup('early')
  await dispose(disposed)
  const later = await backup('later')
  await acquire()
  const latest = await backup('latest')

  await using withOldKeys = await restore(later.main, early.keys)
  expect(await lengthOf(withOldKeys, kept)).toBeGreaterThan(0)
  await expect(lengthOf(withOldKeys, disposed)).rejects.toMatchObject({ type: 'not-found' })
  expect(withOldKeys.said).toBe('0 objects without a key')

  await using withNewKeys = await restore(later.main, latest.keys)
  expect(await keysOf(withNewKeys)).toEqual(await keysOf(withOldKeys))
  expect(await lengthOf(withNewKeys, kept)).toBeGreaterThan(0)

  // The promise of a disposal: a backup that is kept for long brings nothing back without keys of its own time.
  await using forgotten = await restore(early.main, latest.keys)
  expect(forgotten.said).toBe('1 objects without a key')
  await expect(lengthOf(forgotten, disposed)).rejects.toThrow()
})

test('a dump that fails leaves no backup that looks whole', async () => {
  const broken = join(folder, 'broken')
  await mkdir(broken)
  await writeFile(join(broken, 'pg_dump'), `#!/bin/sh\n${bin}/pg_dump "$@"\nexit 1\n`, { mode: 0o755 })
  await expect(shell('backup.sh', [join(folder, 'failed')], live.owner, broken)).rejects.toMatchObject({ code: 1 })
  expect(existsSync(join(folder, 'failed', 'custos.dump'))).toBe(false)
})
