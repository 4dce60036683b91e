/** A disk that is full while a copy is rendered, or while what goes with it is written. */
import { execFile, execFileSync } from 'node:child_process'
import { mkdtempSync } from 'node:fs'
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { Problem } from '../../service/http/problem.ts'
import { digestFile } from '../../service/redaction/digest.ts'
import { loadModels } from '../../service/redaction/models.ts'
import type { RedactionPlan } from '../../service/redaction/plan.ts'
import { probeClip } from '../../service/redaction/probe.ts'
import { redact } from '../../service/redaction/redact.ts'
import { ffmpeg, handPlan, scratch, words, x264 } from './clips.ts'

const megabyte = 2 ** 20
const main = new URL('../../service/cli/main.ts', import.meta.url).pathname
const mounted: string[] = []

function mount(path: string): void {
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=4m', 'tmpfs', path], { stdio: 'ignore' })
  mounted.push(path)
}

const canMount = (() => {
  try {
    mount(mkdtempSync(join(tmpdir(), 'custos-test-')))
    execFileSync('umount', [mounted.pop()!])
    return true
  } catch {
    return false
  }
})()

const models = await loadModels()
let folder: Awaited<ReturnType<typeof scratch>>
let clip: string
let plan: RedactionPlan
let small: string

beforeAll(async () => {
  folder = await scratch()
  clip = folder.path('clip.mp4')
  const noise = words('-f lavfi -i testsrc2=s=320x240:r=25:d=2 -vf noise=alls=40:allf=t')
  await ffmpeg(...noise, ...x264, '-crf', '24', clip)
  const info = await probeClip(clip)
  const made = handPlan(info, [[0, info.frames - 1, 20, 20, 60, 40]])
  plan = { ...made, clip: { ...made.clip, sha256: (await digestFile(clip)).sha256 } }
  await writeFile(folder.path('plan.json'), JSON.stringify(plan))
  small = folder.path('small')
  await mkdir(small)
  if (canMount) mount(small)
})
afterAll(async () => {
  for (const path of mounted) execFileSync('umount', ['-l', path])
  await folder[Symbol.asyncDispose]()
})

/** All but so many bytes of the small disk are taken while `work` is under way. */
async function withRoomFor<T>(bytes: number, work: () => Promise<T>): Promise<T> {
  const filler = join(small, 'filler')
  const [, free] = /(\d+)\s*$/.exec(execFileSync('df', ['-B1', '--output=avail', small]).toString()) ?? []
  await writeFile(filler, Buffer.alloc(Math.max(0, Number(free) - bytes)))
  return work().finally(() => rm(filler))
}

const render = (output: string) => redact({ input: clip, output, classes: [], models, workers: 1, plan })
const present = async (path: string) => (await readdir(path)).filter(name => name !== 'filler').sort()

describe.runIf(canMount)('a full disk', () => {
  test('under the copy: a problem, nothing half written, the old copy as it was; and all is well when there is room', async () => {
    const { len } = (await render(folder.path('whole.mp4'))).copy
    expect(len).toBeGreaterThan(megabyte / 4)
    await writeFile(join(small, 'copy.mp4'), 'old')
    for (const room of [0, 4096, Math.floor(len / 2 / 4096) * 4096, (Math.ceil(len / 4096) - 1) * 4096]) {
      const error = await withRoomFor(room, () => render(join(small, 'copy.mp4'))).catch(e => e)
      expect(error, String(room)).toBeInstanceOf(Problem)
      expect(error.type, String(room)).toBe('redaction-failed')
      expect(await present(small)).toEqual(['copy.mp4'])
      expect(await readFile(join(small, 'copy.mp4'), 'utf8')).toBe('old')
    }
    const { copy } = await render(join(small, 'copy.mp4'))
    expect(await digestFile(join(small, 'copy.mp4'))).toEqual(copy)
    await rm(join(small, 'copy.mp4'))
  })

  test('under the folder for temporary files: a problem, and nothing stays', async () => {
    vi.stubEnv('TMPDIR', small)
    try {
      const error = await withRoomFor(0, () => render(folder.path('never.mp4'))).catch(e => e)
      expect(error).toBeInstanceOf(Problem)
      expect(error.type).toBe('redaction-failed')
      expect(await present(folder.path('.'))).not.toContain('never.mp4')
      for (const home of await present(small)) expect(await readdir(join(small, home))).toEqual([])
    } finally {
      vi.unstubAllEnvs()
    }
  })

  test('under the manifest: the copy does not get its name without it', async () => {
    await writeFile(folder.path('old.mp4'), 'old')
    const [before, beforeSmall] = [await present(folder.path('.')), await present(small)]
    const args = [clip, '--out', folder.path('old.mp4'), '--plan', folder.path('plan.json')]
    const run = (manifest: string) =>
      new Promise<number>(resolve => {
        execFile(process.execPath, [main, 'redact', ...args, '--manifest', manifest], error =>
          resolve(Number(error?.code ?? 0)),
        )
      })
    expect(await withRoomFor(0, () => run(join(small, 'manifest.json')))).toBe(1)
    expect(await present(folder.path('.'))).toEqual(before)
    expect(await present(small)).toEqual(beforeSmall)
    expect(await readFile(folder.path('old.mp4'), 'utf8')).toBe('old')
    expect(await run(join(small, 'manifest.json'))).toBe(0)
    expect(await present(small)).toEqual([...beforeSmall, 'manifest.json'])
  })
})

test.skipIf(canMount)('LEFT OUT: no file system can be mounted here (it needs root and CAP_SYS_ADMIN)', () => {})
