/**
 * `custos redact` against a plain ffmpeg transcode at the same settings, in the same run: CPU (user and system, children
 * included), wall seconds, and peak resident memory of all processes together. A CLIP may be named; it is scaled to each
 * --height first (default: 432 and 1080). `render` has its plan at hand, `nothing` an empty one. --boxes N,M instead: the
 * rendering of so many boxes at once, each moving on every frame. --memory: `redact` alone, on the clip as it is.
 */
import { spawn } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import type { Measurement } from '../../service/cli/bench.ts'
import { type BoxRun, parsePlan, type RedactionPlan } from '../../service/redaction/plan.ts'
import { encoder } from '../../service/redaction/render.ts'

const fixture = new URL('../../fixtures/shop.mp4', import.meta.url).pathname
const main = new URL('../../service/cli/main.ts', import.meta.url).pathname

interface Cost {
  readonly cpu: number
  readonly wall: number
  readonly rss: number
}
const units = { cpu: 's', wall: 's', rss: 'MB' } as const

export async function run(args: string[]): Promise<Measurement[]> {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: {
      height: { type: 'string', multiple: true },
      boxes: { type: 'string' },
      memory: { type: 'boolean', default: false },
    },
  })
  const source = positionals[0] ?? fixture
  const folder = await mkdtemp(join(tmpdir(), 'custos-bench-'))
  try {
    if (values.memory) {
      const { rss } = await redact(source, '--out', join(folder, 'out.mp4'))
      return [{ name: 'redact.rss', value: rss, unit: 'MB' }]
    }
    const measured: Measurement[] = []
    for (const height of values.height ?? ['432', '1080']) {
      const clip = await prepare(source, height, folder)
      const numbers = values.boxes?.split(',').map(Number)
      measured.push(...(numbers ? await crowds(clip, height, numbers, folder) : await stages(clip, height, folder)))
    }
    return measured
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

function redact(clip: string, ...more: string[]): Promise<Cost> {
  return cost(process.execPath, [main, 'redact', clip, ...more])
}

/** The floor: one decode and one encode at the settings of a redacted copy. */
function transcode(clip: string, folder: string): Promise<Cost> {
  return cost('ffmpeg', ['-y', '-v', 'error', '-i', clip, '-an', ...encoder(), join(folder, 'plain.mp4')])
}

async function stages(clip: string, height: string, folder: string): Promise<Measurement[]> {
  const [out, plan, none] = ['out.mp4', 'plan.json', 'none.json'].map(name => join(folder, name)) as [
    string,
    string,
    string,
  ]
  const plain = await transcode(clip, folder)
  const whole = await redact(clip, '--out', out, '--plan-out', plan)
  const render = await redact(clip, '--out', out, '--plan', plan)
  const found = parsePlan(await readFile(plan, 'utf8'))
  await writeFile(none, JSON.stringify({ ...found, tracks: [], couldNotTell: [] }))
  const nothing = await redact(clip, '--out', out, '--plan', none)
  const proven = await redact(clip, '--out', out, '--prove')
  return [
    ...rows(`redact.${height}p`, whole, plain),
    ...rows(`redact.render.${height}p`, render, plain),
    ...rows(`redact.nothing.${height}p`, nothing, plain),
    ...rows(`redact.prove.${height}p`, proven, plain),
  ]
}

async function crowds(
  clip: string,
  height: string,
  numbers: readonly number[],
  folder: string,
): Promise<Measurement[]> {
  const [out, plan] = ['out.mp4', 'plan.json'].map(name => join(folder, name)) as [string, string]
  const plain = await transcode(clip, folder)
  await redact(clip, '--out', out, '--plan-out', plan)
  const empty = parsePlan(await readFile(plan, 'utf8'))
  const measured: Measurement[] = []
  for (const boxes of numbers) {
    await writeFile(plan, JSON.stringify(crowd(empty, boxes)))
    measured.push(...rows(`redact.boxes.${boxes}.${height}p`, await redact(clip, '--out', out, '--plan', plan), plain))
  }
  return measured
}

/** So many boxes of 40 pixels, none of which stands still. */
function crowd(plan: RedactionPlan, boxes: number): RedactionPlan {
  const { width, height, frames } = plan.clip
  const even = (value: number, most: number) => 2 * Math.floor((value % most) / 2)
  const runOf = (box: number, n: number): BoxRun => {
    const [x, y] = [even(97 * box + 2 * n, width - 40), even(53 * box + 6 * n, height - 40)]
    return [n, n, x, y, 40, 40]
  }
  const tracks = Array.from({ length: boxes }, (_, box) => ({
    id: box + 1,
    class: 'region' as const,
    ground: 'personal-data',
    origin: { kind: 'person' as const, subject: 'bench' },
    confidence: 1000,
    runs: Array.from({ length: frames }, (_, n) => runOf(box, n)),
    unseen: [],
  }))
  return { ...plan, tracks, couldNotTell: [] }
}

async function prepare(clip: string, height: string, folder: string): Promise<string> {
  const scaled = join(folder, 'clip.mp4')
  const quality = ['-c:v', 'libx264', '-preset', 'veryfast', '-crf', '18', '-an']
  await cost('ffmpeg', ['-y', '-v', 'error', '-i', clip, '-vf', `scale=-2:${height}:flags=bicubic`, ...quality, scaled])
  return scaled
}

function rows(name: string, spent: Cost, floor: Cost): Measurement[] {
  return (['cpu', 'wall', 'rss'] as const).map(kind => ({
    name: `${name}.${kind}`,
    value: spent[kind],
    unit: units[kind],
    floor: floor[kind],
    ratio: spent[kind] / floor[kind],
  }))
}

/** `bash`'s own `times` counts what its children and theirs have used; they share its process group, which is how we find them. */
async function cost(command: string, args: string[]): Promise<Cost> {
  const began = performance.now()
  const quoted = [command, ...args].map(word => `'${word.replaceAll("'", "'\\''")}'`).join(' ')
  const shell = `${quoted} >/dev/null 2>&1 </dev/null; code=$?; times; exit $code`
  const child = spawn('bash', ['-c', shell], { detached: true })
  let text = ''
  child.stdout.on('data', chunk => {
    text += chunk
  })
  let rss = 0
  const sampling = setInterval(() => {
    rss = Math.max(rss, residentOf(child.pid!))
  }, 250)
  const code = await new Promise(resolve => child.on('exit', resolve))
  clearInterval(sampling)
  if (code !== 0) throw new Error(`${command} ended with ${code}`)
  const children = text.trim().split('\n').at(-1)!
  const cpu = [...children.matchAll(/(\d+)m([\d.]+)s/g)].reduce((sum, [, m, s]) => sum + Number(m) * 60 + Number(s), 0)
  return { cpu, wall: (performance.now() - began) / 1000, rss: rss / 1e6 }
}

/** Resident bytes of a process group, a page that several processes share counted once among them, where the system has /proc. */
function residentOf(group: number): number {
  let bytes = 0
  for (const pid of readdirSync('/proc').filter(name => /^\d+$/.test(name))) {
    try {
      // After the name in brackets: state, parent, group.
      const fields = readFileSync(`/proc/${pid}/stat`, 'latin1').split(') ').at(-1)!.split(' ')
      if (Number(fields[2]) !== group) continue
      const [, kibibytes = 0] = /^Pss:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, 'latin1')) ?? []
      bytes += Number(kibibytes) * 1024
    } catch {
      // It has ended meanwhile.
    }
  }
  return bytes
}
