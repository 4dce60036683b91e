import { availableParallelism } from 'node:os'
import { parseArgs } from 'node:util'
import type { Measurement } from '../../service/cli/bench.ts'
import { loadModels } from '../../service/redaction/models.ts'
import { redact } from '../../service/redaction/redact.ts'
import { scratch } from '../redaction/clips.ts'
import { type LeakReport, measureLeak, readTruth, type Truth, type TruthClass } from '../redaction/leak-truth.ts'

const usage = 'bench leak VIDEO --truth FILE [--redacted FILE] [--fill #rrggbb]'

/**
 * How much of the known faces and plates of a clip its redacted copy still shows, and how much it covers for nothing.
 * Redacts the clip as `custos redact` does, unless `--redacted` names a copy made elsewhere (filled with `--fill`).
 */
export async function run(args: string[]): Promise<Measurement[]> {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: { truth: { type: 'string' }, redacted: { type: 'string' }, fill: { type: 'string', default: '#000000' } },
  })
  const [video] = positionals
  if (!video || !values.truth) throw new Error(`usage: ${usage}`)
  const truth = await readTruth(values.truth)
  if (values.redacted) return rows(await measureLeak(video, values.redacted, truth, { fill: values.fill }))
  return rows(await redactAndMeasure(video, truth, values.fill))
}

/** Redacts a clip with the models and thresholds of the product and measures the copy. */
export async function redactAndMeasure(input: string, truth: Truth, fill = '#000000'): Promise<LeakReport> {
  await using folder = await scratch()
  const output = folder.path('redacted.mp4')
  const workers = Math.max(1, availableParallelism())
  await redact({ input, output, classes: ['face', 'plate'], models: await loadModels(), workers, fill })
  return await measureLeak(input, output, truth, { fill })
}

function rows({ frames, classes, overRedaction }: LeakReport): Measurement[] {
  const of = (name: TruthClass): Measurement[] => {
    const it = classes[name]
    return [
      { name: `${name}-frames`, value: it.frames, unit: 'frames' },
      { name: `${name}-leaked-frames`, value: it.leakedFrames, unit: 'frames' },
      { name: `${name}-frame-leak-rate`, value: it.frameLeakRate * 100, unit: '%' },
      { name: `${name}-longest-leaked-run`, value: it.longestLeakedRun, unit: 'frames' },
      { name: `${name}-worst-box-open`, value: it.worstOpen * 100, unit: '%' },
      { name: `${name}-mean-box-open`, value: it.meanOpen * 100, unit: '%' },
    ]
  }
  return [
    { name: 'frames', value: frames, unit: 'frames' },
    ...of('face'),
    ...of('plate'),
    { name: 'over-redaction', value: overRedaction * 100, unit: '% of the area' },
  ]
}
