/** Sweeps among objects that are lost, spoilt or out of reach: what is wrong with one is recorded, and keeps no other from its due. */
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { eq } from 'drizzle-orm'
import { describe, expect, test } from 'vitest'
import { awaitDisclosure } from '../../service/cli/request.ts'
import { exhibits } from '../../service/intake/tables.ts'
import { sweep } from '../../service/oversight/sweep.ts'
import type { ObjectStore } from '../../service/vault/object-store.ts'
import { objects } from '../../service/vault/tables.ts'
import { makeClip } from './clips.ts'
import { acquireClip, demand, type Estate, openEstate, type Receipt, recordIncident } from './estate.ts'
import { day, movingClock } from './moving-clock.ts'

/** A store in which what is done to some keys fails, as long as the test wants it to. */
async function troubled(count: number) {
  const clock = movingClock(new Date().toISOString())
  const bad = new Map<string, Partial<ObjectStore>>()
  const spoil = (real: ObjectStore): ObjectStore =>
    new Proxy(real, {
      get(target, method: keyof ObjectStore) {
        const value = Reflect.get(target, method) as (...args: unknown[]) => unknown
        return (...args: unknown[]) => {
          const instead = bad.get(String(args[1]))?.[method] as typeof value | undefined
          return instead ? instead(...args) : value.apply(target, args)
        }
      },
    })
  const overrides = {
    nowSeconds: clock.nowSeconds,
    engines: { objects: (_: string, real: ObjectStore) => spoil(real) },
  }
  const estate = await openEstate(overrides)
  const receipts: Receipt[] = []
  for (let i = 0; i < count; i++)
    receipts.push(await acquireClip(estate, await recordIncident(estate), await makeClip({ seed: i })))
  return { clock, estate, receipts, bad, [Symbol.asyncDispose]: () => estate[Symbol.asyncDispose]() }
}

const away = () => Promise.reject(new Error('the store is away'))
const rowOf = async (estate: Estate, { clipRef }: Receipt) =>
  (await estate.service.db.select().from(objects).where(eq(objects.clipRef, clipRef)))[0]!
const faultsOf = async (estate: Estate, { chain }: Receipt) =>
  (await estate.service.ledger.chain(chain)).flatMap(({ openings }) => {
    const value = (field: string) => openings.find(o => o.field === field)?.value as { reasons?: string[] } | undefined
    return (value('ev') as unknown) === 'integrity.failed' ? (value('pol')?.reasons ?? []) : []
  })

describe('an object that cannot be reached', () => {
  test('keeps no other from its lock or its inspection, and the steps say that they failed', async () => {
    await using there = await troubled(4)
    const { clock, estate, receipts, bad } = there
    for (const each of receipts) expect((await rowOf(estate, each)).retainUntil > clock.date()).toBe(true)
    bad.set(receipts[0]!.clipRef, { head: away })
    clock.forward(8 * day)
    expect(await sweep(estate.service)).toEqual(['locks', 'inspect', 'reread'])
    for (const each of receipts.slice(1)) {
      const row = await rowOf(estate, each)
      expect(row.retainUntil.getTime()).toBe(clock.date().getTime() + 14 * day * 1000)
      expect(row.inspectedAt).toEqual(clock.date())
      expect(row.rereadAt).toEqual(clock.date())
    }
    bad.clear()
    expect(await sweep(estate.service)).toEqual([])
    expect((await rowOf(estate, receipts[0]!)).retainUntil > clock.date()).toBe(true)
    expect(await faultsOf(estate, receipts[0]!)).toEqual([])
  })

  test('while the store says that it is there is lost: that is recorded, once', async () => {
    await using there = await troubled(2)
    const { clock, estate, receipts, bad } = there
    bad.set(receipts[0]!.clipRef, {
      async *get() {
        yield new Uint8Array(3)
        throw new Error('the store broke off')
      },
    })
    for (let days = 0; days < 3; days++) {
      expect(await sweep(estate.service)).toEqual([])
      clock.forward(day + 1)
    }
    expect(await faultsOf(estate, receipts[0]!)).toEqual(['object.unreadable'])
    expect(await faultsOf(estate, receipts[1]!)).toEqual([])
  })
})

