/** A vault on real parts, and a record to open it with. */
import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { afterAll } from 'vitest'
import { makeRecorded, type Recorded } from '../../service/custody/recorded.ts'
import { type Database, migrate, openDatabase } from '../../service/db.ts'
import { openFolderStore } from '../../service/vault/folder-store.ts'
import { openKeyFile } from '../../service/vault/key-file.ts'
import { objectKeys, objects, referenceChecks, subjectKeys } from '../../service/vault/tables.ts'
import { openVault, type VaultParts } from '../../service/vault/vault.ts'
import { freshDatabase } from '../engines/postgres.ts'
import { chunks, scratch } from './streams.ts'

/** The tests of the vault hand themselves what only the ledger can make. */
export function recorded(): Recorded {
  const [chain, req] = [randomBytes(16).toString('hex'), randomBytes(16).toString('hex')]
  return makeRecorded({
    index: 0,
    chain,
    seq: 1,
    leafHash: '00'.repeat(32),
    time: '2026-01-01T00:00:00.000000Z',
    req,
    ev: 'master.opened',
  })
}

export const inAnHour = () => new Date(Date.now() + 3_600_000)

/** PostgreSQL where the engines' run offers one, else PGlite in memory: one for the tests of a file, empty for each. */
let opened: Promise<Database> | undefined
afterAll(async () => (await opened)?.[Symbol.asyncDispose]())

async function emptyDatabase(): Promise<Database> {
  opened ??= openDatabase((await freshDatabase()) ?? 'memory:')
  const database = await opened
  await migrate(database)
  for (const table of [objectKeys, objects, subjectKeys, referenceChecks]) await database.db.delete(table)
  return database
}

/** Database, folder store, key file and scratch folder, all real and all its own; `change` puts others in their place. */
export async function workbench(change: (parts: VaultParts) => Partial<VaultParts> = () => ({})) {
  const stack = new AsyncDisposableStack()
  const folder = stack.use(await scratch())
  const { db, engine } = await emptyDatabase()
  const parts: VaultParts = {
    db,
    objects: await openFolderStore(join(folder.path, 'objects')),
    keys: await openKeyFile(join(folder.path, 'keys', 'vault.json')),
    scratchDir: join(folder.path, 'scratch'),
  }
  const changed = { ...parts, ...change(parts) }
  return {
    vault: await openVault(changed),
    parts: changed,
    db,
    engine,
    folder: folder.path,
    objectsDir: join(folder.path, 'objects', 'objects'),
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  }
}

export const region = 'local'

/** Spools and stores in one go. */
export async function keep(
  { vault }: Awaited<ReturnType<typeof workbench>>,
  bytes: Uint8Array,
  retainUntil = inAnHour(),
) {
  const spooled = await vault.spool(chunks(bytes), { region, maxBytes: 1 << 30 })
  return { spooled, stored: await vault.store(spooled, { role: 'master', retainUntil }) }
}
