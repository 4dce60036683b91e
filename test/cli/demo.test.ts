/** The demo deletes what an earlier one left before it begins: never the clip that it is given. */
import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { run } from '../../service/cli/demo.ts'

let folder: string
let out: string

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'custos-demo-'))
  out = join(folder, 'out')
  await mkdir(join(out, 'state', 'objects'), { recursive: true })
  await symlink(out, join(folder, 'same'))
  await symlink(join(out, 'redacted.mp4'), join(folder, 'link.mp4'))
})
afterAll(() => rm(folder, { recursive: true }))

test.each([
  ['out/original.mp4', 'out/original.mp4'],
  ['out/redacted.mp4', 'out/redacted.mp4'],
  ['out/state/objects/clip.mp4', 'out/state/objects/clip.mp4'],
  ['same/original.mp4', 'out/original.mp4'],
  ['link.mp4', 'out/redacted.mp4'],
  ['out/package.zip.part', 'out/package.zip.part'],
])('the clip %s, which is %s, is refused and stays', async (named, file) => {
  await writeFile(join(folder, file), 'a clip')
  const said = vi.spyOn(process.stderr, 'write').mockReturnValue(true)
  for (const name of ['out', 'same'])
    expect(await run([join(folder, named), '--out', join(folder, name)]), name).toBe(2)
  expect(said.mock.calls.flat().join('')).toContain('copy it elsewhere, or name another folder')
  said.mockRestore()
  expect(await readFile(join(folder, file), 'utf8')).toBe('a clip')
})

test('a clip beside them is taken, whatever its name elsewhere', async () => {
  const clip = join(folder, 'original.mp4')
  for (const path of [clip, join(out, 'mine.mp4')]) {
    await writeFile(path, 'no video')
    const said = vi.spyOn(process.stderr, 'write').mockReturnValue(true)
    const told = vi.spyOn(process.stdout, 'write').mockReturnValue(true)
    // It goes on, and breaks off where the clip is decoded.
    expect(await run([path, '--out', out])).toBe(1)
    said.mockRestore()
    told.mockRestore()
    expect(await readFile(path, 'utf8')).toBe('no video')
  }
})
