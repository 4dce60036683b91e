/** A vault on real parts, and a record to open it with. */
import { join } from 'node:path'
import { afterAll } from 'vitest'
import { type Database, migrate, openDatabase } from '../../service/db.ts'
import { openKeyFile } from '../../service/vault/key-file.ts'
import { objectKeys, objects, referenceChecks, subjectKeys } from '../../service/vault/tables.ts'
import { openVault, type VaultParts } from '../../service/vault/vault.ts'
import { freshDatabase } from '../engines/postgres.ts'
import { openPlace } from './places.ts'
import { inAnHour } from './recorded.ts'
import { chunks, scratch } from './streams.ts'

export { inAnHour, recorded } from './recorded.ts'

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

/** Database, store, key file and scratch folder, all real and all its own; `change` puts others in their place. */
export async function workbench(change: (parts: VaultParts) => Partial<VaultParts> = () => ({})) {
  const stack = new AsyncDisposableStack()
  const folder = stack.use(await scratch())
  const { db, engine, exclusive } = await emptyDatabase()
  const place = await openPlace(folder.path)
  const parts: VaultParts = {
    db,
    objects: place.objects,
    keys: await openKeyFile(join(folder.path, 'keys', 'vault.json')),
    scratchDir: join(folder.path, 'scratch'),
    exclusive,
  }
  const changed = { ...parts, ...change(parts) }
  return {
    vault: await openVault(changed),
    parts: changed,
    db,
    engine,
    folder: folder.path,
    place,
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
