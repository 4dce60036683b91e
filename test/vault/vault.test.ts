import { randomBytes } from 'node:crypto'
import { chmod, readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises'
import { eq } from 'drizzle-orm'
import { describe, expect, test } from 'vitest'
import { Recorded } from '../../service/custody/recorded.ts'
import { Problem } from '../../service/http/problem.ts'
import { closeDigest, sealContext } from '../../service/vault/sealed-object.ts'
import { objectKeys, objects, referenceChecks } from '../../service/vault/tables.ts'
import { IntegrityFailed, openVault } from '../../service/vault/vault.ts'
import { chunks, collect, drain, pattern } from './streams.ts'
import { inAnHour, keep, recorded, region, workbench } from './workbench.ts'

type Bench = Awaited<ReturnType<typeof workbench>>
describe('what goes in comes out', () => {
  test('whole and by range, from a fresh vault over the same parts', async () => {
    await using bench = await workbench()
    const plain = randomBytes(2_500_000)
    const { stored, spooled } = await keep(bench, plain)
    expect(stored).toMatchObject({
      clipRef: spooled.clipRef,
      len: plain.length,
      sha256: spooled.sha256,
      role: 'master',
      adopted: false,
    })
    const again = await openVault(bench.parts)
    const opened = await again.open(stored.clipRef, recorded())
    expect(opened).toMatchObject({ len: plain.length, sha256: spooled.sha256 })
    expect((await collect(opened.stream)).equals(plain)).toBe(true)
    for (const [start, end] of [
      [0, 1],
      [1_048_519, 1_048_521],
      [2_000_000, 2_500_000],
      [2_499_999, 2_500_000],
    ] as const) {
      const part = await again.open(stored.clipRef, recorded(), { start, end })
      expect((await collect(part.stream)).equals(plain.subarray(start, end))).toBe(true)
    }
    const tail = await again.open(stored.clipRef, recorded(), { start: 2_400_000 })
    expect((await collect(tail.stream)).equals(plain.subarray(2_400_000))).toBe(true)
    expect(await readdir(bench.parts.scratchDir)).toEqual([])
  })

  test('under a lock of at least what was asked', async () => {
    await using bench = await workbench()
    const until = new Date(Date.now() + 86_400_123)
    const { stored } = await keep(bench, pattern(10), until)
    expect(stored.retainUntil.getTime()).toBeGreaterThanOrEqual(until.getTime())
    const [version] = await bench.parts.objects.versions(region, stored.clipRef)
    expect(version?.retainUntil).toEqual(stored.retainUntil)
  })

  test('neither store nor tables hold the plain digest', async () => {
    await using bench = await workbench()
    const { spooled } = await keep(bench, pattern(10))
    const rows = JSON.stringify([
      await bench.db.select().from(objects),
      await bench.db.select().from(objectKeys),
      await bench.db.select().from(referenceChecks),
    ])
    expect(rows).not.toContain(spooled.sha256)
    expect((await bench.place.names()).join()).not.toContain(spooled.sha256)
  })
})

describe('the only door to plaintext', () => {
  const look = {
    index: 0,
    chain: '0'.repeat(32),
    seq: 1,
    leafHash: '0'.repeat(64),
    time: '',
    req: '0'.repeat(32),
    ev: 'master.opened',
  }
  test.each([
    ['nothing', undefined],
    ['an object that looks like one', look],
    ['an object of its prototype', Object.create(Recorded.prototype)],
    ['a copy of a real one', { ...recorded() }],
    ['a proxy of a real one', new Proxy(recorded(), {})],
  ])('stays shut for %s', async (_, forged) => {
    await using bench = await workbench()
    const { stored } = await keep(bench, pattern(10))
    await expect(bench.vault.open(stored.clipRef, forged as Recorded)).rejects.toThrow(TypeError)
    await expect(bench.vault.open('unknown', forged as Recorded)).rejects.toThrow(TypeError)
  })

  test('knows no clip that is not there, and no range outside', async () => {
    await using bench = await workbench()
    await expect(bench.vault.open('a'.repeat(52), recorded())).rejects.toMatchObject({ type: 'not-found' })
    const { stored } = await keep(bench, pattern(10))
    for (const range of [
      { start: 10 },
      { start: 5, end: 5 },
      { end: 11 },
      { start: 5, end: 4 },
      { start: -1 },
      { start: 0.5 },
    ]) {
      await expect(bench.vault.open(stored.clipRef, recorded(), range)).rejects.toMatchObject({
        type: 'range-not-satisfiable',
      })
    }
  })

  test('does not open what was spooled and intended but never stored', async () => {
    await using bench = await workbench(({ objects }) => ({
      objects: { ...objects, put: () => Promise.reject(new Error('away')) },
    }))
    const spooled = await bench.vault.spool(chunks(pattern(10)), { region, maxBytes: 100 })
    await expect(bench.vault.store(spooled, { role: 'master', retainUntil: inAnHour() })).rejects.toMatchObject({
      type: 'unavailable',
    })
    await expect(bench.vault.open(spooled.clipRef, recorded())).rejects.toMatchObject({ type: 'not-found' })
  })

  test('stays shut when the data key is destroyed', async () => {
    await using bench = await workbench()
    const { stored } = await keep(bench, pattern(10))
    await bench.db.delete(objectKeys).where(eq(objectKeys.objectId, stored.objectId))
    await expect(bench.vault.open(stored.clipRef, recorded())).rejects.toMatchObject({ type: 'not-found' })
  })
})

describe('what is stored and not what was acquired is never taken for whole', () => {
  const plain = randomBytes(2_500_000)
  async function tampered(change: (path: string, bytes: Buffer) => Promise<void>) {
    const bench = await workbench()
    const { stored } = await keep(bench, plain)
    const path = await bench.place.file(region, stored.clipRef)
    await chmod(path, 0o600)
    await change(path, await readFile(path))
    return { bench, stored }
  }
  async function expectRefused(bench: Bench, clipRef: string) {
    const opened = await bench.vault.open(clipRef, recorded()).catch((error: Error) => error)
    const { bytes, error } =
      opened instanceof Error ? { bytes: Buffer.alloc(0), error: opened } : await drain(opened.stream)
    expect(error).toBeInstanceOf(IntegrityFailed)
    expect((error as IntegrityFailed).clipRef).toBe(clipRef)
    expect(bytes.length).toBeLessThan(plain.length)
    expect(bytes.equals(plain.subarray(0, bytes.length))).toBe(true)
  }

  test.each([0, 5, 45, 1_048_575, 1_048_576, 2_500_000])('a bit at %d', async at => {
    const { bench, stored } = await tampered(async (path, bytes) => {
      bytes[at]! ^= 0x10
      await writeFile(path, bytes)
    })
    await using _ = bench
    await expectRefused(bench, stored.clipRef)
  })

  test('cut at the end of a segment, even for a range before the cut', async () => {
    const { bench, stored } = await tampered(path => truncate(path, 2 * 1_048_576))
    await using _ = bench
    await expectRefused(bench, stored.clipRef)
    await expect(bench.vault.open(stored.clipRef, recorded(), { start: 0, end: 9 })).rejects.toThrow(IntegrityFailed)
  })

  test('gone', async () => {
    const { bench, stored } = await tampered(path => rm(path))
    await using _ = bench
    await expectRefused(bench, stored.clipRef)
  })

  test('another clip and its key in the place of this one', async () => {
    await using bench = await workbench()
    const { stored: a } = await keep(bench, plain)
    const { stored: b } = await keep(bench, randomBytes(plain.length))
    const wrapped = (id: string) =>
      bench.db
        .select()
        .from(objectKeys)
        .where(eq(objectKeys.objectId, id))
        .then(rows => rows[0]!.wrapped)
    await bench.db
      .update(objectKeys)
      .set({ wrapped: await wrapped(b.objectId) })
      .where(eq(objectKeys.objectId, a.objectId))
    await expectRefused(bench, a.clipRef)
  })

  test('well sealed, but not the clip: the digest of the whole says so before the last piece leaves', async () => {
    await using bench = await workbench()
    const { stored } = await keep(bench, plain)
    const [key] = await bench.db.select().from(objectKeys)
    const context = sealContext(stored.objectId, region)
    const dataKey = await bench.parts.keys.decrypt(region, key!.wrapped, context)
    await bench.db.update(objects).set({ digestBox: closeDigest(dataKey, context, randomBytes(32)) })
    await expectRefused(bench, stored.clipRef)
  })

  test('a second acquisition of it, of whose loss nobody would be told, is not acknowledged', async () => {
    const { bench } = await tampered(path => truncate(path, 1_048_576))
    await using _ = bench
    await expect(keep(bench, plain)).rejects.toThrow(IntegrityFailed)
  })

  test.each([
    ['missing', (path: string) => rm(path)],
    ['changed', (path: string) => truncate(path, 1_048_576)],
    // What a reading has found, and the store does not say.
    ['changed', async () => {}],
  ] as const)('the clip, brought again, takes the place of what is %s, once that is told', async (what, change) => {
    const { bench, stored } = await tampered(change)
    await using _ = bench
    await bench.db.update(objects).set({ fault: what === 'changed' ? what : null })
    const told: string[] = []
    const again = async () => {
      const spooled = await bench.vault.spool(chunks(plain), { region, maxBytes: 1 << 30 })
      const onLoss = async (loss: string) => {
        // Until then nothing has taken its place.
        expect((await bench.db.select().from(objects)).map(row => row.objectId)).toEqual([stored.objectId])
        told.push(loss)
      }
      return await bench.vault.store(spooled, { role: 'master', retainUntil: inAnHour(), onLoss })
    }
    const [one, two] = [await again(), await again()]
    expect(told).toEqual([what])
    expect(one).toMatchObject({ clipRef: stored.clipRef, adopted: false })
    expect(two).toMatchObject({ objectId: one.objectId, adopted: true })
    expect((await collect((await bench.vault.open(stored.clipRef, recorded())).stream)).equals(plain)).toBe(true)
    const keys = await bench.db.select().from(objectKeys)
    expect(keys.map(key => key.objectId)).toEqual([one.objectId])
    expect(await bench.vault.recover({ staleMs: 0 })).toMatchObject({ orphans: [], waiting: [] })
  })

  test('a crash between the new bytes and their mark ends with them in the place of the lost ones', async () => {
    const { bench, stored } = await tampered(path => rm(path))
    await using _ = bench
    const { objects: store } = bench.parts
    let away = false
    const dying = await openVault({
      ...bench.parts,
      objects: {
        ...store,
        async put(...args) {
          await store.put(...args)
          away = true
        },
        versions: (...args) => (away ? Promise.reject(new Error('away')) : store.versions(...args)),
      },
    })
    const spooled = await dying.spool(chunks(plain), { region, maxBytes: 1 << 30 })
    const storing = dying.store(spooled, { role: 'master', retainUntil: inAnHour(), onLoss: async () => {} })
    await expect(storing).rejects.toMatchObject({ type: 'unavailable' })
    await expectRefused(bench, stored.clipRef)
    expect(await bench.vault.recover({ staleMs: 0 })).toMatchObject({ stored: [stored.clipRef], waiting: [] })
    expect((await collect((await bench.vault.open(stored.clipRef, recorded())).stream)).equals(plain)).toBe(true)
  })
})

test('without the key service a clip cannot be opened, and that is not its fault', async () => {
  const away = async () => Promise.reject(new Problem('unavailable'))
  await using bench = await workbench()
  const { stored } = await keep(bench, pattern(10))
  const vault = await openVault({ ...bench.parts, keys: { ...bench.parts.keys, decrypt: away } })
  await expect(vault.open(stored.clipRef, recorded())).rejects.toMatchObject({ type: 'unavailable' })
})

test('a store that fails midway through a read is no integrity failure', async () => {
  await using bench = await workbench(({ objects }) => ({
    objects: {
      ...objects,
      async *get(...args: Parameters<typeof objects.get>) {
        yield* objects.get(args[0], args[1], args[2], args[3], Math.min(args[4], 1_100_000))
        throw new Error('connection reset')
      },
    },
  }))
  const { stored } = await keep(bench, pattern(3_000_000))
  const { error } = await drain((await bench.vault.open(stored.clipRef, recorded())).stream)
  expect(error).toMatchObject({ name: 'Problem', type: 'unavailable' })
})
