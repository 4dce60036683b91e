import { fork } from 'node:child_process'
import { readdir, readFile, stat, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { migrate, openDatabase } from '../../service/db.ts'
import { openFolderStore } from '../../service/vault/folder-store.ts'
import { openKeyFile } from '../../service/vault/key-file.ts'
import { makeOpeningCipher } from '../../service/vault/opening-cipher.ts'
import { rewrapKeys, rowsByWrappingKey } from '../../service/vault/rewrap.ts'
import { retireKeys, rotateKeyFile } from '../../service/vault/rotate-key-file.ts'
import { openVault } from '../../service/vault/vault.ts'
import { freshDatabase } from '../engines/postgres.ts'
import { hex } from './key-service.contract.ts'
import { chunks, collect, pattern, scratch } from './streams.ts'
import { inAnHour, recorded, region } from './workbench.ts'

const clips = Array.from({ length: 8 }, (_, n) => pattern(900 * n + 1))
const text = Buffer.from('{"who":"an officer"}')
const rows = clips.length + 1

async function open(url: string, folder: string) {
  const database = await openDatabase(url)
  await migrate(database)
  const parts = {
    db: database.db,
    objects: await openFolderStore(join(folder, 'objects')),
    keys: await openKeyFile(join(folder, 'vault.json')),
    scratchDir: join(folder, 'scratch'),
    exclusive: database.exclusive,
  }
  const cipher = makeOpeningCipher({ keys: parts.keys, region })
  const vault = await openVault(parts)
  return { ...parts, cipher, vault, [Symbol.asyncDispose]: () => database[Symbol.asyncDispose]() }
}

async function fill(url: string, folder: string) {
  await using made = await open(url, folder)
  const refs: string[] = []
  for (const clip of clips) {
    const spooled = await made.vault.spool(chunks(clip), { region, maxBytes: 1e9 })
    refs.push((await made.vault.store(spooled, { role: 'master', retainUntil: inAnHour() })).clipRef)
  }
  return { refs, opening: await made.db.transaction(tx => made.cipher.seal(tx, 's', text)) }
}

async function killed(...args: string[]): Promise<void> {
  const child = fork(fileURLToPath(new URL('key-rotation-child.ts', import.meta.url)), args, { execArgv: [] })
  const signal = await new Promise(resolve => child.once('exit', (_, name) => resolve(name)))
  expect(signal).toBe('SIGKILL')
}

async function storedBytes(folder: string) {
  const names = (await readdir(join(folder, 'objects'), { recursive: true })).filter(name => name.endsWith('.sealed'))
  return Promise.all(
    names.sort().map(async name => {
      const path = join(folder, 'objects', name)
      return [name, hex(await readFile(path)), (await stat(path)).mtimeMs]
    }),
  )
}

test.each([
  [0, 'before'],
  [3, 'before'],
  [3, 'after'],
  [rows - 1, 'after'],
])('killed at row %d, %s its commit: everything opens, and a second run ends it', async (row, when) => {
  await using folder = await scratch()
  const url = (await freshDatabase()) ?? join(folder.path, 'database')
  const keyFile = join(folder.path, 'vault.json')
  const { refs, opening } = await fill(url, folder.path)
  const before = await storedBytes(folder.path)
  expect(before).toHaveLength(clips.length)
  const { newest, earlier } = await rotateKeyFile(keyFile, new Date(0))

  await killed(url, keyFile, String(row), when)

  await using made = await open(url, folder.path)
  const expectAllToOpen = async () => {
    for (const [n, ref] of refs.entries())
      expect((await collect((await made.vault.open(ref, recorded())).stream)).equals(clips[n]!)).toBe(true)
    expect(await made.cipher.open(made.db, 's', opening)).toEqual(text)
  }
  await expectAllToOpen()
  const done = (await rowsByWrappingKey(made.db)).get(newest) ?? 0
  // The rows of a batch are written side by side, so a few more or fewer than asked may have been.
  expect(done).toBeLessThanOrEqual(rows)
  if (when === 'after') expect(done).toBeGreaterThan(0)
  const left = { retired: [], needed: [{ id: earlier[0], rows: rows - done }] }
  const rowsUnder = async (id: string) => (await rowsByWrappingKey(made.db)).get(id) ?? 0
  if (done < rows) expect(await retireKeys(keyFile, rowsUnder, { now: new Date() })).toEqual(left)

  expect(await rewrapKeys({ ...made, openingsRegion: region })).toEqual({
    rewrapped: rows - done,
    unchanged: done,
    overtaken: 0,
    refused: [],
  })
  expect(await retireKeys(keyFile, rowsUnder, { now: new Date() })).toEqual({ retired: earlier, needed: [] })
  await expectAllToOpen()
  expect(await storedBytes(folder.path)).toEqual(before)
})

test('what a crash left of a key file that was being written is gone after the next rotation', async () => {
  await using folder = await scratch()
  const path = join(folder.path, 'vault.json')
  await openKeyFile(path)
  const names = ['vault.json.00112233aabb', 'vault.json.bak', 'vault.json.ffffffffffff']
  for (const name of names) await writeFile(join(folder.path, name), 'keys', { mode: 0o600 })
  await utimes(join(folder.path, names[0]!), new Date(0), new Date(0))
  await utimes(join(folder.path, names[1]!), new Date(0), new Date(0))
  await rotateKeyFile(path, new Date())
  expect((await readdir(folder.path)).sort()).toEqual(['vault.json', 'vault.json.bak', 'vault.json.ffffffffffff'])
})
