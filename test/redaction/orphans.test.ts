/** A detector that never comes out of its network must not work on after the process that asked it was killed. */
import { type ChildProcess, spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { copyFile, mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { ffmpeg, motion, scratch, x264 } from './clips.ts'

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url))
let folder: Awaited<ReturnType<typeof scratch>>
beforeAll(async () => {
  folder = await scratch()
})
afterAll(() => folder[Symbol.asyncDispose]())

interface Running {
  readonly pid: number
  readonly state: string
  readonly parent: number
  /** Hundredths of a second that it has worked. */
  readonly worked: number
}

async function running(pid: number): Promise<Running | undefined> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '')
  const [state = 'X', parent, ...rest] = stat.slice(stat.lastIndexOf(') ') + 2).split(' ')
  // An orphan that is dead waits as a zombie where nobody reaps.
  return 'XZ'.includes(state) || stat === ''
    ? undefined
    : { pid, state, parent: Number(parent), worked: Number(rest[9]) }
}

async function detectorOf(child: ChildProcess): Promise<Running | undefined> {
  for (const name of await readdir('/proc')) {
    const command = await readFile(`/proc/${name}/cmdline`, 'utf8').catch(() => '')
    const found = command.includes('detect-worker') ? await running(Number(name)) : undefined
    if (found?.parent === child.pid) return found
  }
  return undefined
}

/** Opening a network takes less work than this; whoever worked longer is inside its endless loop. */
const hangsAfter = 250

test('a detector that hangs dies with the process that was killed', async () => {
  const own = folder.path('models')
  await mkdir(own)
  await copyFile(here('faulty-models/hangs.onnx'), join(own, 'hangs.onnx'))
  const sha256 = createHash('sha256')
    .update(await readFile(join(own, 'hangs.onnx')))
    .digest('hex')
  const hangs = { name: 'hangs', file: 'hangs.onnx', sha256, adapter: 'dense', channels: 'rgb' }
  const models = [{ ...hangs, columns: ['face'], scorePerMille: 1000 }]
  await writeFile(join(own, 'models.json'), JSON.stringify({ models, plan: { face: ['hangs'] } }))
  await ffmpeg(...motion(320, 192, 25), ...x264, folder.path('clip.mp4'))

  const args = [
    'redact',
    folder.path('clip.mp4'),
    '--out',
    folder.path('out.mp4'),
    '--classes',
    'face',
    '--workers',
    '1',
  ]
  const env = { ...process.env, CUSTOS_MODELS_DIR: own }
  const child = spawn(process.execPath, [here('../../service/cli/main.ts'), ...args], { env, stdio: 'ignore' })
  const hung = async () => {
    const detector = await detectorOf(child)
    return detector && detector.worked > hangsAfter ? detector.pid : undefined
  }
  let pid: number | undefined
  try {
    await expect.poll(async () => (pid = await hung()), { timeout: 110_000, interval: 200 }).toBeDefined()
    child.kill('SIGKILL')
    await expect.poll(() => running(pid!), { timeout: 20_000, interval: 200 }).toBeUndefined()
  } finally {
    child.kill('SIGKILL')
    if (pid !== undefined && (await running(pid))) process.kill(pid, 'SIGKILL')
  }
})
