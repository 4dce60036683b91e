/**
 * `custos redact` against a plain ffmpeg transcode at the same settings, in the same run: CPU (user and system, children included) and
 * wall seconds, and peak memory of the largest process. CLIP is named; --height scales it first, so that one clip serves every row.
 */
import { spawn } from 'node:child_process'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import type { Measurement } from '../../service/cli/bench.ts'
import { encoder } from '../../service/redaction/render.ts'

const fixture = new URL('../../fixtures/shop.mp4', import.meta.url).pathname
const main = new URL('../../service/cli/main.ts', import.meta.url).pathname

interface Cost {
  readonly cpu: number
  readonly wall: number
}

export async function run(args: string[]): Promise<Measurement[]> {
  const { values, positionals } = parseArgs({ args, allowPositionals: true, options: { height: { type: 'string' } } })
  const folder = await mkdtemp(join(tmpdir(), 'custos-bench-'))
  try {
    const clip = await prepare(positionals[0] ?? fixture, values.height, folder)
    const plan = join(folder, 'plan.json')
    const plain = await cost('ffmpeg', ['-v', 'error', '-i', clip, '-an', ...encoder(), join(folder, 'plain.mp4')])
    const redact = (...more: string[]) => cost(process.execPath, [main, 'redact', clip, ...more])
    const whole = await redact('--out', join(folder, 'whole.mp4'), '--plan-out', plan)
    const render = await redact('--out', join(folder, 'render.mp4'), '--plan', plan)
    const proven = await redact('--out', join(folder, 'proven.mp4'), '--prove')
    const label = `${(JSON.parse(await readFile(plan, 'utf8')) as { clip: { height: number } }).clip.height}p`
    return [
      ...rows(`redact.${label}`, whole, plain),
      ...rows(`redact.render.${label}`, render, plain),
      ...rows(`redact.prove.${label}`, proven, plain),
    ]
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

async function prepare(clip: string, height: string | undefined, folder: string): Promise<string> {
  if (height === undefined) return clip
  const scaled = join(folder, 'clip.mp4')
  const quality = ['-c:v', 'libx264', '-preset', 'veryfast', '-crf', '18', '-an']
  await cost('ffmpeg', ['-v', 'error', '-i', clip, '-vf', `scale=-2:${height}:flags=bicubic`, ...quality, scaled])
  return scaled
}

function rows(name: string, spent: Cost, floor: Cost): Measurement[] {
  return (['cpu', 'wall'] as const).map(kind => ({
    name: `${name}.${kind}`,
    value: spent[kind],
    unit: 's',
    floor: floor[kind],
    ratio: spent[kind] / floor[kind],
  }))
}

/** `bash`'s own `times` counts what its children and theirs have used. */
async function cost(command: string, args: string[]): Promise<Cost> {
  const began = performance.now()
  const quoted = [command, ...args].map(word => `'${word.replaceAll("'", "'\\''")}'`).join(' ')
  const child = spawn('bash', ['-c', `${quoted} >/dev/null 2>&1 </dev/null; code=$?; times; exit $code`])
  let text = ''
  child.stdout.on('data', chunk => {
    text += chunk
  })
  const code = await new Promise(resolve => child.on('exit', resolve))
  if (code !== 0) throw new Error(`${command} ended with ${code}`)
  const children = text.trim().split('\n').at(-1)!
  const cpu = [...children.matchAll(/(\d+)m([\d.]+)s/g)].reduce((sum, [, m, s]) => sum + Number(m) * 60 + Number(s), 0)
  return { cpu, wall: (performance.now() - began) / 1000 }
}
