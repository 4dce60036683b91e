/** `custos plan`: a redaction plan as a file, made, looked at and edited by hand. No service, no ledger: there the API edits it on the record. */
import { readFile } from 'node:fs/promises'
import { availableParallelism } from 'node:os'
import { parseArgs } from 'node:util'
import { readModelsDir } from '../config.ts'
import { Problem } from '../http/problem.ts'
import { makePlan } from '../redaction/make-plan.ts'
import { loadModels } from '../redaction/models.ts'
import { canonicalPlan, detectorClass, parsePlan, planDigest, planSchema } from '../redaction/plan.ts'
import { editPlan } from '../redaction/plan-edit.ts'
import { probeClip } from '../redaction/probe.ts'
import { leastWidthHelp, parseLeastWidth, withPolicy } from './least-width.ts'
import { assertGround, editOptions, editVerbs, readEdit, UsageError } from './plan-args.ts'
import { writeEdited, writeWhole } from './plan-files.ts'
import { planTable, summaryOf } from './plan-show.ts'
import { progressBar } from './progress.ts'

export const help = `custos plan make CLIP --out PLAN [--classes LIST] [--least-width LIST] [--workers N]
custos plan show PLAN [--clip CLIP] [--json]
custos plan schema
custos plan add     PLAN --box X,Y,W,H --frames A-B | --key FRAME:X,Y,W,H … [--until FRAME]  [--class C] [--ground G]
custos plan blank   PLAN --frames A-B [--ground G]
custos plan cover   PLAN --track N [--ground G]
custos plan extend  PLAN --track N [--from FRAME] [--to FRAME] [--grow PIXELS]
custos plan set     PLAN --track N [--class C] [--ground G]
custos plan delete  PLAN --track N --ground G
custos plan visible PLAN --track N --ground G
  each of these with  --reason TEXT --by NAME --out FILE

  make     look for faces and number plates, and write what would be covered; nothing is rendered
  show     every track: what it is, why and on whose word, on which frames, how sure, how large; with --clip also when
  schema   the JSON Schema of plans
  add      cover a region: a box that stays, or one that moves evenly between keyframes
  blank    cover whole frames
  cover    cover a track again that was kept visible
  extend   cover a track earlier, later, or larger by so many pixels on every side
  set      give a track another class (face, plate, region) or ground
  delete   take a track out; its number is never given again
  visible  leave a track in sight; it stays in the plan, and says so

${leastWidthHelp}
Frames count from 0, pixels from the upper left of the upright picture; odd edges become even, outward. Grounds are those of
policies/data/grounds.json (default for what covers: personal-data); to delete or to keep visible takes one that shows.
An edit writes FILE, and adds a line to FILE.edits.jsonl: who, why, what, and the digests before and after. FILE may be PLAN.
\`custos redact CLIP --plan FILE\` then renders it without looking again.
Exit: 0 done, 1 it could not be done and FILE is as it was, 2 wrong usage.
`

type Verb = (args: string[]) => Promise<number>
const verbs: Record<string, Verb> = {
  make,
  show,
  schema,
  ...Object.fromEntries(editVerbs.map(verb => [verb, (args: string[]) => edit(verb, args)])),
}

export async function run([name = '', ...args]: string[]): Promise<number> {
  const verb = verbs[name]
  if (!verb) {
    process.stderr.write(`custos plan: ${name ? `there is no '${name}'` : 'it takes a verb'}\n\n${help}`)
    return 2
  }
  try {
    return await verb(args)
  } catch (error) {
    if (error instanceof UsageError) process.stderr.write(`custos plan ${name}: ${error.message}\n\n${help}`)
    else if (error instanceof Problem || isFileError(error))
      process.stderr.write(`custos plan ${name}: ${(error as Error).message}\n`)
    else throw error
    return error instanceof UsageError ? 2 : 1
  }
}

async function make(args: string[]): Promise<number> {
  const text = { type: 'string' } as const
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: {
      out: text,
      classes: { ...text, default: 'face,plate' },
      'least-width': text,
      workers: { ...text, default: String(availableParallelism()) },
    },
  })
  const path = onlyOne(positionals, 'a clip')
  const out = needed(values.out, '--out')
  const classes = values.classes.split(',').map(name => {
    const known = detectorClass.safeParse(name.trim())
    if (!known.success) throw new UsageError(`--classes knows ${detectorClass.options.join(' and ')}, not '${name}'`)
    return known.data
  })
  const leastWidthPx = await withPolicy(parseLeastWidth(values['least-width']))
  const workers = Number(values.workers)
  if (!/^[1-9]\d{0,2}$/.test(values.workers)) throw new UsageError('--workers takes a number from 1')
  const bar = progressBar()
  const models = await loadModels({ own: readModelsDir() })
  const clip = await probeClip(path)
  const onProgress = (done: number, total: number) => bar.show('plan', total > 0 ? done / total : 1)
  const { plan } = await makePlan(path, clip, { classes, models, leastWidthPx, workers, onProgress })
  bar.done()
  await writeWhole(out, canonicalPlan(plan))
  process.stdout.write(`${out}\n  ${plan.tracks.length} tracks\n  SHA-256 ${planDigest(plan)}\n`)
  return 0
}

async function show(args: string[]): Promise<number> {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: { clip: { type: 'string' }, json: { type: 'boolean', default: false } },
  })
  const plan = parsePlan(await readFile(onlyOne(positionals, 'a plan'), 'utf8'))
  const clip = values.clip === undefined ? undefined : await probeClip(values.clip)
  if (clip && clip.frames !== plan.clip.frames)
    throw new Problem('plan-does-not-fit', {
      detail: `The clip has ${clip.frames} frames, the plan ${plan.clip.frames}.`,
    })
  const summary = summaryOf(plan, clip)
  process.stdout.write(values.json ? `${JSON.stringify(summary)}\n` : planTable(summary))
  return 0
}

async function schema(args: string[]): Promise<number> {
  if (args.length > 0) throw new UsageError('it takes nothing')
  process.stdout.write(`${JSON.stringify(planSchema(), null, 2)}\n`)
  return 0
}

async function edit(verb: (typeof editVerbs)[number], args: string[]): Promise<number> {
  const { values, positionals } = parseArgs({ args, allowPositionals: true, options: editOptions })
  const path = onlyOne(positionals, 'a plan')
  const [out, reason, by] = [needed(values.out, '--out'), needed(values.reason, '--reason'), needed(values.by, '--by')]
  const wanted = readEdit(verb, values)
  const before = parsePlan(await readFile(path, 'utf8'))
  await assertGround(before, wanted)
  const after = editPlan(before, wanted, by)
  const digests = { before: planDigest(before), after: planDigest(after) }
  await writeEdited(out, canonicalPlan(after), { by, reason, edit: wanted, ...digests })
  process.stdout.write(`${out}\n  SHA-256 ${digests.after}, before ${digests.before}\n`)
  return 0
}

function onlyOne([path, ...more]: string[], what: string): string {
  if (path === undefined || more.length > 0) throw new UsageError(`it takes ${what}`)
  return path
}

function needed(value: string | undefined, option: string): string {
  if (!value?.trim()) throw new UsageError(`${option} is missing`)
  return value
}

function isFileError(error: unknown): boolean {
  return ['ENOENT', 'EACCES', 'EISDIR', 'ENOTDIR', 'ENOSPC', 'EROFS'].includes(
    String((error as { code?: unknown }).code),
  )
}
