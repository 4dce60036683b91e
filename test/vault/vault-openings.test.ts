import { eq } from 'drizzle-orm'
import { describe, expect, test } from 'vitest'
import type { Tx } from '../../service/db.ts'
import { Problem } from '../../service/http/problem.ts'
import { makeOpeningCipher } from '../../service/vault/opening-cipher.ts'
import { subjectKeys } from '../../service/vault/tables.ts'
import { region, workbench } from './workbench.ts'

const text = Buffer.from('{"who":"an officer"}')

async function bench(cacheSize = 1_000) {
  const made = await workbench()
  let unwrapped = 0
  const keys = {
    ...made.parts.keys,
    decrypt: async (...args: Parameters<typeof made.parts.keys.decrypt>) => {
      unwrapped++
      return made.parts.keys.decrypt(...args)
    },
  }
  const cipher = makeOpeningCipher({ keys, region, cacheSize })
  const seal = (subject: string) => made.db.transaction(tx => cipher.seal(tx, subject, text))
  return { ...made, cipher, seal, keys, unwraps: () => unwrapped }
}

test('an opening opens again, also after a restart, and never looks the same twice', async () => {
  await using b = await bench()
  const [one, two] = [await b.seal('s'), await b.seal('s')]
  expect(one.length).toBe(two.length)
  expect(Buffer.from(one).equals(two)).toBe(false)
  expect(Buffer.from(one).includes(text)).toBe(false)
  for (const cipher of [b.cipher, makeOpeningCipher({ keys: b.keys, region })]) {
    for (const sealed of [one, two]) expect(await cipher.open(b.db, 's', sealed)).toEqual(text)
  }
})

test('a subject has one key, and another subject another', async () => {
  await using b = await bench()
  for (const subject of ['s', 't', 's', 't']) await b.seal(subject)
  expect((await b.db.select().from(subjectKeys)).map(row => row.subject).sort()).toEqual(['s', 't'])
})

test('the key lives and dies with the act', async () => {
  await using b = await bench()
  const failed = b.db.transaction(async tx => {
    await b.cipher.seal(tx, 's', text)
    throw new Error('the act fails')
  })
  await expect(failed).rejects.toThrow('the act fails')
  expect(await b.db.select().from(subjectKeys)).toEqual([])
  expect(await b.cipher.open(b.db, 's', await b.seal('s'))).toEqual(text)
})

test('a destroyed key opens nothing, also where it was in memory; what comes after has a new one', async () => {
  await using b = await bench()
  const elsewhere = makeOpeningCipher({ keys: b.keys, region })
  const before = await b.seal('s')
  const kept = await b.seal('t')
  expect(await elsewhere.open(b.db, 's', before)).toEqual(text)
  expect(await b.db.transaction(tx => b.cipher.destroy(tx, 's'))).toBe(1)
  for (const cipher of [b.cipher, elsewhere]) expect(await cipher.open(b.db, 's', before)).toBeUndefined()
  expect(await b.cipher.open(b.db, 't', kept)).toEqual(text)
  const after = await b.seal('s')
  expect(await b.cipher.open(b.db, 's', after)).toEqual(text)
  expect(await b.cipher.open(b.db, 's', before)).toBeUndefined()
})

test('changed bytes, another subject and another form are no destroyed key', async () => {
  await using b = await bench()
  const sealed = await b.seal('s')
  const changed = (at: number) => {
    const bytes = Buffer.from(sealed)
    bytes[at]! ^= 1
    return bytes
  }
  for (const at of [17, 40, sealed.length - 1])
    await expect(b.cipher.open(b.db, 's', changed(at))).rejects.toThrow(/does not open/)
  await expect(b.cipher.open(b.db, 't', sealed)).rejects.toThrow(/does not open/)
  await expect(b.cipher.open(b.db, 's', changed(0))).rejects.toThrow(TypeError)
  await expect(b.cipher.open(b.db, 's', Buffer.alloc(0))).rejects.toThrow(TypeError)
})

test('no more unwrapped keys are held than allowed, and those in use stay', async () => {
  await using b = await bench(2)
  const sealed = { a: await b.seal('a'), b: await b.seal('b'), c: await b.seal('c') }
  expect(b.unwraps()).toBe(0)
  await b.cipher.open(b.db, 'c', sealed.c)
  await b.cipher.open(b.db, 'b', sealed.b)
  expect(b.unwraps()).toBe(0)
  await b.cipher.open(b.db, 'a', sealed.a)
  expect(b.unwraps()).toBe(1)
  await b.cipher.open(b.db, 'b', sealed.b)
  expect(b.unwraps()).toBe(1)
  await b.cipher.open(b.db, 'c', sealed.c)
  expect(b.unwraps()).toBe(2)
})

