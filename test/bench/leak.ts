/**
 * How much of the known faces and plates of clips their redacted copies still show, and how much they cover for nothing. Redacts as
 * `custos redact` does, unless `--redacted` names a copy made elsewhere (or, for many clips, a folder of copies; `.mp4`).
 */
import { availableParallelism } from 'node:os'
import { parseArgs } from 'node:util'
import type { Measurement } from '../../service/cli/bench.ts'
import { loadModels } from '../../service/redaction/models.ts'
import { redact } from '../../service/redaction/redact.ts'
import { scratch } from '../redaction/clips.ts'
import { type LeakOptions, measureLeak } from '../redaction/leak-measure.ts'
import { type LeakReport, type Tally, totalOf } from '../redaction/leak-report.ts'
import type { Truth, TruthClass } from '../redaction/leak-truth.ts'
import { copyOf, readCases } from './judge/cases.ts'

const usage =
  'bench leak VIDEO.. --truth FILE|DIR [--redacted FILE|DIR] [--fill #rrggbb] [--tracks] [--least-covered 0.9] [--least-face PX] [--least-plate PX]'

export async function run(args: string[]): Promise<Measurement[]> {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: {
      truth: { type: 'string' },
      redacted: { type: 'string' },
      fill: { type: 'string', default: '#000000' },
      tracks: { type: 'boolean', default: false },
      'least-covered': { type: 'string', default: '0.9' },
      'least-face': { type: 'string', default: '12' },
      'least-plate': { type: 'string', default: '30' },
    },
  })
  if (!values.truth) throw new Error(`usage: ${usage}`)
  const options = {
    fill: values.fill,
    leastCovered: Number(values['least-covered']),
    leastFaceHeight: Number(values['least-face']),
    leastPlateWidth: Number(values['least-plate']),
  }
  const reports = new Map<string, LeakReport>()
  for (const { name, video, truth } of await readCases(positionals, values.truth)) {
    const report = values.redacted
      ? await measureLeak(video, await copyOf(values.redacted, name), truth, options)
      : await redactAndMeasure(video, truth, options)
    process.stderr.write(`${name}: ${sentence(report)}\n`)
    reports.set(name, report)
  }
  if (reports.size === 1) return rows([...reports.values()][0]!, values.tracks)
  const each = [...reports].flatMap(([name, report]) =>
    headlines(report).map(row => ({ ...row, name: `${name}.${row.name}` })),
  )
  return [...each, { name: 'clips', value: reports.size, unit: 'clips' }, ...rows(totalOf(reports), values.tracks)]
}

/** Redacts a clip with the models and thresholds of the product and measures the copy. */
export async function redactAndMeasure(input: string, truth: Truth, options: LeakOptions = {}): Promise<LeakReport> {
  await using folder = await scratch()
  const output = folder.path('redacted.mp4')
  const workers = Math.max(1, availableParallelism())
  const { fill = '#000000' } = options
  await redact({ input, output, classes: ['face', 'plate'], models: await loadModels(), workers, fill })
  return await measureLeak(input, output, truth, options)
}

/** What a table shows of one clip. */
export function headlines({ classes, overRedaction }: LeakReport): Measurement[] {
  const of = (name: TruthClass): Measurement[] => {
    const it = classes[name]
    if (it.frames === 0) return []
    return [
      { name: `${name}-frames`, value: it.frames, unit: 'frames' },
      { name: `${name}-leaked-frames`, value: it.leakedFrames, unit: 'frames' },
      { name: `${name}-tracks`, value: it.tracks.length, unit: 'tracks' },
      { name: `${name}-leaked-tracks`, value: it.leakedTracks, unit: 'tracks' },
      { name: `${name}-clear-tracks`, value: it.clearTracks, unit: 'tracks' },
    ]
  }
  return [...of('face'), ...of('plate'), { name: 'over-redaction', value: overRedaction * 100, unit: '% of the area' }]
}

function rows(report: LeakReport, withTracks: boolean): Measurement[] {
  const of = (name: TruthClass): Measurement[] => {
    const it = report.classes[name]
    if (it.frames === 0) return []
    const sizes = Object.entries(it.bySize).flatMap(([size, tally]) => tallied(`${name}.${size}px`, tally))
    const tracks = it.tracks.filter(track => withTracks && track.leakedFrames > 0)
    return [
      { name: `${name}-frame-leak-rate`, value: it.frameLeakRate * 100, unit: '%' },
      { name: `${name}-boxes`, value: it.boxes, unit: 'boxes' },
      { name: `${name}-leaked-boxes`, value: it.leakedBoxes, unit: 'boxes' },
      { name: `${name}-longest-leaked-run`, value: it.longestLeakedRun, unit: 'frames' },
      { name: `${name}-worst-box-open`, value: it.worstOpen * 100, unit: '%' },
      { name: `${name}-mean-box-open`, value: it.meanOpen * 100, unit: '%' },
      ...sizes,
      ...tallied(`${name}.below-floor`, it.belowFloor),
      ...tracks.map(each => ({
        name: `${name}.${each.id}`,
        value: each.leakedFrames,
        unit: `of ${each.frames} frames`,
      })),
    ]
  }
  const frames = { name: 'frames', value: report.frames, unit: 'frames' }
  return [frames, ...headlines(report), ...of('face'), ...of('plate')]
}

function tallied(name: string, tally: Tally): Measurement[] {
  return tally.boxes === 0 ? [] : [{ name, value: tally.leakedBoxes, unit: `of ${tally.boxes} boxes leaked` }]
}

function sentence({ classes, overRedaction }: LeakReport): string {
  const of = (name: TruthClass) => {
    const { frames, leakedFrames, tracks, leakedTracks } = classes[name]
    return `${name}s ${leakedFrames} of ${frames} frames leaked, ${leakedTracks} of ${tracks.length} tracks`
  }
  return `${of('face')}; ${of('plate')}; ${(overRedaction * 100).toFixed(2)}% too much`
}
