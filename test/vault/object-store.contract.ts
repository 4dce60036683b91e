/** What every ObjectStore keeps to: the same tests, unchanged, on a folder and on every S3 server. What a server adds or lacks is written in test/engines/store-deviations.ts. */
import { createHash, randomBytes } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import {
  type ObjectBody,
  ObjectDigestMismatch,
  ObjectExists,
  ObjectLocked,
  type ObjectStore,
} from '../../service/vault/object-store.ts'
import { chunks, collect } from './streams.ts'

export interface Subject {
  /** The same place through a store of its own, as another process has it. */
  open(): Promise<ObjectStore>
  /** Somebody deletes the key without naming a version, which on S3 puts a delete marker over it. */
  hide(key: string): Promise<void>
}

export const region = 'local'
export const freshKey = () => randomBytes(26).toString('hex')
export const hours = (n: number) => new Date(Math.ceil(Date.now() / 1000) * 1000 + n * 3_600_000)

export function bodyOf(bytes: Buffer, change: Partial<ObjectBody> = {}): ObjectBody {
  const digest = (algorithm: string) => createHash(algorithm).update(bytes).digest('hex')
  return {
    len: bytes.length,
    sha256: digest('sha256'),
    md5: digest('md5'),
    open: () => chunks(bytes, 100_000),
    ...change,
  }
}

