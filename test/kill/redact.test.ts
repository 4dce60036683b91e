/** `custos redact` killed with SIGKILL in each of its passes: the output is the old one or the new one, nobody works on, and it can be run again. */
import { type ChildProcess, spawn } from 'node:child_process'
import { readdir, readFile, writeFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { digestFile } from '../../service/redaction/digest.ts'
import { canonicalPlan } from '../../service/redaction/plan.ts'
import { probeClip } from '../../service/redaction/probe.ts'
import { ffmpeg, handPlan, motion, scratch, x264 } from '../redaction/clips.ts'

const main = fileURLToPath(new URL('../../service/cli/main.ts', import.meta.url))
let folder: Awaited<ReturnType<typeof scratch>>
let clip: string
let plan: string
beforeAll(async () => {
  folder = await scratch()
  clip = folder.path('clip.mp4')
  plan = folder.path('plan.json')
  await ffmpeg(...motion(640, 360, 60), ...x264, clip)
  const info = await probeClip(clip)
  const made = handPlan(info, [[0, info.frames - 1, 20, 20, 60, 40]])
  const { sha256 } = await digestFile(clip)
  await writeFile(plan, canonicalPlan({ ...made, clip: { ...made.clip, sha256 } }))
})
afterAll(() => folder[Symbol.asyncDispose]())

/** Runs to its end, or until `stage` has begun, when it is killed. */
async function custos(args: string[], stage?: string): Promise<{ code: number | null; killedAt?: string }> {
  const child = spawn(process.execPath, [main, 'redact', clip, '--json', ...args], {
    stdio: ['ignore', 'pipe', 'ignore'],
  })
  let killedAt: string | undefined
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    if (stage === undefined || killedAt !== undefined || !text.includes(`"stage":"${stage}"`)) return
    killedAt = stage
    child.kill('SIGKILL')
  })
  const code = await ended(child)
  return { code, ...(killedAt !== undefined && { killedAt }) }
}

function ended(child: ChildProcess): Promise<number | null> {
  return new Promise(resolve => child.once('exit', code => resolve(code)))
}

/** Programs that still work on the folder, and detectors whose parent is gone. */
async function leftovers(): Promise<string[]> {
  const found: string[] = []
  for (const name of await readdir('/proc')) {
    if (!/^\d+$/.test(name) || Number(name) === process.pid) continue
    const command = await readFile(`/proc/${name}/cmdline`, 'utf8').catch(() => '')
    if (command.includes(folder.path(''))) found.push(command.replaceAll('\0', ' '))
  }
  return found
}

test.each([
  ['plan', []],
  ['render', ['--plan']],
  ['prove', ['--plan', '--prove']],
])(
  'killed while it is at %s',
  async (stage, options) => {
    const out = folder.path(`${stage}.mp4`)
    const args = ['--out', out, ...options.flatMap(option => (option === '--plan' ? [option, plan] : [option]))]
    await writeFile(out, 'the old one')
    expect(await custos(args, stage)).toMatchObject({ code: null, killedAt: stage })
    expect(await readFile(out, 'utf8')).toBe('the old one')
    await expect.poll(leftovers, { timeout: 20_000 }).toEqual([])
    expect(await custos(args)).toEqual({ code: 0 })
    expect((await probeClip(out)).frames).toBe(60)
  },
  120_000,
)