test('an unwrapped key is held for its time and no longer, however often it is used', async () => {
  await using b = await bench()
  const sealed = await b.seal('s')
  let now = 0
  const unwrapped: Buffer[] = []
  const decrypt = async (...args: Parameters<typeof b.keys.decrypt>) => {
    unwrapped.push(await b.keys.decrypt(...args))
    return unwrapped[unwrapped.length - 1]!
  }
  const cipher = makeOpeningCipher({ keys: { ...b.keys, decrypt }, region, cacheMs: 300_000, now: () => now })
  for (const at of [0, 1, 200_000, 299_999]) {
    now = at
    expect(await cipher.open(b.db, 's', sealed)).toEqual(text)
    expect(unwrapped).toHaveLength(1)
  }
  now = 300_000
  expect(await cipher.open(b.db, 's', sealed)).toEqual(text)
  expect(unwrapped.map(key => key.equals(Buffer.alloc(32)))).toEqual([true, false])
  await b.db.transaction(tx => cipher.destroy(tx, 's'))
  expect(unwrapped.map(key => key.equals(Buffer.alloc(32)))).toEqual([true, true])
})

test('without the key service nothing is sealed and the act cannot commit', async () => {
  await using b = await bench()
  const generateDataKey = async () => Promise.reject(new Problem('unavailable'))
  const cipher = makeOpeningCipher({ keys: { ...b.keys, generateDataKey }, region })
  await expect(b.db.transaction(tx => cipher.seal(tx, 's', text))).rejects.toMatchObject({ type: 'unavailable' })
})

const postgres = process.env.CUSTOS_TEST_POSTGRES
describe.skipIf(!postgres)(
  `transactions that meet${postgres ? '' : ' (left out: only PostgreSQL has two at once)'}`,
  () => {
    /** Runs acts step by step side by side: each does its next step when all have done theirs, then all commit. */
    async function sideBySide(
      db: { transaction<T>(work: (tx: Tx) => Promise<T>): Promise<T> },
      acts: ((tx: Tx) => Promise<Uint8Array>)[][],
    ) {
      const arrived: (() => void)[] = []
      const together = () =>
        new Promise<void>(resolve => {
          arrived.push(resolve)
          if (arrived.length === acts.length) for (const go of arrived.splice(0)) go()
        })
      return Promise.all(
        acts.map(steps =>
          db.transaction(async tx => {
            const sealed: Uint8Array[] = []
            for (const step of steps) {
              sealed.push(await step(tx))
              await together()
            }
            return sealed
          }),
        ),
      )
    }

    test('make the same subject’s key without waiting for one another, whatever the order', async () => {
      await using b = await bench()
      const act = (subjects: string[]) => subjects.map(subject => (tx: Tx) => b.cipher.seal(tx, subject, text))
      const orders = [
        ['s', 't'],
        ['t', 's'],
        ['s', 't'],
        ['t', 's'],
      ]
      const sealed = await sideBySide(b.db, orders.map(act))
      for (const [i, subjects] of orders.entries()) {
        for (const [j, subject] of subjects.entries())
          expect(await b.cipher.open(b.db, subject, sealed[i]![j]!)).toEqual(text)
      }
      expect(await b.db.transaction(tx => b.cipher.destroy(tx, 's'))).toBe(4)
      for (const [i, subjects] of orders.entries()) {
        expect(await b.cipher.open(b.db, 's', sealed[i]![subjects.indexOf('s')]!)).toBeUndefined()
      }
    })

    test('an erasure waits for the act that seals, and takes its opening along', async () => {
      await using b = await bench()
      await b.seal('s')
      const { promise: done, resolve: finish } = Promise.withResolvers<void>()
      const { promise: sealedFirst, resolve: sealedNow } = Promise.withResolvers<void>()
      const act = b.db.transaction(async tx => {
        const sealed = await b.cipher.seal(tx, 's', text)
        sealedNow()
        await done
        return sealed
      })
      await sealedFirst
      let erased = false
      const erasure = b.db
        .transaction(tx => b.cipher.destroy(tx, 's'))
        .then(() => {
          erased = true
        })
      await b.db.select().from(subjectKeys).where(eq(subjectKeys.subject, 's'))
      expect(erased).toBe(false)
      finish()
      const sealed = await act
      await erasure
      expect(await b.cipher.open(b.db, 's', sealed)).toBeUndefined()
    })

    test('an act that meets an erasure seals under a key that stays', async () => {
      await using b = await bench()
      await b.seal('s')
      const { promise: done, resolve: finish } = Promise.withResolvers<void>()
      const { promise: destroyedFirst, resolve: destroyedNow } = Promise.withResolvers<void>()
      const erasure = b.db.transaction(async tx => {
        await b.cipher.destroy(tx, 's')
        destroyedNow()
        await done
      })
      await destroyedFirst
      const act = b.seal('s')
      finish()
      await erasure
      expect(await b.cipher.open(b.db, 's', await act)).toEqual(text)
    })
  },
)