test('a master that is lost ends its disclosure, and is recorded by whoever met it', async () => {
  await using there = await troubled(1)
  const { estate, receipts } = there
  await estate.service.startWorker()
  await rm(join(estate.folder, 'objects', 'objects'), { recursive: true, force: true })
  const officer = await estate.as('officer', 'agency-a')
  const filed = demand(receipts[0]!.exhibitNumber)
  const { requestId } = await officer.json<{ requestId: string }>('POST', '/v1/requests', filed)
  const disclosure = await awaitDisclosure(officer, requestId, () => {})
  expect(disclosure.state).toBe('failed')
  const chain = await estate.service.ledger.chain(receipts[0]!.chain)
  const events = chain.map(({ openings }) => openings.find(o => o.field === 'ev')?.value)
  expect(events.filter(ev => ev === 'integrity.failed')).toHaveLength(1)
})

describe('a fault', () => {
  test('that grows worse is recorded again, and one that was mended and comes back too', async () => {
    await using there = await troubled(1)
    const { clock, estate, receipts, bad } = there
    const [receipt] = receipts as [Receipt]
    const { region, objectKey, versionId } = await rowOf(estate, receipt)
    const seen = { versionId, len: 0, sha256: '', held: false }
    const unlocked = { ...seen, ...(await headOf(estate, receipt)), retainUntil: undefined }
    bad.set(objectKey, { head: async () => unlocked as never, extend: async () => {} })
    await sweep(estate.service, ['inspect'])
    expect(await faultsOf(estate, receipt)).toEqual(['object.unlocked'])
    bad.clear()
    expect(await sweep(estate.service, ['locks'])).toEqual([])
    clock.forward(day + 1)
    expect(await sweep(estate.service)).toEqual([])
    expect((await rowOf(estate, receipt)).fault).toBeNull()
    await rm(join(estate.folder, 'objects', 'objects', region), { recursive: true, force: true })
    clock.forward(day + 1)
    await sweep(estate.service, ['inspect'])
    expect(await faultsOf(estate, receipt)).toEqual(['object.unlocked', 'object.missing'])
  })

  test('is recorded in the end when the ledger was away as it was found', async () => {
    await using there = await troubled(1)
    const { clock, estate, receipts } = there
    await rm(join(estate.folder, 'objects', 'objects'), { recursive: true, force: true })
    const down = { ...estate.service, ledger: { ...estate.service.ledger, stage: away } }
    expect(await sweep(down, ['inspect'])).toEqual(['inspect'])
    expect(await faultsOf(estate, receipts[0]!)).toEqual([])
    clock.forward(day + 1)
    expect(await sweep(estate.service, ['inspect'])).toEqual([])
    expect(await faultsOf(estate, receipts[0]!)).toEqual(['object.missing'])
  })
})

test('a schedule that was lengthened keeps the lock as well as the exhibit', async () => {
  await using there = await troubled(1)
  const { clock, estate, receipts } = there
  const [receipt] = receipts as [Receipt]
  // As if it had come in under a schedule of ten days: today's is longer, and policy goes by the longer.
  const soon = new Date(clock.date().getTime() + 10 * day * 1000)
  await estate.service.db
    .update(exhibits)
    .set({ retainUntil: soon })
    .where(eq(exhibits.exhibitNumber, receipt.exhibitNumber))
  for (let days = 0; days < 40; days++) {
    clock.forward(day)
    expect(await sweep(estate.service, ['locks', 'dispose'])).toEqual([])
    expect((await rowOf(estate, receipt)).retainUntil > clock.date()).toBe(true)
  }
  expect((await rowOf(estate, receipt)).disposedAt).toBeNull()
})

test('a removal that was cut off after the object went is finished by the next sweep, and hides nothing behind it', async () => {
  await using there = await troubled(2)
  const { clock, estate, receipts } = there
  const rows = [await rowOf(estate, receipts[0]!), await rowOf(estate, receipts[1]!)]
  const { db, vault } = estate.service
  for (const each of receipts) await db.transaction(tx => vault.destroy(tx, each.clipRef, clock.date()))
  clock.forward(15 * day)
  const [first] = rows.sort((a, b) => (a.objectId < b.objectId ? -1 : 1))
  await db.update(objects).set({ held: true }).where(eq(objects.objectId, first!.objectId))
  await rm(join(estate.folder, 'objects', 'objects', first!.region, first!.objectKey.slice(0, 2), first!.objectKey), {
    recursive: true,
  })
  expect(await sweep(estate.service, ['remove'])).toEqual([])
  for (const { objectId } of rows) {
    const [row] = await db.select().from(objects).where(eq(objects.objectId, objectId))
    expect(row?.removedAt).toEqual(clock.date())
  }
})

async function headOf(estate: Estate, receipt: Receipt) {
  const { region, objectKey, versionId } = await rowOf(estate, receipt)
  return await estate.service.objects.head(region, objectKey, versionId!)
}
