import { chmod, readdir, readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setImmediate } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { openKeyFile } from '../../service/vault/key-file.ts'
import { KeyRefused } from '../../service/vault/keys.ts'
import { scratch } from './streams.ts'

const message = Buffer.alloc(32, 7)

test('the file is made once, for its owner alone, and keeps its keys', async () => {
  await using folder = await scratch()
  const path = join(folder.path, 'keys', 'vault.json')
  const first = await openKeyFile(path)
  expect((await stat(path)).mode & 0o777).toBe(0o600)
  const text = await readFile(path, 'utf8')
  const { plaintext, wrapped } = await first.generateDataKey('local', 'a')
  const again = await openKeyFile(path)
  expect(await again.decrypt('local', wrapped, 'a')).toEqual(plaintext)
  expect(await again.referenceMac('local', message)).toEqual(await first.referenceMac('local', message))
  expect(await readFile(path, 'utf8')).toBe(text)
  expect(await readdir(join(folder.path, 'keys'))).toEqual(['vault.json'])
})

test('eight that start one shortly after the other end with the same keys', async () => {
  for (let round = 0; round < 20; round++) {
    await using folder = await scratch()
    const opened = await Promise.all(
      Array.from({ length: 8 }, async (_, i) => {
        for (let tick = 0; tick < i * round; tick++) await setImmediate()
        return openKeyFile(join(folder.path, 'vault.json'))
      }),
    )
    const macs = await Promise.all(opened.map(keys => keys.referenceMac('local', message)))
    expect(new Set(macs.map(mac => Buffer.from(mac).toString('hex'))).size).toBe(1)
    expect(await readdir(folder.path)).toEqual(['vault.json'])
  }
})

test('no file is made where none may be, but one that another process made meanwhile is read', async () => {
  await using folder = await scratch()
  const path = join(folder.path, 'vault.json')
  const refusal = () => Promise.reject(new Error('not here'))
  await expect(openKeyFile(path, refusal)).rejects.toThrow('not here')
  expect(await readdir(folder.path)).toEqual([])
  const late = await openKeyFile(path, async () => {
    await openKeyFile(path)
    await refusal()
  })
  expect(await late.referenceMac('local', message)).toEqual(
    await (await openKeyFile(path, refusal)).referenceMac('local', message),
  )
})

test.each([0o640, 0o604, 0o620, 0o610, 0o666])('mode %o is refused', async mode => {
  await using folder = await scratch()
  const path = join(folder.path, 'vault.json')
  await openKeyFile(path)
  await chmod(path, mode)
  await expect(openKeyFile(path)).rejects.toThrow(/open to others/)
})

test('a file that is no key file is refused, left as it is, and not quoted', async () => {
  await using folder = await scratch()
  const path = join(folder.path, 'vault.json')
  for (const text of ['', '{}', 'c2VjcmV0', '{"v":"custos-keys/v1","reference":"c2VjcmV0","wrapping":[]}']) {
    await writeFile(path, text, { mode: 0o600 })
    const error = await openKeyFile(path).catch(e => e)
    expect(String(error)).toMatch(/no custos-keys/)
    expect(String(error)).not.toContain('c2VjcmV0')
    expect(await readFile(path, 'utf8')).toBe(text)
  }
})

test('a wrapped key opens only in its region and context, and only as it was', async () => {
  await using folder = await scratch()
  const keys = await openKeyFile(join(folder.path, 'vault.json'))
  const { wrapped } = await keys.generateDataKey('local', 'a')
  await expect(keys.decrypt('local', wrapped, 'b')).rejects.toThrow(KeyRefused)
  await expect(keys.decrypt('other', wrapped, 'a')).rejects.toThrow(KeyRefused)
  for (let at = 0; at < wrapped.length; at++) {
    const changed = Buffer.from(wrapped)
    changed[at]! ^= 1
    await expect(keys.decrypt('local', changed, 'a')).rejects.toThrow(KeyRefused)
  }
  await expect(keys.decrypt('local', wrapped.subarray(0, 9), 'a')).rejects.toThrow(KeyRefused)
  await expect(keys.decrypt('local', Buffer.alloc(0), 'a')).rejects.toThrow(KeyRefused)
})

test('keys of an earlier wrapping key still open after a newer one stands in the file', async () => {
  await using folder = await scratch()
  const path = join(folder.path, 'vault.json')
  const { plaintext, wrapped } = await (await openKeyFile(path)).generateDataKey('local', 'a')
  const content = JSON.parse(await readFile(path, 'utf8'))
  content.wrapping.push({ id: '00112233445566ff', key: Buffer.alloc(32, 1).toString('base64') })
  await writeFile(path, JSON.stringify(content))
  const rotated = await openKeyFile(path)
  expect(await rotated.decrypt('local', wrapped, 'a')).toEqual(plaintext)
  const newer = await rotated.generateDataKey('local', 'a')
  expect(Buffer.from(newer.wrapped).toString('hex')).toMatch(/^0100112233445566ff/)
})
