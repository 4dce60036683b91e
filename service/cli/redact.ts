/** `custos redact`: one clip in, its redacted copy out. No service, no ledger: who needs a record asks the service. */
import { randomUUID } from 'node:crypto'
import { readFile, rename, rm, stat, writeFile } from 'node:fs/promises'
import { availableParallelism, constants } from 'node:os'
import { dirname } from 'node:path'
import { parseArgs } from 'node:util'
import { readModelsDir } from '../config.ts'
import { certificatePage } from '../disclosure/package/certificate-page.ts'
import { parseFill } from '../redaction/colour.ts'
import { loadModels } from '../redaction/models.ts'
import { type DetectorClass, detectorClass, parsePlan } from '../redaction/plan.ts'
import type { LeastWidthPx } from '../redaction/plan-tracks.ts'
import { type Redaction, redact, type Stage } from '../redaction/redact.ts'
import { leastWidthHelp, parseLeastWidth, withPolicy } from './least-width.ts'
import { redactReport } from './redact-report.ts'

export const help = `custos redact CLIP --out OUT.mp4 [options]

Covers faces and number plates with a constant fill, burned into every frame, and encodes the clip again as H.264 in MP4.
A clip in which nothing is covered is copied instead, picture by picture, where that is safe; the manifest says so.
Every frame is kept at its time; sound, metadata and every other track are gone. The copy gets its name when its frames and
times are known to be the clip's and nothing else is in it; with --prove it is decoded and measured as well: the fill within
12 of 255 a channel from 4 pixels inside each box.

  --out OUT.mp4        the copy; an older file of that name is replaced when the new one is whole
  --classes LIST       what to look for: face, plate, or both with a comma (default: face,plate)
  ${leastWidthHelp}
  --fill '#rrggbb'     colour of the fill (default: #000000)
  --show-unsure        leave the frames in sight of which the plan could not tell; they are blanked otherwise
  --plan PLAN.json     cover what this plan says, and look for nothing
  --plan-out FILE      write the plan that was burned in
  --manifest FILE      write what was covered, why, and how the copy was made
  --prove              decode and measure the copy, show it to the detectors again and, where plates are looked for, to the
                       networks that read writing, and say what they find outside the boxes
  --certificate FILE   write what was checked and found (more with --prove): JSON, or a page to read where FILE ends in .html
  --workers N          detector processes (default: one a core)
  --json               JSON lines on standard output: {"event":"progress",…}, and one {"event":"result","ok":…} at the end

Exit codes: 0 done, 1 it could not be done and OUT.mp4 is as it was, 2 wrong usage, 130 interrupted (143 terminated).
What --prove finds open is said, and does not change the exit code.
`

interface Options {
  readonly clip: string
  readonly out: string
  readonly classes: readonly DetectorClass[]
  readonly leastWidthPx: LeastWidthPx
  readonly fill: string
  readonly plan: string | undefined
  readonly planOut: string | undefined
  readonly manifest: string | undefined
  readonly certificate: string | undefined
  readonly workers: number
  readonly showUnsure: boolean
  readonly prove: boolean
  readonly json: boolean
}

export async function run(args: string[]): Promise<number> {
  let options: Options
  try {
    options = parseOptions(args)
    await assertPaths(options)
  } catch (error) {
    process.stderr.write(`custos redact: ${(error as Error).message}\n\n${help}`)
    return 2
  }
  const abort = new AbortController()
  const stop = (name: NodeJS.Signals) => abort.abort(new Interrupted(name))
  process.on('SIGINT', stop).on('SIGTERM', stop)
  const report = redactReport(options.json)
  try {
    const made = await redactFile(options, report.progress, abort.signal)
    report.made(options.out, made)
    return 0
  } catch (error) {
    // A terminal sends the interrupt to ffmpeg as well, whose end may be noticed first.
    await new Promise(resolve => setTimeout(resolve, 50))
    const reason: unknown = abort.signal.aborted ? abort.signal.reason : error
    report.failed(reason)
    return reason instanceof Interrupted ? reason.exitCode : 1
  } finally {
    process.off('SIGINT', stop).off('SIGTERM', stop)
  }
}