/** `mib` is the length of the longest body, which a store may be told to put in parts. */
export function objectStoreContract(subject: () => Promise<Subject>, mib = 3): void {
  const opened = async () => {
    const place = await subject()
    const store = await place.open()
    return { place, store, key: freshKey() }
  }
  /** An object under a lock of an hour. */
  const kept = async (bytes = randomBytes(1_000), until = hours(1)) => {
    const { place, store, key } = await opened()
    await store.put(region, key, bodyOf(bytes), until)
    const [version, ...others] = await store.versions(region, key)
    expect(others).toEqual([])
    return { place, store, key, bytes, until, version: version!, id: version!.versionId }
  }

  describe('what is put', () => {
    test.each([0, 1, 1_000, mib * 1_048_576 + 1])('stands there with length, digest and lock: %d bytes', async len => {
      const { store, key, bytes, until, version, id } = await kept(randomBytes(len))
      const { sha256 } = bodyOf(bytes)
      expect(version).toEqual({ versionId: id, len, sha256, retainUntil: until, held: false })
      expect(await store.head(region, key, id)).toEqual(version)
      expect((await collect(store.get(region, key, id, 0, len))).equals(bytes)).toBe(true)
    })

    test('can be read from any place, and an empty range is empty', async () => {
      const { store, key, bytes, id } = await kept(randomBytes(1_500_000))
      for (const [start, end] of [
        [0, 1],
        [7, 7],
        [1_234, 1_400_000],
        [1_499_999, 1_500_000],
        [1_500_000, 1_500_000],
      ] as const)
        expect((await collect(store.get(region, key, id, start, end))).equals(bytes.subarray(start, end))).toBe(true)
    })

    test('can be left in the middle of reading, and read again', async () => {
      const { store, key, bytes, id } = await kept(randomBytes(3_000_000))
      for (let time = 0; time < 60; time++) for await (const _ of store.get(region, key, id, 0, bytes.length)) break
      expect((await collect(store.get(region, key, id, 0, bytes.length))).equals(bytes)).toBe(true)
    })

    test('with part of a second in its lock is locked until that second has ended', async () => {
      const { version } = await kept(randomBytes(1), new Date(hours(1).getTime() + 1))
      expect(version.retainUntil!.getTime() % 1000).toBe(0)
      expect(version.retainUntil!.getTime()).toBeGreaterThan(Date.now() + 3_600_000)
    })

    test('is not there under any other key, also not one that starts or ends alike', async () => {
      const { store, key, version } = await kept()
      for (const other of [key.slice(0, -1), `${key}.1`, `${key}0`])
        expect(await store.versions(region, other)).toEqual([])
      const others = Array.from({ length: 40 }, (_, n) => `${key}.${n + 1}`)
      for (const other of others) await store.put(region, other, bodyOf(Buffer.from(other)), hours(1))
      expect(await store.versions(region, key)).toEqual([version])
      for (const other of others)
        expect((await store.versions(region, other)).map(v => v.sha256)).toEqual([bodyOf(Buffer.from(other)).sha256])
    })
  })

  describe('what stands', () => {
    test('is not overwritten, by the same bytes or by others', async () => {
      const { store, key, bytes, version } = await kept()
      for (const again of [bytes, randomBytes(5), randomBytes(2_000_000)])
        await expect(store.put(region, key, bodyOf(again), hours(2))).rejects.toThrow(ObjectExists)
      expect(await store.versions(region, key)).toEqual([version])
    })

    test('of four at once that take turns, as the vault has them, one is put', async () => {
      const { place, key } = await opened()
      const stores = await Promise.all([1, 2, 3, 4].map(() => place.open()))
      let turn: Promise<unknown> = Promise.resolve()
      const answers = await Promise.allSettled(
        stores.map(store => {
          const mine = turn.then(() => store.put(region, key, bodyOf(randomBytes(100_000)), hours(1)))
          turn = mine.catch(() => {})
          return mine
        }),
      )
      expect(answers.filter(answer => answer.status === 'fulfilled')).toHaveLength(1)
      for (const answer of answers) if (answer.status === 'rejected') expect(answer.reason).toBeInstanceOf(ObjectExists)
      expect(await stores[0]!.versions(region, key)).toHaveLength(1)
    })

    test('is seen, read and never put again under a delete that named no version', async () => {
      const { place, store, key, bytes, version, id } = await kept()
      await place.hide(key)
      expect(await store.versions(region, key)).toEqual([version])
      expect(await store.head(region, key, id)).toEqual(version)
      expect((await collect(store.get(region, key, id, 0, bytes.length))).equals(bytes)).toBe(true)
      await expect(store.put(region, key, bodyOf(bytes), hours(1))).rejects.toThrow(ObjectExists)
    })
  })

  describe('bytes that', () => {
    const bad: [string, (bytes: Buffer) => Partial<ObjectBody>][] = [
      ['are not those of the digest', () => ({ sha256: '0'.repeat(64) })],
      ['are fewer than was said', bytes => ({ len: bytes.length + 1 })],
      ['are more than was said', bytes => ({ len: bytes.length - 1 })],
    ]
    const sizes = [1_000, mib * 1_048_576 + 1]
    const cases = bad.flatMap(([what, change]) => sizes.map(len => [what, len, change] as const))
    test.each(cases)('%s are a mismatch and leave nothing: %d bytes', async (_, len, change) => {
      const { store, key } = await opened()
      const bytes = randomBytes(len)
      await expect(store.put(region, key, bodyOf(bytes, change(bytes)), hours(1))).rejects.toThrow(ObjectDigestMismatch)
      expect(await store.versions(region, key)).toEqual([])
      await store.put(region, key, bodyOf(bytes), hours(1))
      expect((await store.versions(region, key)).map(v => v.len)).toEqual([len])
    })

    test.each(sizes)('cannot be read to their end leave nothing: %d bytes', async len => {
      const { store, key } = await opened()
      const bytes = randomBytes(len)
      async function* open() {
        yield bytes.subarray(0, len - 1)
        throw new Error('the disk is gone')
      }
      await expect(store.put(region, key, bodyOf(bytes, { open }), hours(1))).rejects.toThrow('the disk is gone')
      expect(await store.versions(region, key)).toEqual([])
    })
  })

  describe('a lock', () => {
    test('grows and never shrinks', async () => {
      const { store, key, until, id } = await kept()
      const lock = async () => (await store.head(region, key, id))?.retainUntil
      await store.extend(region, key, id, hours(5))
      const longer = await lock()
      expect(longer!.getTime()).toBeGreaterThan(until.getTime())
      for (const shorter of [hours(4), until, new Date()]) await store.extend(region, key, id, shorter)
      expect(await lock()).toEqual(longer)
    })

    test('keeps its object from being removed', async () => {
      const { store, key, version, id } = await kept()
      await expect(store.remove(region, key, id)).rejects.toThrow(ObjectLocked)
      expect(await store.versions(region, key)).toEqual([version])
    })

    test('that has ended lets its object be removed, once and again, and its key be put', async () => {
      const { store, key, bytes, id } = await kept(randomBytes(1_000), new Date(Date.now() + 1_000))
      await untilUnlocked(() => store.remove(region, key, id))
      expect(await store.versions(region, key)).toEqual([])
      expect(await store.head(region, key, id)).toBeUndefined()
      await store.remove(region, key, id)
      await expect(collect(store.get(region, key, id, 0, bytes.length))).rejects.toThrow()
      await store.put(region, key, bodyOf(bytes), hours(1))
      expect(await store.versions(region, key)).toHaveLength(1)
    })

    test('cannot be set on what is not there', async () => {
      const { store, key, id } = await kept(randomBytes(1_000), new Date(Date.now() + 1_000))
      await untilUnlocked(() => store.remove(region, key, id))
      await expect(store.extend(region, key, id, hours(1))).rejects.toThrow()
      await expect(store.hold(region, key, id, true)).rejects.toThrow()
    })
  })

  describe('a hold', () => {
    test('is set and lifted, and setting it twice is setting it', async () => {
      const { store, key, version, id } = await kept()
      for (const held of [true, true, false, false, true]) {
        await store.hold(region, key, id, held)
        expect(await store.head(region, key, id)).toEqual({ ...version, held })
        expect(await store.versions(region, key)).toEqual([{ ...version, held }])
      }
    })

    test('keeps its object after the lock has ended', async () => {
      const until = new Date(Date.now() + 1_000)
      const { store, key, id } = await kept(randomBytes(10), until)
      await store.hold(region, key, id, true)
      const ended = () => Date.now() > until.getTime() + 3_000
      await expect.poll(ended, { timeout: 30_000, interval: 200 }).toBe(true)
      await expect(store.remove(region, key, id)).rejects.toThrow(ObjectLocked)
      await store.hold(region, key, id, false)
      await untilUnlocked(() => store.remove(region, key, id))
      expect(await store.versions(region, key)).toEqual([])
    })
  })

  test('four workers on four keys at once do not meet', async () => {
    const { place } = await opened()
    const kept = await Promise.all(
      [1, 2, 3, 4].map(async () => {
        const [store, key, bytes] = [await place.open(), freshKey(), randomBytes(mib * 1_048_576 + 1)]
        await store.put(region, key, bodyOf(bytes), hours(1))
        const [version] = await store.versions(region, key)
        return (await collect(store.get(region, key, version!.versionId, 0, bytes.length))).equals(bytes)
      }),
    )
    expect(kept).toEqual([true, true, true, true])
  })

  test('a list names every version that stands, also one that a delete marker hides, and nothing that was removed', async () => {
    const { place, store, key, id } = await kept()
    await place.hide(key)
    const gone = await kept(randomBytes(10), new Date(Date.now() + 1_000))
    await untilUnlocked(() => gone.store.remove(region, gone.key, gone.id))
    const listed: string[] = []
    for await (const version of store.list(region)) {
      expect(Math.abs(version.putAt.getTime() - Date.now())).toBeLessThan(3_600_000)
      listed.push(`${version.key} ${version.versionId}`)
    }
    expect(listed).toContain(`${key} ${id}`)
    expect(listed).not.toContain(`${gone.key} ${gone.id}`)
  })

  test('the store that keeps what is put says so, and what its clock shows', async () => {
    const { store } = await opened()
    const { says, clockSkewMs } = await store.check(region)
    expect(says).not.toBe('')
    expect(Math.abs(clockSkewMs ?? 0)).toBeLessThan(60_000)
  })
}

async function untilUnlocked(remove: () => Promise<void>): Promise<void> {
  const tried = () =>
    remove().then(
      () => 'removed',
      error => {
        if (!(error instanceof ObjectLocked)) throw error
        return 'locked'
      },
    )
  await expect.poll(tried, { timeout: 60_000, interval: 200 }).toBe('removed')
}
