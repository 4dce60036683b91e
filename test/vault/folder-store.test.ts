import { createHash, randomBytes } from 'node:crypto'
import { mkdir, readdir, readFile, stat, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { openFolderStore } from '../../service/vault/folder-store.ts'
import { type ObjectBody, ObjectDigestMismatch, ObjectExists, ObjectLocked } from '../../service/vault/object-store.ts'
import { chunks, collect, scratch } from './streams.ts'

const key = 'a'.repeat(52)
const until = new Date('2030-01-01T00:00:00Z')
const bodyOf = (bytes: Buffer): ObjectBody => ({
  len: bytes.length,
  sha256: createHash('sha256').update(bytes).digest('hex'),
  open: () => chunks(bytes, 1_000),
})

async function bench() {
  const folder = await scratch()
  let now = Date.parse('2026-01-01T00:00:00Z')
  const store = await openFolderStore(folder.path, () => now)
  const home = join(folder.path, 'objects', 'local', 'aa', key)
  return {
    store,
    home,
    path: folder.path,
    setClock(time: Date) {
      now = time.getTime()
    },
    [Symbol.asyncDispose]: () => folder[Symbol.asyncDispose](),
  }
}

test('what is put is there with its digest, length and lock, read-only, and can be read from any place', async () => {
  await using b = await bench()
  const bytes = randomBytes(5_000)
  const body = bodyOf(bytes)
  await b.store.put('local', key, body, until)
  const expected = { versionId: body.sha256, sha256: body.sha256, len: 5_000, retainUntil: until, held: false }
  expect(await b.store.versions('local', key)).toEqual([expected])
  expect(await b.store.head('local', key, body.sha256)).toEqual(expected)
  expect((await stat(join(b.home, `${body.sha256}.sealed`))).mode & 0o777).toBe(0o444)
  for (const [start, end] of [
    [0, 5_000],
    [0, 1],
    [1_234, 3_456],
    [4_999, 5_000],
    [7, 7],
  ] as const) {
    expect((await collect(b.store.get('local', key, body.sha256, start, end))).equals(bytes.subarray(start, end))).toBe(
      true,
    )
  }
})

test('an object is never overwritten: of sixteen puts under one key one stays', async () => {
  await using b = await bench()
  const bodies = Array.from({ length: 16 }, () => bodyOf(randomBytes(100_000)))
  const answers = await Promise.allSettled(bodies.map(body => b.store.put('local', key, body, until)))
  const won = answers.flatMap((answer, i) => (answer.status === 'fulfilled' ? [bodies[i]!] : []))
  expect(won).toHaveLength(1)
  for (const answer of answers) if (answer.status === 'rejected') expect(answer.reason).toBeInstanceOf(ObjectExists)
  expect((await b.store.versions('local', key)).map(v => v.sha256)).toEqual([won[0]!.sha256])
  expect(
    (await collect(b.store.get('local', key, won[0]!.sha256, 0, 100_000))).equals(await collect(won[0]!.open())),
  ).toBe(true)
  await expect(b.store.put('local', key, won[0]!, until)).rejects.toThrow(ObjectExists)
  expect(await readdir(join(b.path, 'drafts'))).toEqual([])
})

test('bytes that are not those of the digest, or that break off, leave nothing', async () => {
  await using b = await bench()
  const body = bodyOf(randomBytes(5_000))
  await expect(b.store.put('local', key, { ...body, sha256: '0'.repeat(64) }, until)).rejects.toThrow(
    ObjectDigestMismatch,
  )
  const broken = {
    ...body,
    open: async function* () {
      yield randomBytes(10)
      throw new Error('gone')
    },
  }
  await expect(b.store.put('local', key, broken, until)).rejects.toThrow('gone')
  expect(await b.store.versions('local', key)).toEqual([])
  expect(await readdir(join(b.path, 'drafts'))).toEqual([])
})

test('a lock only grows, and two that are set at once leave the later', async () => {
  await using b = await bench()
  const body = bodyOf(randomBytes(10))
  await b.store.put('local', key, body, until)
  const days = [5, 1, 9, 3].map(n => new Date(until.getTime() + n * 86_400_000))
  await Promise.all(days.map(day => b.store.extend('local', key, body.sha256, day)))
  expect((await b.store.head('local', key, body.sha256))?.retainUntil).toEqual(days[2])
  await b.store.extend('local', key, body.sha256, until)
  expect((await b.store.head('local', key, body.sha256))?.retainUntil).toEqual(days[2])
  await b.store.extend('local', key, body.sha256, new Date(days[2]!.getTime() + 1))
  expect((await b.store.head('local', key, body.sha256))?.retainUntil).toEqual(new Date(days[2]!.getTime() + 1_000))
})

test('of two locks that a crash left beside each other the later counts', async () => {
  await using b = await bench()
  const body = bodyOf(randomBytes(10))
  await b.store.put('local', key, body, until)
  for (const seconds of [1_700_000_000, 1_999_999_999]) await writeFile(join(b.home, `locked-until-${seconds}`), '')
  expect((await b.store.head('local', key, body.sha256))?.retainUntil).toEqual(new Date(1_999_999_999_000))
})

test('nothing is removed before its lock has ended', async () => {
  await using b = await bench()
  const body = bodyOf(randomBytes(10))
  await b.store.put('local', key, body, until)
  b.setClock(new Date(until.getTime() - 1))
  await expect(b.store.remove('local', key, body.sha256)).rejects.toThrow(ObjectLocked)
  expect((await readFile(join(b.home, `${body.sha256}.sealed`))).length).toBe(10)
  b.setClock(until)
  await b.store.remove('local', key, body.sha256)
  expect(await b.store.versions('local', key)).toEqual([])
  await b.store.remove('local', key, body.sha256)
  await b.store.put('local', key, body, until)
})

test('names that lead elsewhere are refused', async () => {
  await using b = await bench()
  const body = bodyOf(randomBytes(10))
  for (const name of ['', '.', '..', '../x', 'a/b', 'A', 'a\0', '-a', 'a'.repeat(101)]) {
    await expect(b.store.put('local', name, body, until)).rejects.toThrow(TypeError)
    await expect(b.store.put(name, key, body, until)).rejects.toThrow(TypeError)
    await expect(b.store.versions(name, key)).rejects.toThrow(TypeError)
  }
})

test('half-written drafts are swept once they are a day old', async () => {
  await using b = await bench()
  const body = bodyOf(randomBytes(10))
  await b.store.put('local', key, body, until)
  const [old, young] = ['old', 'young'].map(name => join(b.path, 'drafts', name))
  await mkdir(old!)
  await mkdir(young!)
  await utimes(old!, new Date(0), new Date(0))
  await openFolderStore(b.path)
  expect(await readdir(join(b.path, 'drafts'))).toEqual(['young'])
  expect(await b.store.versions('local', key)).toHaveLength(1)
})
