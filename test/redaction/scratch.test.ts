import { spawnSync } from 'node:child_process'
import { mkdir, readdir, stat, symlink, writeFile } from 'node:fs/promises'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { afterEach, expect, test, vi } from 'vitest'
import { scratchFolder, withScratch } from '../../service/redaction/scratch.ts'
import { scratch } from './clips.ts'

afterEach(() => {
  vi.unstubAllEnvs()
})

test('what a killed process left is removed by the next one; what a living one, or another host, works in stays', async () => {
  await using temporary = await scratch()
  vi.stubEnv('TMPDIR', temporary.path('.'))
  const gone = spawnSync('true').pid
  const home = temporary.path(`custos-ffmpeg-${process.getuid!()}`)
  const [left, alive, elsewhere] = [`${hostname()}.${gone}.abc`, `${hostname()}.1.abc`, `other-host.${gone}.abc`]
  for (const name of [left, alive, elsewhere]) await mkdir(join(home, name), { recursive: true, mode: 0o700 })
  await writeFile(join(home, left, 'commands'), 'something')

  await withScratch(async inside => {
    expect(await readdir(inside)).toEqual([])
    expect((await stat(inside)).mode & 0o777).toBe(0o700)
    expect((await readdir(home)).sort()).toEqual([alive, elsewhere, inside.split('/').at(-1)].sort())
  })
  expect((await readdir(home)).sort()).toEqual([alive, elsewhere].sort())
})

test('a folder that somebody else put there, or can look into, is neither used nor swept', async () => {
  await using temporary = await scratch()
  vi.stubEnv('TMPDIR', temporary.path('.'))
  const home = temporary.path(`custos-ffmpeg-${process.getuid!()}`)
  const left = `${hostname()}.${spawnSync('true').pid}.abc`
  await mkdir(join(temporary.path('theirs'), left), { recursive: true, mode: 0o700 })
  await symlink(temporary.path('theirs'), home)
  await expect(scratchFolder()).rejects.toThrow('not a folder of ours alone')
  expect(await readdir(temporary.path('theirs'))).toEqual([left])

  await using open = await scratch()
  vi.stubEnv('TMPDIR', open.path('.'))
  await mkdir(open.path(`custos-ffmpeg-${process.getuid!()}`), { mode: 0o755 })
  await expect(scratchFolder()).rejects.toThrow('not a folder of ours alone')
})
