import { readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { eq } from 'drizzle-orm'
import { expect, test } from 'vitest'
import { openKeyFile } from '../../service/vault/key-file.ts'
import { readRing } from '../../service/vault/key-ring.ts'
import { makeOpeningCipher } from '../../service/vault/opening-cipher.ts'
import { rewrapKeys, rowsByWrappingKey } from '../../service/vault/rewrap.ts'
import { RotationUnsettled, retireKeys, rotateKeyFile, settlingHours } from '../../service/vault/rotate-key-file.ts'
import { objectKeys, subjectKeys } from '../../service/vault/tables.ts'
import { openVault } from '../../service/vault/vault.ts'
import { hex } from './key-service.contract.ts'
import { collect, pattern } from './streams.ts'
import { inAnHour, keep, recorded, region, workbench } from './workbench.ts'

const clips = Array.from({ length: 12 }, (_, n) => pattern(1_000 * n + 7))
const subjects = ['s', 't', 'u']
const text = Buffer.from('{"who":"an officer"}')
const dayLater = () => new Date(Date.now() + settlingHours * 3_600_000 + 60_000)

/** Twelve clips, one of two segments, and three subjects' openings, all under the first wrapping key. */
async function bench() {
  const made = await workbench()
  const keyFile = join(made.folder, 'keys', 'vault.json')
  const refs: string[] = []
  for (const clip of [...clips, pattern(1_100_000)]) refs.push((await keep(made, clip, inAnHour())).stored.clipRef)
  const cipher = makeOpeningCipher({ keys: made.parts.keys, region })
  const openings = new Map<string, Uint8Array>()
  for (const subject of subjects) openings.set(subject, await made.db.transaction(tx => cipher.seal(tx, subject, text)))
  const first = (await readRing(keyFile)).ring.wrapping[0]!.id
  return {
    ...made,
    keyFile,
    refs,
    first,
    rows: refs.length + subjects.length,
    rewrap: (keys = made.parts.keys, db = made.db) =>
      rewrapKeys({ db, keys, openingsRegion: region }, { batchSize: 5 }),
    retire: (now = dayLater(), alone = false) =>
      retireKeys(keyFile, async id => (await rowsByWrappingKey(made.db)).get(id) ?? 0, { now, alone }),
    /** Bytes and times of every stored object. */
    async stored() {
      const files = await Promise.all(refs.map(ref => made.place.file(region, ref)))
      return Promise.all(
        files.map(async file => ({ bytes: hex(await readFile(file)), changed: (await stat(file)).mtimeMs })),
      )
    },
    /** As a process opens them that knows nothing but the file and the database. */
    async expectAllToOpen() {
      const keys = await openKeyFile(keyFile)
      const vault = await openVault({ ...made.parts, keys })
      for (const [n, ref] of refs.entries()) {
        const { stream } = await vault.open(ref, recorded())
        expect((await collect(stream)).equals(clips[n] ?? pattern(1_100_000))).toBe(true)
      }
      const fresh = makeOpeningCipher({ keys, region })
      for (const [subject, sealed] of openings) expect(await fresh.open(made.db, subject, sealed)).toEqual(text)
    },
  }
}

test('a rotation changes no object, everything opens at each step, and the earlier key goes when nothing needs it', async () => {
  await using b = await bench()
  const before = await b.stored()
  expect(await rowsByWrappingKey(b.db)).toEqual(new Map([[b.first, b.rows]]))

  const { newest, earlier } = await rotateKeyFile(b.keyFile, new Date())
  expect(earlier).toEqual([b.first])
  expect((await stat(b.keyFile)).mode & 0o777).toBe(0o600)
  await b.expectAllToOpen()
  expect(await b.retire()).toEqual({ retired: [], needed: [{ id: b.first, rows: b.rows }] })

  expect(await b.rewrap()).toEqual({ rewrapped: b.rows, unchanged: 0, overtaken: 0, refused: [] })
  expect(await rowsByWrappingKey(b.db)).toEqual(new Map([[newest, b.rows]]))
  await b.expectAllToOpen()
  expect(await b.rewrap()).toEqual({ rewrapped: 0, unchanged: b.rows, overtaken: 0, refused: [] })

  expect(await b.retire()).toEqual({ retired: [b.first], needed: [] })
  expect((await readRing(b.keyFile)).ring.wrapping.map(key => key.id)).toEqual([newest])
  expect((await stat(b.keyFile)).mode & 0o777).toBe(0o600)
  await b.expectAllToOpen()
  expect(await b.stored()).toEqual(before)
})

test('a running process wraps with the newest key at once, and opens what others wrapped with it', async () => {
  await using b = await bench()
  const [one, two] = [await openKeyFile(b.keyFile), await openKeyFile(b.keyFile)]
  const { newest } = await rotateKeyFile(b.keyFile, new Date())
  const made = await one.generateDataKey(region, 'a')
  expect(hex(made.wrapped).slice(2, 18)).toBe(newest)
  expect(await two.decrypt(region, made.wrapped, 'a')).toEqual(made.plaintext)
  const again = await rotateKeyFile(b.keyFile, new Date())
  const rewrapped = await two.rewrap(region, made.wrapped, 'a')
  expect(hex(rewrapped).slice(2, 18)).toBe(again.newest)
  const readers = await Promise.all(Array.from({ length: 20 }, () => one.decrypt(region, rewrapped, 'a')))
  for (const plaintext of readers) expect(plaintext).toEqual(made.plaintext)
})

test('an earlier key stays until what was wrapped just before the rotation must have been committed', async () => {
  await using b = await bench()
  const at = new Date('2026-03-01T12:00:00Z')
  await rotateKeyFile(b.keyFile, at)
  await b.rewrap()
  const text = await readFile(b.keyFile, 'utf8')
  const settled = at.getTime() + settlingHours * 3_600_000
  await expect(b.retire(new Date(settled - 1))).rejects.toThrow(RotationUnsettled)
  await expect(b.retire(new Date(at.getTime() - 1))).rejects.toThrow(RotationUnsettled)
  expect(await readFile(b.keyFile, 'utf8')).toBe(text)
  expect((await b.retire(new Date(settled))).retired).toEqual([b.first])
})

test('with no process running it need not wait, and one wrapping key always stays', async () => {
  await using b = await bench()
  await rotateKeyFile(b.keyFile, new Date())
  await b.rewrap()
  expect((await b.retire(new Date(), true)).retired).toEqual([b.first])
  expect(await b.retire(new Date())).toEqual({ retired: [], needed: [] })
  await b.expectAllToOpen()
})

test('of several earlier keys those go that wrap nothing', async () => {
  await using b = await bench()
  const middle = (await rotateKeyFile(b.keyFile, new Date())).newest
  await keep(b, pattern(33))
  await rotateKeyFile(b.keyFile, new Date())
  expect((await b.retire()).needed).toEqual([
    { id: b.first, rows: b.rows },
    { id: middle, rows: 1 },
  ])
  const [row] = await b.db.select().from(objectKeys).limit(1)
  await b.rewrap()
  await b.db.update(objectKeys).set({ wrapped: row!.wrapped }).where(eq(objectKeys.objectId, row!.objectId))
  const { retired, needed } = await b.retire()
  expect(retired).toEqual([middle])
  expect(needed).toEqual([{ id: b.first, rows: 1 }])
})

test('what is disposed of while it is wrapped anew stays disposed of', async () => {
  await using b = await bench()
  await rotateKeyFile(b.keyFile, new Date())
  const { keys } = b.parts
  let gone = 0
  const disposing: typeof keys = {
    ...keys,
    async rewrap(...args) {
      const wrapped = await keys.rewrap(...args)
      if (gone++ < 2) {
        await b.db.delete(objectKeys).where(eq(objectKeys.wrapped, args[1]))
        await b.db.delete(subjectKeys).where(eq(subjectKeys.subject, 's'))
      }
      return wrapped
    },
  }
  expect(await b.rewrap(disposing)).toEqual({ rewrapped: b.rows - 3, unchanged: 0, overtaken: 2, refused: [] })
  expect(await b.db.select().from(objectKeys)).toHaveLength(b.refs.length - 2)
  expect((await b.db.select().from(subjectKeys)).map(row => row.subject).sort()).toEqual(['t', 'u'])
})

test('two at once wrap each row once, and four readers meanwhile read everything', async () => {
  await using b = await bench()
  await rotateKeyFile(b.keyFile, new Date())
  let done = false
  let reads = 0
  const readers = Array.from({ length: 4 }, async (_, r) => {
    const vault = await openVault({ ...b.parts, keys: await openKeyFile(b.keyFile) })
    for (let n = r; !done || n < b.refs.length; n++) {
      const { stream } = await vault.open(b.refs[n % b.refs.length]!, recorded())
      expect((await collect(stream)).length).toBe((clips[n % b.refs.length] ?? pattern(1_100_000)).length)
      reads++
    }
  })
  const [one, two] = await Promise.all([b.rewrap(), b.rewrap(await openKeyFile(b.keyFile))])
  done = true
  await Promise.all(readers)
  expect(reads).toBeGreaterThanOrEqual(b.refs.length)
  expect(one.rewrapped + two.rewrapped).toBe(b.rows)
  expect([one.refused, two.refused]).toEqual([[], []])
  await b.expectAllToOpen()
})

test('a row that does not open is named and left, and the others are wrapped anew', async () => {
  await using b = await bench()
  await rotateKeyFile(b.keyFile, new Date())
  const [row] = await b.db.select().from(objectKeys).limit(1)
  const broken = Buffer.from(row!.wrapped)
  broken[30]! ^= 1
  await b.db.update(objectKeys).set({ wrapped: broken }).where(eq(objectKeys.objectId, row!.objectId))
  expect(await b.rewrap()).toMatchObject({ rewrapped: b.rows - 1, refused: [`object ${row!.objectId}`] })
  const [after] = await b.db.select().from(objectKeys).where(eq(objectKeys.objectId, row!.objectId))
  expect(hex(after!.wrapped)).toBe(hex(broken))
  expect((await b.retire()).needed).toEqual([{ id: b.first, rows: 1 }])
})
