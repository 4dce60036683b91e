import { randomBytes } from 'node:crypto'
import { readdir } from 'node:fs/promises'
import { describe, expect, test } from 'vitest'
import { Problem } from '../../service/http/problem.ts'
import { objectKeys, objects } from '../../service/vault/tables.ts'
import { openVault } from '../../service/vault/vault.ts'
import { chunks, collect, pattern } from './streams.ts'
import { inAnHour, keep, recorded, region, workbench } from './workbench.ts'

/** The next `count` calls throw, after or before the real thing is done. */
function failing<T extends (...args: never[]) => Promise<unknown>>(work: T, count: number, when: 'before' | 'after') {
  let left = count
  return (async (...args: Parameters<T>) => {
    const fails = left-- > 0
    if (fails && when === 'before') throw new Error('the store is away')
    const answer = await work(...args)
    if (fails) throw new Error('the answer got lost')
    return answer
  }) as unknown as T
}

describe('the same clip is one object', () => {
  test('twice in a row: the second spool goes, the lock grows and never shrinks', async () => {
    await using bench = await workbench()
    const plain = randomBytes(1_200_000)
    const [day, week] = [1, 7].map(days => new Date(Math.ceil(Date.now() / 1000) * 1000 + days * 86_400_000))
    const first = await keep(bench, plain, day)
    const second = await keep(bench, plain, week)
    expect(second.stored).toEqual({ ...first.stored, retainUntil: week, adopted: true })
    const third = await keep(bench, plain, day)
    expect(third.stored.retainUntil).toEqual(week)
    const [row, ...others] = await bench.db.select().from(objects)
    expect(others).toEqual([])
    expect(row?.retainUntil).toEqual(week)
    expect(await bench.place.names()).toHaveLength(1)
    expect(await readdir(bench.parts.scratchDir)).toEqual([])
    expect((await collect((await bench.vault.open(first.stored.clipRef, recorded())).stream)).equals(plain)).toBe(true)
  })

  test.each([1, 2])('eight times at once through %d vaults over the same parts', async vaults => {
    await using bench = await workbench()
    const plain = randomBytes(1_200_000)
    const open = await Promise.all(Array.from({ length: vaults }, () => openVault(bench.parts)))
    const kept = await Promise.all(
      Array.from({ length: 8 }, (_, i) => keep({ ...bench, vault: open[i % vaults]! }, plain)),
    )
    expect(new Set(kept.map(({ stored }) => stored.objectId)).size).toBe(1)
    expect(kept.filter(({ stored }) => !stored.adopted)).toHaveLength(1)
    expect(await bench.db.select().from(objects)).toHaveLength(1)
    expect(await bench.db.select().from(objectKeys)).toHaveLength(1)
    expect(await bench.place.names()).toHaveLength(1)
    expect(await readdir(bench.parts.scratchDir)).toEqual([])
    expect((await collect((await bench.vault.open(kept[0]!.stored.clipRef, recorded())).stream)).equals(plain)).toBe(
      true,
    )
  })

  test('in another region it is another', async () => {
    await using bench = await workbench()
    const here = await keep(bench, pattern(10))
    const spooled = await bench.vault.spool(chunks(pattern(10)), { region: 'elsewhere', maxBytes: 100 })
    const there = await bench.vault.store(spooled, { role: 'master', retainUntil: inAnHour() })
    expect(there.adopted).toBe(false)
    expect(there.clipRef).not.toBe(here.stored.clipRef)
  })
})

describe('a store that fails', () => {
  const cases = [1, 2].flatMap(count => (['before', 'after'] as const).map(when => [count, when] as const))
  test.each(cases)('%d times %s it kept the bytes ends with one object', async (count, when) => {
    await using bench = await workbench(({ objects }) => ({
      objects: { ...objects, put: failing(objects.put, count, when) },
    }))
    const plain = randomBytes(1_200_000)
    const { stored } = await keep(bench, plain)
    expect(stored.adopted).toBe(false)
    expect(await bench.place.names()).toHaveLength(1)
    expect((await collect((await bench.vault.open(stored.clipRef, recorded())).stream)).equals(plain)).toBe(true)
  })

  test('for good acknowledges nothing, and when it is back the spool file is put again', async () => {
    let away = true
    await using bench = await workbench(({ objects }) => ({
      objects: { ...objects, put: (...args) => (away ? Promise.reject(new Error('away')) : objects.put(...args)) },
    }))
    const plain = randomBytes(1_200_000)
    const spooled = await bench.vault.spool(chunks(plain), { region, maxBytes: 1e7 })
    const failed = await bench.vault.store(spooled, { role: 'master', retainUntil: inAnHour() }).catch(error => error)
    expect(failed).toBeInstanceOf(Problem)
    expect(failed.type).toBe('unavailable')
    expect(await bench.vault.recover({ staleMs: 0 })).toMatchObject({ waiting: [spooled.clipRef] })
    away = false
    expect(await bench.vault.recover({ staleMs: 0 })).toMatchObject({ stored: [spooled.clipRef], waiting: [] })
    expect((await collect((await bench.vault.open(spooled.clipRef, recorded())).stream)).equals(plain)).toBe(true)
    expect(await readdir(bench.parts.scratchDir)).toEqual([])
  })

  test('to lock is an error, not an object', async () => {
    await using bench = await workbench(({ objects }) => ({
      objects: {
        ...objects,
        extend: async () => {},
        versions: async (...args) => (await objects.versions(...args)).map(v => ({ ...v, retainUntil: undefined })),
        head: async (...args) => {
          const version = await objects.head(...args)
          return version && { ...version, retainUntil: undefined }
        },
      },
    }))
    await expect(keep(bench, pattern(10))).rejects.toMatchObject({ type: 'unavailable' })
    expect((await bench.db.select().from(objects)).map(row => row.storedAt)).toEqual([null])
  })
})

test('bytes that no row knows do not keep a clip out: it takes the next name', async () => {
  await using bench = await workbench()
  const plain = randomBytes(1_200_000)
  const lost = await keep(bench, plain)
  // A database restored from before the first acquisition.
  await bench.db.delete(objects)
  const { stored } = await keep(bench, plain)
  expect(stored.adopted).toBe(false)
  expect((await bench.db.select().from(objects)).map(row => row.objectKey)).toEqual([`${lost.stored.clipRef}.1`])
  expect((await collect((await bench.vault.open(stored.clipRef, recorded())).stream)).equals(plain)).toBe(true)
  expect((await keep(bench, plain)).stored).toMatchObject({ objectId: stored.objectId, adopted: true })
  expect(await bench.place.names()).toHaveLength(2)
})

test('bytes whose data key is destroyed are never taken for the clip', async () => {
  await using bench = await workbench()
  const { stored } = await keep(bench, pattern(1_000))
  await bench.db.delete(objectKeys)
  await expect(keep(bench, pattern(1_000))).rejects.toThrow()
  await expect(bench.vault.open(stored.clipRef, recorded())).rejects.toMatchObject({ type: 'not-found' })
})
