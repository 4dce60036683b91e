import { mkdir, readdir, utimes, writeFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { objectKeys, objects } from '../../service/vault/tables.ts'
import { openVault } from '../../service/vault/vault.ts'
import { chunks, collect, pattern } from './streams.ts'
import { inAnHour, keep, recorded, region, workbench } from './workbench.ts'

type Bench = Awaited<ReturnType<typeof workbench>>
const away = () => Promise.reject(new Error('away'))

/** An intent whose bytes are in the store, which could not say so. */
async function put(bench: Bench, bytes: Uint8Array, retainUntil: Date) {
  const vault = await openVault({ ...bench.parts, objects: { ...bench.parts.objects, versions: away } })
  const spooled = await vault.spool(chunks(bytes), { region, maxBytes: 1e9 })
  await expect(vault.store(spooled, { role: 'master', retainUntil })).rejects.toMatchObject({ type: 'unavailable' })
  return spooled
}

/** An intent whose put never got an answer, over a store that could not be asked either. */
async function intend(bench: Bench, bytes: Uint8Array) {
  const vault = await openVault({ ...bench.parts, objects: { ...bench.parts.objects, put: away, versions: away } })
  const spooled = await vault.spool(chunks(bytes), { region, maxBytes: 1e9 })
  await expect(vault.store(spooled, { role: 'master', retainUntil: inAnHour() })).rejects.toMatchObject({
    type: 'unavailable',
  })
  return spooled
}

test('an intent whose bytes are in the store is stored, also without its spool file', async () => {
  await using bench = await workbench()
  const spooled = await put(bench, pattern(1_000), inAnHour())
  await spooled.discard()
  expect(await bench.vault.recover({ staleMs: 0 })).toMatchObject({ stored: [spooled.clipRef], dropped: [] })
  expect((await bench.vault.open(spooled.clipRef, recorded())).sha256).toBe(spooled.sha256)
})

test('an acquisition that finds the bytes of an unfinished one adopts them, under the longer lock', async () => {
  await using bench = await workbench()
  const first = await put(bench, pattern(1_000), inAnHour())
  const week = new Date(Math.ceil(Date.now() / 1000) * 1000 + 7 * 86_400_000)
  const { stored } = await keep(bench, pattern(1_000), week)
  expect(stored).toMatchObject({ objectId: first.objectId, adopted: true, retainUntil: week })
  const rows = await bench.db.select().from(objects)
  expect(rows.map(row => [row.objectId, row.retainUntil])).toEqual([[first.objectId, week]])
  expect((await bench.parts.objects.versions(region, stored.clipRef)).map(v => v.retainUntil)).toEqual([week])
})

test('an intent whose spool file is lost is dropped with its key', async () => {
  await using bench = await workbench()
  const spooled = await intend(bench, pattern(1_000))
  await spooled.discard()
  expect(await bench.vault.recover({ staleMs: 0 })).toEqual({
    stored: [],
    dropped: [spooled.clipRef],
    waiting: [],
    orphans: [],
  })
  expect(await bench.db.select().from(objects)).toEqual([])
  expect(await bench.db.select().from(objectKeys)).toEqual([])
})

test.each(['cut', 'changed'])('a spool file that is %s is not put', async how => {
  await using bench = await workbench()
  const spooled = await intend(bench, pattern(1_000))
  const path = join(bench.parts.scratchDir, `${spooled.objectId}.sealed`)
  await writeFile(path, Buffer.alloc(how === 'cut' ? spooled.sealed.len - 1 : spooled.sealed.len))
  expect(await bench.vault.recover({ staleMs: 0 })).toMatchObject({ dropped: [spooled.clipRef] })
  expect(await readdir(bench.parts.scratchDir)).toEqual([])
  expect(await bench.parts.objects.versions(region, spooled.clipRef)).toEqual([])
})

test('bytes that no row knows are named while they are locked', async () => {
  await using bench = await workbench()
  const { stored } = await keep(bench, pattern(1_000))
  await bench.db.delete(objects)
  await (await intend(bench, pattern(1_000))).discard()
  expect(await bench.vault.recover({ staleMs: 0 })).toMatchObject({
    dropped: [stored.clipRef],
    orphans: [stored.clipRef],
  })
  expect(await bench.parts.objects.versions(region, stored.clipRef)).toHaveLength(1)
})

test('bytes that no row knows are removed once their lock has ended', async () => {
  await using bench = await workbench()
  const { stored } = await keep(bench, pattern(1_000), new Date(Date.now() + 1_000))
  await bench.db.delete(objects)
  await expect
    .poll(
      async () => {
        await (await intend(bench, pattern(1_000))).discard()
        return (await bench.vault.recover({ staleMs: 0 })).orphans
      },
      { timeout: 60_000, interval: 200 },
    )
    .toEqual([])
  expect(await bench.parts.objects.versions(region, stored.clipRef)).toEqual([])
})

test('an intent that another acquisition of the same clip overtook ends with it', async () => {
  await using bench = await workbench()
  const spooled = await intend(bench, pattern(1_000))
  const { stored } = await keep(bench, pattern(1_000))
  expect(stored.adopted).toBe(false)
  expect(await bench.vault.recover({ staleMs: 0 })).toMatchObject({ stored: [spooled.clipRef] })
  expect((await bench.db.select().from(objects)).map(row => row.objectId)).toEqual([stored.objectId])
  expect(await readdir(bench.parts.scratchDir)).toEqual([])
})

test('what may be the work of another process is left alone until it is stale', async () => {
  await using bench = await workbench()
  const spooled = await intend(bench, pattern(1_000))
  await bench.vault.spool(chunks(pattern(5)), { region, maxBytes: 100 })
  await (await openVault(bench.parts)).workFolder()
  const before = (await readdir(bench.parts.scratchDir)).sort()
  expect(await bench.vault.recover()).toEqual({ stored: [], dropped: [], waiting: [], orphans: [] })
  expect((await readdir(bench.parts.scratchDir)).sort()).toEqual(before)
  await bench.db.update(objects).set({ createdAt: new Date(Date.now() - 2 * 3_600_000) })
  for (const name of before) await utimes(join(bench.parts.scratchDir, name), 0, 0)
  expect(await bench.vault.recover()).toMatchObject({ stored: [spooled.clipRef] })
  expect(await readdir(bench.parts.scratchDir)).toEqual([])
})

test('a put that is still under way on another host is not given up, however old its intent is', async () => {
  await using bench = await workbench()
  const [reached, released] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
  const { objects: store } = bench.parts
  const slow = await openVault({
    ...bench.parts,
    objects: {
      ...store,
      async put(...args) {
        reached.resolve()
        await released.promise
        await store.put(...args)
      },
    },
  })
  const plain = pattern(1_000)
  const spooled = await slow.spool(chunks(plain), { region, maxBytes: 1e9 })
  const storing = slow.store(spooled, { role: 'master', retainUntil: inAnHour() })
  storing.catch(() => {})
  await reached.promise
  await bench.db.update(objects).set({ createdAt: new Date(Date.now() - 2 * 3_600_000) })
  const elsewhere = await openVault({ ...bench.parts, scratchDir: join(bench.folder, 'another-host') })
  const recovering = elsewhere.recover()
  // As far as it gets by itself.
  await Promise.race([recovering, delay(500)])
  released.resolve()
  expect(await recovering).toEqual({ stored: [spooled.clipRef], dropped: [], waiting: [], orphans: [] })
  expect((await storing).objectId).toBe(spooled.objectId)
  expect(await bench.place.names()).toHaveLength(1)
  expect(await collect((await bench.vault.open(spooled.clipRef, recorded())).stream)).toEqual(Buffer.from(plain))
})

test('nothing is put for an intent that was given up before its turn came', async () => {
  await using bench = await workbench(({ db, exclusive }) => ({
    async exclusive(name, work) {
      await db.delete(objects)
      return await exclusive(name, work)
    },
  }))
  const spooled = await bench.vault.spool(chunks(pattern(1_000)), { region, maxBytes: 1e9 })
  const storing = bench.vault.store(spooled, { role: 'master', retainUntil: inAnHour() })
  await expect(storing).rejects.toMatchObject({ type: 'unavailable' })
  expect(await bench.parts.objects.versions(region, spooled.clipRef)).toEqual([])
})

test('a work folder stays while somebody works in it, though its own time stands still', async () => {
  await using bench = await workbench()
  const [own, others] = [await bench.vault.workFolder(), await (await openVault(bench.parts)).workFolder()]
  const hoursAgo = (hours: number) => Date.now() / 1000 - hours * 3_600
  await utimes(own.path, 0, 0)
  await utimes(others.path, 0, hoursAgo(3))
  await bench.vault.recover()
  expect((await readdir(bench.parts.scratchDir)).sort()).toEqual([own, others].map(f => basename(f.path)).sort())
  await utimes(others.path, 0, hoursAgo(25))
  await bench.vault.recover()
  expect(await readdir(bench.parts.scratchDir)).toEqual([basename(own.path)])
  await own[Symbol.asyncDispose]()
  expect(await readdir(bench.parts.scratchDir)).toEqual([])
})

test('nothing but its own files is ever swept from the scratch folder', async () => {
  await using bench = await workbench()
  const { scratchDir } = bench.parts
  await writeFile(join(scratchDir, 'notes.sealed'), '')
  await mkdir(join(scratchDir, 'work-of-someone'))
  await bench.vault.recover({ staleMs: 0 })
  expect((await readdir(scratchDir)).sort()).toEqual(['notes.sealed', 'work-of-someone'])
})
