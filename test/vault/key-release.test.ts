/** On every way out of a read or an acquisition its data key is overwritten. */

import { eq } from 'drizzle-orm'
import { expect, onTestFinished, test, vi } from 'vitest'
import type { KeyService } from '../../service/vault/keys.ts'
import { objects } from '../../service/vault/tables.ts'
import { chunks, collect, drain, pattern } from './streams.ts'
import { keep, recorded, region, workbench } from './workbench.ts'

const zero = Buffer.alloc(32)
const len = 2_500_000

/** A vault whose key service shows what it gave out. */
async function bench() {
  const given: Buffer[] = []
  const watched = (keys: KeyService): KeyService => ({
    ...keys,
    async generateDataKey(...args) {
      const made = await keys.generateDataKey(...args)
      given.push(made.plaintext)
      return made
    },
    async decrypt(...args) {
      const key = await keys.decrypt(...args)
      given.push(key)
      return key
    },
  })
  const made = await workbench(({ keys }) => ({ keys: watched(keys) }))
  const { stored } = await keep(made, pattern(len))
  const expectForgotten = () => {
    expect(given.length).toBeGreaterThan(0)
    expect(given.every(key => key.equals(zero))).toBe(true)
  }
  expectForgotten()
  given.length = 0
  return {
    ...made,
    given,
    ref: stored.clipRef,
    expectForgotten,
    open: () => made.vault.open(stored.clipRef, recorded()),
  }
}

test('a read to its end', async () => {
  await using b = await bench()
  const { stream } = await b.open()
  expect(b.given[0]).not.toEqual(zero)
  expect((await collect(stream)).equals(pattern(len))).toBe(true)
  b.expectForgotten()
})

test('a read that is broken off, before or after its first piece', async () => {
  await using b = await bench()
  for await (const _ of (await b.open()).stream) break
  b.expectForgotten()
  await (await b.open()).stream[Symbol.asyncIterator]().return!()
  b.expectForgotten()
})

test('a read that fails in the middle, and one that fails before it begins', async () => {
  await using b = await bench()
  const { stream } = await b.open()
  b.parts.objects.get = async function* () {
    yield Buffer.alloc(100_000)
  }
  expect((await drain(stream)).error).toMatchObject({ name: 'IntegrityFailed' })
  b.expectForgotten()
  await b.db
    .update(objects)
    .set({ digestBox: Buffer.alloc(60) })
    .where(eq(objects.clipRef, b.ref))
  await expect(b.open()).rejects.toMatchObject({ name: 'IntegrityFailed' })
  b.expectForgotten()
})

test('an acquisition that fails at its first, a later or its last byte', async () => {
  await using b = await bench()
  for (const [body, maxBytes] of [
    [chunks(Buffer.alloc(0)), 100],
    [chunks(pattern(200)), 100],
    [failing(), 10_000_000],
  ] as const) {
    await expect(b.vault.spool(body, { region, maxBytes })).rejects.toThrow()
    b.expectForgotten()
  }
})

async function* failing() {
  yield pattern(2_000_000)
  throw new Error('the sender went away')
}

test('a read that nobody begins, after a minute; it cannot be begun then, and one begun in time goes on', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
  onTestFinished(() => void vi.useRealTimers())
  await using b = await bench()
  const [late, slow] = [(await b.open()).stream, (await b.open()).stream]
  const pieces = slow[Symbol.asyncIterator]()
  const first = await pieces.next()
  vi.advanceTimersByTime(60_000)
  expect(b.given.map(key => key.equals(zero))).toEqual([true, false])
  expect((await drain(late)).error).toMatchObject({ type: 'unavailable' })
  const rest = await collect({ [Symbol.asyncIterator]: () => pieces })
  expect(Buffer.concat([first.value!, rest]).equals(pattern(len))).toBe(true)
  b.expectForgotten()
})
