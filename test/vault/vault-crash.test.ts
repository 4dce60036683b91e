import { fork } from 'node:child_process'
import { createHash } from 'node:crypto'
import { cp, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { migrate, openDatabase } from '../../service/db.ts'
import { openFolderStore } from '../../service/vault/folder-store.ts'
import { openKeyFile } from '../../service/vault/key-file.ts'
import { objects } from '../../service/vault/tables.ts'
import { openVault, type Vault } from '../../service/vault/vault.ts'
import { freshDatabase } from '../engines/postgres.ts'
import { chunks, collect, pattern, scratch } from './streams.ts'
import { inAnHour, recorded, region } from './workbench.ts'

const plain = pattern(3_000_000)
const sha256 = createHash('sha256').update(plain).digest('hex')
const template = await scratch()
afterAll(() => template[Symbol.asyncDispose]())
beforeAll(async () => {
  await using database = await openDatabase(join(template.path, 'database'))
  await migrate(database)
})

/** Runs the child until it dies; answers what it acknowledged before. */
async function crash(url: string, folder: string, step: string): Promise<string[]> {
  const acknowledged: string[] = []
  const child = fork(fileURLToPath(new URL('crash-child.ts', import.meta.url)), [url, folder, step], { execArgv: [] })
  child.on('message', message => acknowledged.push((message as { acknowledged: string }).acknowledged))
  const signal = await new Promise(resolve => child.once('exit', (_, name) => resolve(name)))
  expect(signal).toBe('SIGKILL')
  return acknowledged
}

/** The clip whole, or undefined where there is none: anything else throws. */
async function visible(vault: Vault): Promise<boolean> {
  const opened = await vault.open(await vault.reference(sha256, region), recorded()).catch(error => {
    if (error.type !== 'not-found') throw error
  })
  if (!opened) return false
  expect((await collect(opened.stream)).equals(plain)).toBe(true)
  return true
}

test.each([
  ['in the spool', { acknowledged: 0, survives: false }],
  ['after the spool', { acknowledged: 0, survives: false }],
  ['after the intent', { acknowledged: 0, survives: true }],
  ['in the put', { acknowledged: 0, survives: true }],
  ['after the put', { acknowledged: 0, survives: true }],
  ['after the mark', { acknowledged: 0, survives: true }],
  ['after the answer', { acknowledged: 1, survives: true }],
  ['before the longer lock', { acknowledged: 1, survives: true }],
  ['after the longer lock', { acknowledged: 1, survives: true }],
  ['after the second answer', { acknowledged: 2, survives: true }],
])('killed %s: nothing acknowledged is lost, nothing is half there, nothing stays behind', async (step, expected) => {
  await using folder = await scratch()
  const url = (await freshDatabase()) ?? join(folder.path, 'database')
  if (url.startsWith('postgres')) {
    await using database = await openDatabase(url)
    await migrate(database)
  } else await cp(join(template.path, 'database'), url, { recursive: true })

  const acknowledged = await crash(url, folder.path, step)
  expect(acknowledged).toHaveLength(expected.acknowledged)

  await using database = await openDatabase(url)
  const scratchDir = join(folder.path, 'scratch')
  const parts = {
    db: database.db,
    objects: await openFolderStore(join(folder.path, 'objects')),
    keys: await openKeyFile(join(folder.path, 'vault.json')),
    scratchDir,
    exclusive: database.exclusive,
  }
  const vault = await openVault(parts)
  expect(await visible(vault)).toBe(acknowledged.length > 0 || step === 'after the mark')

  expect(await vault.recover({ staleMs: 0 })).toMatchObject({ dropped: [], waiting: [], orphans: [] })
  expect(await visible(vault)).toBe(expected.survives)
  expect(await readdir(scratchDir)).toEqual([])
  expect(await readdir(join(folder.path, 'objects', 'drafts'))).toEqual([])
  const rows = await parts.db.select().from(objects)
  expect(rows.map(row => row.storedAt !== null)).toEqual(expected.survives ? [true] : [])
  expect(await vault.recover({ staleMs: 0 })).toEqual({ stored: [], dropped: [], waiting: [], orphans: [] })

  const spooled = await vault.spool(chunks(plain), { region, maxBytes: 1e9 })
  expect(await vault.store(spooled, { role: 'master', retainUntil: inAnHour() })).toMatchObject({
    adopted: expected.survives,
  })
  expect(await visible(vault)).toBe(true)
  expect(await parts.db.select().from(objects)).toHaveLength(1)
  const sealed = (await readdir(join(folder.path, 'objects', 'objects'), { recursive: true })).filter(n =>
    n.endsWith('.sealed'),
  )
  expect(sealed).toHaveLength(1)
})
