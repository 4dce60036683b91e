import { join } from 'node:path'
import { expect, test } from 'vitest'
import { Problem } from '../../service/http/problem.ts'
import { openKeyFile } from '../../service/vault/key-file.ts'
import { base32, makeReference } from '../../service/vault/reference.ts'
import { scratch } from './streams.ts'
import { workbench } from './workbench.ts'

const sha256 = 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855'

test('base32 is that of RFC 4648, section 10, in lower case and without padding', () => {
  const vectors = {
    '': '',
    f: 'my',
    fo: 'mzxq',
    foo: 'mzxw6',
    foob: 'mzxw6yq',
    fooba: 'mzxw6ytb',
    foobar: 'mzxw6ytboi',
  }
  for (const [text, expected] of Object.entries(vectors)) expect(base32(Buffer.from(text))).toBe(expected)
})

test('a reference is always the same within a region, another in another, and does not hold the digest', async () => {
  await using bench = await workbench()
  const { reference } = bench.vault
  const local = await reference(sha256, 'local')
  expect(local).toMatch(/^[a-z2-7]{52}$/)
  expect(await reference(sha256, 'local')).toBe(local)
  expect(await reference(sha256, 'eu-central-1')).not.toBe(local)
  expect(await reference(sha256.replace('e', 'f'), 'local')).not.toBe(local)
  expect(local).not.toBe(base32(Buffer.from(sha256, 'hex')))
})

test('another reference key is refused before it names anything, also after a restart, and the right one still works', async () => {
  await using bench = await workbench()
  await using folder = await scratch()
  const before = await bench.vault.reference(sha256, 'local')
  const foreign = makeReference(bench.db, await openKeyFile(join(folder.path, 'other.json')))
  for (const _ of [1, 2]) await expect(foreign(sha256, 'local')).rejects.toThrow(/reference key of region local/)
  expect(await makeReference(bench.db, bench.parts.keys)(sha256, 'local')).toBe(before)
})

test('two regions that share a reference key are refused, and when the second gets its own it begins with that', async () => {
  await using bench = await workbench()
  const { keys } = bench.parts
  const shared: typeof keys = { ...keys, referenceMac: (_, message) => keys.referenceMac('local', message) }
  await bench.vault.reference(sha256, 'local')
  const reference = makeReference(bench.db, shared)
  await expect(reference(sha256, 'elsewhere')).rejects.toThrow(/local and elsewhere have the same reference key/)
  expect(await reference(sha256, 'local')).toBe(await bench.vault.reference(sha256, 'local'))
  expect(await makeReference(bench.db, keys)(sha256, 'elsewhere')).toMatch(/^[a-z2-7]{52}$/)
})

test('only a SHA-256 in lowercase hex gets a reference', async () => {
  await using bench = await workbench()
  for (const text of ['', sha256.slice(2), sha256.toUpperCase(), `${sha256}00`]) {
    await expect(bench.vault.reference(text, 'local')).rejects.toThrow(TypeError)
  }
})

test('a key service that was away for a moment is asked again', async () => {
  await using bench = await workbench()
  const { keys } = bench.parts
  let away = true
  const flaky: typeof keys = {
    ...keys,
    referenceMac: (...args) => (away ? Promise.reject(new Problem('unavailable')) : keys.referenceMac(...args)),
  }
  const reference = makeReference(bench.db, flaky)
  await expect(reference(sha256, 'local')).rejects.toMatchObject({ type: 'unavailable' })
  away = false
  expect(await reference(sha256, 'local')).toBe(await bench.vault.reference(sha256, 'local'))
})
