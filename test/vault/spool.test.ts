import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { open, readdir, readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { Problem } from '../../service/http/problem.ts'
import { chunks, collect, pattern } from './streams.ts'
import { region, workbench } from './workbench.ts'

const limit = { region, maxBytes: 10_000_000 }

test.each([1_500_000, 5_000_000])(
  'one pass gives digests, length and reference, and only sealed bytes reach the disk: %d bytes',
  async len => {
    await using bench = await workbench()
    const plain = pattern(len)
    const spooled = await bench.vault.spool(chunks(plain), limit)
    expect(spooled).toMatchObject({
      region,
      len: plain.length,
      sha256: createHash('sha256').update(plain).digest('hex'),
    })
    expect(spooled.clipRef).toBe(await bench.vault.reference(spooled.sha256, region))
    const [name, ...others] = await readdir(bench.parts.scratchDir)
    expect(others).toEqual([])
    const path = join(bench.parts.scratchDir, name!)
    const sealed = await readFile(path)
    expect((await stat(path)).mode & 0o777).toBe(0o600)
    expect(sealed.includes(plain.subarray(0, 16))).toBe(false)
    expect(spooled.sealed).toMatchObject({
      len: sealed.length,
      sha256: createHash('sha256').update(sealed).digest('hex'),
      md5: createHash('md5').update(sealed).digest('hex'),
    })
    for (const _ of [1, 2]) expect((await collect(spooled.sealed.open())).equals(sealed)).toBe(true)
    for (const _ of [1, 2]) await spooled.discard()
    expect(await readdir(bench.parts.scratchDir)).toEqual([])
  },
)

test('the copy for the probe is the plaintext, for its owner alone', async () => {
  await using bench = await workbench()
  const plaintextTo = join((await bench.vault.workFolder()).path, 'made', 'clip')
  await bench.vault.spool(chunks(pattern(100_000)), { ...limit, plaintextTo })
  expect((await readFile(plaintextTo)).equals(pattern(100_000))).toBe(true)
  expect((await stat(plaintextTo)).mode & 0o777).toBe(0o600)
  expect((await stat(join(plaintextTo, '..'))).mode & 0o777).toBe(0o700)
  const again = await bench.vault.spool(chunks(pattern(1)), { ...limit, plaintextTo }).catch(error => error)
  expect(again).toMatchObject({ code: 'EEXIST' })
  expect((await readFile(plaintextTo)).length).toBe(100_000)
})

async function* breaking() {
  yield pattern(2_000_000)
  throw new Error('the sender went away')
}

test.each([
  ['an empty body', () => chunks(Buffer.alloc(0)), 'body-empty'],
  [
    'a body of empty chunks',
    async function* () {
      yield Buffer.alloc(0)
    },
    'body-empty',
  ],
  ['a body one byte too long', () => chunks(pattern(limit.maxBytes + 1)), 'clip-too-large'],
  ['a body that breaks off', breaking, 'the sender went away'],
])('%s is refused and leaves no file', async (_, body, expected) => {
  await using bench = await workbench()
  const plaintextTo = join(bench.folder, 'fresh', 'clip')
  const error = await bench.vault.spool(body(), { ...limit, plaintextTo }).catch(e => e)
  expect(error instanceof Problem ? error.type : error.message).toBe(expected)
  expect(await readdir(bench.parts.scratchDir)).toEqual([])
  expect(existsSync(join(bench.folder, 'fresh'))).toBe(false)
})

test('a body of exactly the limit is taken', async () => {
  await using bench = await workbench()
  expect((await bench.vault.spool(chunks(pattern(1_000)), { region, maxBytes: 1_000 })).len).toBe(1_000)
})

test('a body too long is not read to its end, and its source is told', async () => {
  await using bench = await workbench()
  let [pulled, closed] = [0, false]
  async function* endless() {
    try {
      for (;;) {
        pulled += 65_536
        yield pattern(65_536)
      }
    } finally {
      closed = true
    }
  }
  await expect(bench.vault.spool(endless(), { region, maxBytes: 1_000_000 })).rejects.toMatchObject({
    type: 'clip-too-large',
  })
  expect(pulled).toBeLessThan(1_200_000)
  expect(closed).toBe(true)
})

/** Puts something before every write to any file. */
async function beforeEachWrite(hook: () => Promise<void>) {
  const handle = await open('/dev/null', 'w')
  const prototype = Object.getPrototypeOf(handle)
  await handle.close()
  const { writev } = prototype
  prototype.writev = async function (...args: unknown[]) {
    await hook()
    return writev.apply(this, args)
  }
  return { [Symbol.dispose]: () => Object.assign(prototype, { writev }) }
}

test('the source is never pulled more than two segments ahead of a slow disk', async () => {
  await using bench = await workbench()
  using _ = await beforeEachWrite(() => setTimeout(5))
  let [pulled, ahead] = [0, 0]
  async function* body() {
    for (let i = 0; i < 160; i++) {
      pulled += 65_536
      yield pattern(65_536)
      const [name] = await readdir(bench.parts.scratchDir)
      ahead = Math.max(ahead, pulled - (await stat(join(bench.parts.scratchDir, name!))).size)
    }
  }
  const { len } = await bench.vault.spool(body(), { region, maxBytes: 100_000_000 })
  expect(len).toBe(160 * 65_536)
  expect(ahead).toBeLessThan(2 * 1_048_576)
})

test.each([1, 2, 40])('a disk that is full at write %d refuses the clip for now and leaves no file', async full => {
  await using bench = await workbench()
  let writes = 0
  using _ = await beforeEachWrite(async () => {
    if (++writes === full) throw Object.assign(new Error('no space left on device'), { code: 'ENOSPC' })
  })
  const plaintextTo = join(bench.folder, 'fresh', 'clip')
  const error = await bench.vault.spool(chunks(pattern(3_000_000)), { ...limit, plaintextTo }).catch(e => e)
  expect(error).toMatchObject({ type: 'unavailable', details: { cause: { code: 'ENOSPC' } } })
  expect(await readdir(bench.parts.scratchDir)).toEqual([])
  expect(existsSync(join(bench.folder, 'fresh'))).toBe(false)
})

test('without the key service the body is not begun', async () => {
  const unavailable = async () => {
    throw new Problem('unavailable')
  }
  await using bench = await workbench(({ keys }) => ({ keys: { ...keys, generateDataKey: unavailable } }))
  let begun = false
  async function* body() {
    begun = true
    yield pattern(1)
  }
  await expect(bench.vault.spool(body(), limit)).rejects.toMatchObject({ type: 'unavailable' })
  expect(begun).toBe(false)
})
