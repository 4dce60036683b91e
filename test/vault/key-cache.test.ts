import { randomBytes } from 'node:crypto'
import { expect, test, vi } from 'vitest'
import { makeKeyCache } from '../../service/vault/data-keys.ts'

const zero = Buffer.alloc(32)

function bench(maxKeys = 3, maxAgeMs = 1_000) {
  let now = 0
  const made: Buffer[] = []
  const cache = makeKeyCache({ maxKeys, maxAgeMs, now: () => now })
  const unwrap = async () => {
    const key = randomBytes(32)
    made.push(key)
    return key
  }
  return {
    cache,
    made,
    unwrap,
    at: (ms: number) => {
      now = ms
    },
    use: (name: string) => cache.with(name, unwrap, key => Buffer.from(key).toString('hex')),
  }
}

test('a key is unwrapped once, and again when its time is over, to the millisecond; use does not lengthen it', async () => {
  const b = bench()
  const first = await b.use('a')
  for (const ms of [1, 500, 999]) {
    b.at(ms)
    expect(await b.use('a')).toBe(first)
  }
  b.at(1_000)
  expect(await b.use('a')).not.toBe(first)
  expect(b.made).toHaveLength(2)
  expect(b.made[0]).toEqual(zero)
  expect(b.made[1]).not.toEqual(zero)
})

test('no more keys are held than allowed: the one longest unused goes, overwritten', async () => {
  const b = bench()
  for (const name of ['a', 'b', 'c', 'a', 'd']) await b.use(name)
  expect(b.cache.size).toBe(3)
  expect(b.made.map(key => key.equals(zero))).toEqual([false, true, false, false])
})

test('a dropped key is overwritten at once, and unwrapped anew when asked for', async () => {
  const b = bench()
  const first = await b.use('a')
  b.cache.drop('a')
  b.cache.drop('never held')
  expect(b.made[0]).toEqual(zero)
  expect(b.cache.size).toBe(0)
  expect(await b.use('a')).not.toBe(first)
})

test('who is using a key keeps it whole until done, whatever becomes of it meanwhile', async () => {
  const b = bench(1)
  const { promise: wait, resolve: go } = Promise.withResolvers<void>()
  const seen = b.cache.with('a', b.unwrap, async key => {
    const before = Buffer.from(key)
    await wait
    return before.equals(key)
  })
  await b.use('other')
  b.cache.drop('a')
  expect(b.made[0]).not.toEqual(zero)
  go()
  expect(await seen).toBe(true)
  expect(b.made[0]).toEqual(zero)
})

test('nobody ever gets a key that is being overwritten, however many ask and drop at once', async () => {
  const b = bench(2)
  const names = ['a', 'b', 'c', 'd']
  const answers = await Promise.all(
    Array.from({ length: 400 }, async (_, n) => {
      const name = names[n % names.length]!
      if (n % 7 === 0) b.cache.drop(name)
      if (n % 11 === 0) b.at(n * 100)
      return b.cache.with(name, b.unwrap, async key => {
        await Promise.resolve()
        return key.equals(zero)
      })
    }),
  )
  expect(answers).not.toContain(true)
  for (const name of names) b.cache.drop(name)
  expect(b.made.every(key => key.equals(zero))).toBe(true)
})

test('a key goes also when nobody asks any more, and after a use that failed', async () => {
  vi.useFakeTimers()
  try {
    const made: Buffer[] = []
    const cache = makeKeyCache({ maxKeys: 3, maxAgeMs: 60_000, now: Date.now })
    const unwrap = async () => made[made.push(randomBytes(32)) - 1]!
    const failing = cache.with('a', unwrap, () => {
      throw new Error('the box is broken')
    })
    await expect(failing).rejects.toThrow('the box is broken')
    await cache.with('b', unwrap, () => undefined)
    expect(made.some(key => key.equals(zero))).toBe(false)
    vi.advanceTimersByTime(66_001)
    expect(made.every(key => key.equals(zero))).toBe(true)
    expect(cache.size).toBe(0)
    expect(vi.getTimerCount()).toBe(0)
  } finally {
    vi.useRealTimers()
  }
})

test('a key that could not be unwrapped leaves nothing behind', async () => {
  const b = bench()
  const away = () => Promise.reject(new Error('away'))
  await expect(b.cache.with('a', away, () => 1)).rejects.toThrow('away')
  expect(b.cache.size).toBe(0)
  expect(await b.use('a')).toHaveLength(64)
})
