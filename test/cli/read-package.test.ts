import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import {
  defaultLimits,
  NotAPackage,
  PackageRefused,
  type ReadLimits,
  readPackage,
} from '../../service/cli/read-package.ts'
import { type RawFile, rawZip } from './raw-zip.ts'

let dir: string
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'custos-read-'))
})
afterAll(() => rm(dir, { recursive: true }))

async function readRaw(bytes: Uint8Array, limits?: ReadLimits) {
  const path = join(dir, 'raw.zip')
  await writeFile(path, bytes)
  return readPackage(path, limits)
}

/** The code of the refusal, or the codes of the faults that were told. */
async function codes(bytes: Uint8Array, limits?: ReadLimits): Promise<string[]> {
  try {
    return (await readRaw(bytes, limits)).faults.map(({ code }) => code)
  } catch (error) {
    if (error instanceof PackageRefused) return [error.fault.code]
    throw error
  }
}

describe('reading a ZIP', () => {
  test('gives the digests and bytes of a harmless one, deflated or not, and forgets its folders', async () => {
    const listing = await readRaw(
      rawZip([
        { name: 'custos-1/', content: '', mode: 0o040755 },
        { name: 'custos-1/data/a.txt', content: 'hello', deflate: true },
        { name: 'custos-1/bagit.txt', content: 'x' },
      ]),
    )
    expect(listing.root).toBe('custos-1')
    expect(listing.faults).toEqual([])
    expect(listing.files.map(({ path, len }) => [path, len])).toEqual([
      ['bagit.txt', 1],
      ['data/a.txt', 5],
    ])
    expect(listing.files[1]?.sha256).toBe('2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824')
    expect(Buffer.from(listing.files[1]!.bytes!).toString()).toBe('hello')
  })

  const unsafe: [what: string, files: RawFile[], code: string][] = [
    ['a path upwards', [{ name: 'r/../../etc/passwd' }], 'zip-malformed'],
    ['a path with a dot', [{ name: 'r/./a' }], 'name-unsafe'],
    ['an absolute path', [{ name: '/etc/passwd' }], 'zip-malformed'],
    ['a drive letter', [{ name: 'C:/a' }], 'zip-malformed'],
    ['a backslash', [{ name: 'r\\a' }], 'zip-malformed'],
    ['a NUL', [{ name: 'r/a\0b' }], 'name-unsafe'],
    ['a percent sign', [{ name: 'r/a%0a' }], 'name-unsafe'],
    ['a letter outside ASCII', [{ name: 'r/ä' }], 'name-unsafe'],
    ['a hidden file', [{ name: 'r/.hidden' }], 'name-unsafe'],
    ['a trailing dot', [{ name: 'r/a.' }], 'name-unsafe'],
    ['two root folders', [{ name: 'r/a' }, { name: 's/b' }], 'name-unsafe'],
    ['a file beside the root folder', [{ name: 'a' }], 'name-unsafe'],
    ['the same name twice', [{ name: 'r/a' }, { name: 'r/a' }], 'name-repeated'],
    ['names that differ in case', [{ name: 'r/a' }, { name: 'r/A' }], 'name-repeated'],
    ['a file that is also a folder', [{ name: 'r/a' }, { name: 'r/A/b' }], 'name-repeated'],
    ['a symbolic link', [{ name: 'r/a', mode: 0o120777 }], 'file-type'],
    ['a device', [{ name: 'r/a', mode: 0o020666 }], 'file-type'],
    ['an encrypted file', [{ name: 'r/a', flags: 0x801, content: 'twelve more bytes', claimedLen: 5 }], 'file-type'],
    ['another name in its local header', [{ name: 'r/a', localName: 'r/b' }], 'zip-malformed'],
    ['bytes between two files', [{ name: 'r/a', hidden: Buffer.from('PK\x03\x04') }, { name: 'r/b' }], 'hidden-bytes'],
    ['bytes behind the last file', [{ name: 'r/a', hidden: Buffer.from('more') }], 'hidden-bytes'],
    ['a size that is not true', [{ name: 'r/a', content: 'abc', deflate: true, claimedLen: 2 }], 'zip-malformed'],
  ]
  test.each(unsafe)('refuses %s', async (_what, files, code) => {
    expect(await codes(rawZip(files))).toEqual([code])
  })

  test('refuses bytes before the first file, and a comment that is not its seal', async () => {
    expect(await codes(rawZip([{ name: 'r/a' }], { before: '#!/bin/sh\n' }))).not.toEqual([])
    expect(await codes(rawZip([{ name: 'r/a' }], { comment: 'hello' }))).toEqual(['seal-broken'])
  })

  test('refuses what would fill the memory or the processor', async () => {
    const bomb = rawZip([{ name: 'r/a', content: Buffer.alloc(30 << 20), deflate: true }])
    expect(bomb.length).toBeLessThan(100_000)
    expect(await codes(bomb)).toEqual(['too-large'])
    const big = rawZip([
      { name: 'r/a', content: Buffer.alloc(2000) },
      { name: 'r/b', content: Buffer.alloc(2000) },
    ])
    expect(await codes(big, { ...defaultLimits, maxKeptBytes: 1000 })).toEqual(['too-large'])
    expect(await codes(big, { ...defaultLimits, maxKeptTotalBytes: 3000 })).toEqual(['too-large'])
    expect(await codes(big, { ...defaultLimits, maxFiles: 1 })).toEqual(['too-large'])
    expect(await codes(big)).toEqual([])
  })

  test('does not take a file for a package that is no ZIP', async () => {
    for (const bytes of ['', 'text', 'PK', '{}']) await expect(readRaw(Buffer.from(bytes))).rejects.toThrow(NotAPackage)
    await expect(readPackage(join(dir, 'absent.zip'))).rejects.toThrow(NotAPackage)
    await expect(readPackage(dir)).rejects.toThrow(NotAPackage)
    await expect(readRaw(Buffer.from('PK\x03\x04 and then nothing', 'latin1'))).rejects.toThrow(PackageRefused)
  })
})
