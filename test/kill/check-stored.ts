/** Objects, keys and files: no half of anything without its other half, nothing that nobody asks for, one version a clip. */
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { copiesOf } from '../../service/disclosure/copies.ts'
import { exhibits } from '../../service/intake/tables.ts'
import { keepersOf } from '../../service/oversight/keepers.ts'
import type { Service } from '../../service/service.ts'
import { objectKeys, objects } from '../../service/vault/tables.ts'
import type { Find } from './check-exhibits.ts'
import { storedNames } from './stored-names.ts'

export async function checkStored(service: Service, find: Find): Promise<void> {
  const rows = await service.db.select().from(objects)
  const keys = new Set((await service.db.select().from(objectKeys)).map(row => row.objectId))
  for (const { objectId, clipRef, storedAt, disposedAt } of rows) {
    if (storedAt === null) find(`the intent for ${clipRef} is still one`)
    if ((disposedAt === null) !== keys.has(objectId))
      find(
        `object ${objectId} is ${disposedAt ? 'disposed of' : 'living'}, and its key is ${keys.has(objectId) ? 'there' : 'gone'}`,
      )
  }
  const known = new Set(rows.map(row => row.objectId))
  for (const id of keys) if (!known.has(id)) find(`the key of ${id} belongs to no object`)

  const living = rows.filter(row => row.disposedAt === null)
  for (const [clipRef, twins] of Object.entries(Object.groupBy(living, row => row.clipRef)))
    if (twins!.length > 1) find(`clip ${clipRef} has ${twins!.length} living objects`)
  const keepers = await keepersOf(
    service.db,
    living.map(row => row.clipRef),
    new Date(service.nowSeconds() * 1000),
  )
  for (const { clipRef, role } of living) if (!keepers.has(clipRef)) find(`nobody asks for ${role} ${clipRef} any more`)
  await checkDisposed(service, rows, find)
  await checkFiles(service, rows, find)
}

/** An exhibit is disposed of with its key and its copies' keys, or not at all. */
async function checkDisposed(
  { db }: Service,
  rows: readonly (typeof objects.$inferSelect)[],
  find: Find,
): Promise<void> {
  const all = await db.select().from(exhibits)
  const livingRefs = new Set(
    rows.filter(row => row.disposedAt === null && row.storedAt !== null).map(row => row.clipRef),
  )
  // Of two clips with the same picture the redacted copies are the same bytes, and one object.
  const needed = new Set<string>()
  for (const { exhibitNumber, clipRef } of all.filter(each => each.disposedAt === null))
    for (const ref of [clipRef, ...(await copiesOf(db, exhibitNumber))]) needed.add(ref)
  for (const each of all) {
    if (each.disposedAt === null) {
      if (!livingRefs.has(each.clipRef)) find(`exhibit ${each.exhibitNumber} is not disposed of, and its key is gone`)
      continue
    }
    if (livingRefs.has(each.clipRef) && !needed.has(each.clipRef))
      find(`exhibit ${each.exhibitNumber} is disposed of, and its key is there`)
    for (const copy of await copiesOf(db, each.exhibitNumber))
      if (livingRefs.has(copy) && !needed.has(copy)) find(`a copy of ${each.exhibitNumber}, disposed of, can be opened`)
  }
}

async function checkFiles(service: Service, rows: readonly (typeof objects.$inferSelect)[], find: Find): Promise<void> {
  const stored = await storedNames(service.config)
  const wanted = new Map(
    rows.filter(row => row.removedAt === null).map(row => [`${row.objectKey} ${row.versionId}`, row]),
  )
  for (const name of stored) if (!wanted.delete(name)) find(`nobody knows the stored object ${name}`)
  for (const name of wanted.keys()) find(`object ${name} is not in the store`)
  for (const [key, versions] of Object.entries(Object.groupBy(stored, name => name.split(' ')[0]!)))
    if (versions!.length > 1) find(`${versions!.length} versions stand under ${key}`)

  const { scratchDir, dataDir } = service.config
  const left = [
    ...(await names(scratchDir)),
    ...(await names(join(dataDir, 'objects', 'drafts'))),
    ...(await names(join(dataDir, 'keys'))).filter(
      name => !['vault.json', 'ledger.json', 'issuer.json'].includes(name),
    ),
  ]
  if (left.length > 0) find(`left behind: ${left.join(', ')}`)
}

const names = (folder: string) => readdir(folder).catch(() => [])