class Interrupted extends Error {
  readonly exitCode: number

  constructor(name: NodeJS.Signals) {
    super('interrupted; nothing was written')
    this.exitCode = 128 + constants.signals[name]
  }
}

/** All work would be for nothing if a file could not be opened, or a result could not be put down. Throws an Error that says so. */
async function assertPaths({ clip, plan, out, planOut, manifest, certificate }: Options): Promise<void> {
  for (const path of [clip, plan]) {
    if (path !== undefined && !(await stat(path).catch(() => undefined))?.isFile())
      throw new Error(`there is no file ${path}`)
  }
  for (const path of [out, planOut, manifest, certificate]) {
    const folder = dirname(path ?? '.')
    if (!(await stat(folder).catch(() => undefined))?.isDirectory()) throw new Error(`there is no folder ${folder}`)
  }
}

/** Throws an Error whose message says what is wrong with the command line. */
function parseOptions(args: string[]): Options {
  const text = { type: 'string' } as const
  const flag = { type: 'boolean', default: false } as const
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: {
      out: text,
      classes: { ...text, default: 'face,plate' },
      'least-width': text,
      fill: { ...text, default: '#000000' },
      plan: text,
      'plan-out': text,
      manifest: text,
      certificate: text,
      workers: { ...text, default: String(availableParallelism()) },
      'show-unsure': flag,
      prove: flag,
      json: flag,
    },
  })
  const [clip, ...more] = positionals
  if (clip === undefined || more.length > 0) throw new Error('it takes one clip')
  if (!values.out) throw new Error('--out is missing')
  const classes = values.classes.split(',').map(name => {
    const known = detectorClass.safeParse(name.trim())
    if (!known.success) throw new Error(`--classes knows ${detectorClass.options.join(' and ')}, not '${name}'`)
    return known.data
  })
  if (!/^[1-9]\d{0,2}$/.test(values.workers)) throw new Error('--workers takes a number from 1')
  parseFill(values.fill)
  const { out, fill, plan, manifest, certificate, prove, json } = values
  return {
    ...{
      clip,
      out,
      classes,
      leastWidthPx: parseLeastWidth(values['least-width']),
      fill,
      plan,
      planOut: values['plan-out'],
      manifest,
      certificate,
    },
    ...{ workers: Number(values.workers), showUnsure: values['show-unsure'], prove, json },
  }
}

async function redactFile(
  options: Options,
  onProgress: (stage: Stage, fraction: number) => void,
  signal: AbortSignal,
): Promise<Redaction> {
  const { clip: input, out: output, classes, fill, workers, showUnsure, prove } = options
  const plan = options.plan === undefined ? undefined : parsePlan(await readFile(options.plan, 'utf8'))
  const models = await loadModels({ own: readModelsDir() })
  const leastWidthPx = await withPolicy(options.leastWidthPx)
  const how = { plan, leastWidthPx, fill, blankWhereUnsure: !showUnsure, prove }
  const parts: [part: string, path: string][] = []
  /** All that is written besides is on disk before the copy gets its name: either there is everything, or what there was. */
  async function beforeNaming(made: Redaction): Promise<void> {
    for (const [path, text] of besides(options, made)) {
      const part = `${path}.${randomUUID()}.part`
      parts.push([part, path])
      await writeFile(part, text, { flush: true })
    }
  }
  try {
    const asked = { input, output, classes, models, workers, ...how, beforeNaming, onProgress, signal }
    const made = await redact(asked)
    for (const [part, path] of parts) await rename(part, path)
    return made
  } finally {
    for (const [part] of parts) await rm(part, { force: true })
  }
}

/** What else was asked for, and where it goes. */
function besides({ planOut, manifest, certificate }: Options, made: Redaction): [path: string, text: string][] {
  const files: [string | undefined, () => string][] = [
    [planOut, () => made.plan],
    [manifest, () => made.manifest],
    [certificate, () => (certificate?.endsWith('.html') ? certificatePage(made.certificate) : made.certificate)],
  ]
  return files.flatMap(([path, text]) => (path === undefined ? [] : [[path, text()] as [string, string]]))
}
