/** `custos models`: the detectors that redaction looks with, ours and the operator's own. */
import { parseArgs } from 'node:util'
import { z } from 'zod'
import { readModelsDir } from '../config.ts'
import {
  builtInModels,
  type Listed,
  listModels,
  type ModelEntry,
  modelEntry,
  type RefinerEntry,
  readModel,
} from '../redaction/models.ts'
import { detectorClass } from '../redaction/plan.ts'
import { type Addition, addModel } from './add-model.ts'

export const help = `custos models list [--json]
custos models add FILE.onnx --adapter KIND --classes LIST [options]

  list   every model: whether its file has the SHA-256 that models.json names, how it is fed and read, what it looks for, which
         network refines its findings, and which classes it plans
  add    tries a detector on pictures of the shapes that clips have, copies it into the folder that CUSTOS_MODELS_DIR names, and lists it in
         models.json there. Nothing that is there is replaced

  --adapter KIND     dense: scores [1, n, classes] and boxes [1, n, 4] as corners in pixels, of a picture 0..255 of any size
                     yunet: cls_8, obj_8, bbox_8 and the same of 16 and 32, of a picture 0..255 of any size
                     mediapipe: logits and regressors of MediaPipe full-range, of a picture -1..1 of 192 x 192
  --classes LIST     what its columns of scores stand for, in their order: face, plate, or both with a comma
  --channels ORDER   rgb or bgr: how it was trained (default: bgr for yunet, rgb otherwise)
  --score-scale N    its scores are multiplied by N, so that they fit the thresholds of the classes (default: 1)
  --plans LIST       classes that it plans from now on, beside those that plan them; without it the model is listed, and not used
  --alone            it plans them instead of the models that plan them now
  --name NAME        its name in plans and certificates (default: the name of the file)
  --sha256 HEX       what the file must be
  --json             one JSON object instead of lines

Whether a model finds what it should is not tried here: measure it with \`npm run bench -- leak\`. A service reads the folder when it starts.
Exit: 0 done, or every model is what models.json says; 1 not so; 2 usage.
`

export async function run(args: string[]): Promise<number> {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: {
      json: { type: 'boolean', default: false },
      adapter: { type: 'string' },
      classes: { type: 'string' },
      channels: { type: 'string' },
      'score-scale': { type: 'string', default: '1' },
      plans: { type: 'string', default: '' },
      alone: { type: 'boolean', default: false },
      name: { type: 'string' },
      sha256: { type: 'string' },
    },
  })
  const [verb, file, ...more] = positionals
  if (verb === 'list' && file === undefined) return await report(values.json, list)
  const addition = Wanted.safeParse({ ...values, file })
  if (verb !== 'add' || more.length > 0 || !addition.success) {
    const why = verb === 'add' && addition.error ? `custos models: ${z.prettifyError(addition.error)}\n\n` : ''
    process.stderr.write(`${why}${help}`)
    return 2
  }
  return await report(values.json, () => add(addition.data))
}

const classList = z
  .string()
  .transform(text => text.split(',').filter(Boolean))
  .pipe(z.array(detectorClass))

const Wanted = z
  .object({
    file: z.string(),
    name: z.string().optional(),
    adapter: modelEntry.shape.adapter,
    classes: classList.refine(some => some.length > 0, { error: 'at least one class' }),
    channels: modelEntry.shape.channels.optional(),
    'score-scale': z.coerce.number().min(0.001).max(1000),
    plans: classList,
    alone: z.boolean(),
    sha256: z.string().toLowerCase().pipe(modelEntry.shape.sha256).optional(),
  })
  .transform(
    ({ 'score-scale': scale, channels, ...given }): Addition => ({
      ...given,
      channels: channels ?? (given.adapter === 'yunet' ? 'bgr' : 'rgb'),
      scorePerMille: Math.round(scale * 1000),
    }),
  )

interface Outcome {
  readonly ok: boolean
  readonly lines: readonly string[]
  readonly record: object
}

async function report(json: boolean, work: () => Promise<Outcome>): Promise<number> {
  const { ok, lines, record } = await work().catch((error: Error) => ({
    ok: false,
    lines: [`custos models: ${error.message}`],
    record: { error: error.message },
  }))
  if (json) process.stdout.write(`${JSON.stringify({ ok, ...record })}\n`)
  else (ok ? process.stdout : process.stderr).write(lines.map(line => `${line}\n`).join(''))
  return ok ? 0 : 1
}

async function list(): Promise<Outcome> {
  const { models, refiners, plan } = await listModels({ own: readModelsDir() })
  const rows = await Promise.all(
    models.map(async listed => {
      const plans = detectorClass.options.filter(one => plan[one].includes(listed.name))
      return { ...(await checked(listed)), plans }
    }),
  )
  const refining = await Promise.all(refiners.map(checked))
  const lines = [
    ...rows.map(row => line(row, describe(row))),
    ...refining.map(row => line(row, `refines; ${row.file}`)),
  ]
  for (const { fault } of [...rows, ...refining]) if (fault) lines.push(fault)
  const ok = [...rows, ...refining].every(({ fault }) => !fault)
  return { ok, lines, record: { models: rows, refiners: refining } }
}

async function checked<Entry extends ModelEntry | RefinerEntry>({ folder, ...entry }: Listed<Entry>) {
  const fault = await readModel({ folder, ...entry } as Listed<Entry>).then(
    () => undefined,
    (error: Error) => error.message,
  )
  return { ...entry, folder: folder === builtInModels ? 'built in' : folder, ...(fault && { fault }) }
}

function line({ fault, name, sha256, folder }: Awaited<ReturnType<typeof checked>>, more: string): string {
  return `${fault ? 'FAIL' : 'ok  '} ${name.padEnd(22)} ${sha256.slice(0, 16)}  ${more}, ${folder}`
}

function describe({
  adapter,
  channels,
  columns,
  scorePerMille,
  oversize,
  refinedBy = {},
  plans,
  file,
}: ModelEntry & { plans: readonly string[] }) {
  const use = plans.length > 0 ? `plans ${plans.join(' and ')}` : 'plans nothing'
  const large = oversize ? ` (odds x ${oversize.oddsPerMille / 1000} above ${oversize.abovePx} px)` : ''
  const refined = [...new Set(Object.values(refinedBy))].map(name => `, refined by ${name}`).join('')
  return `${adapter}, ${channels}, ${columns.join('+')}, scores x ${scorePerMille / 1000}${large}${refined}, ${use}; ${file}`
}

async function add(addition: Addition): Promise<Outcome> {
  const folder = readModelsDir()
  if (folder === undefined) throw new Error('set CUSTOS_MODELS_DIR to a folder of your own: added models live there')
  const entry = await addModel(folder, addition)
  const lines = [`${entry.name} is in ${folder}, SHA-256 ${entry.sha256}`]
  if (addition.plans.length === 0) lines.push('it plans nothing: --plans says what it should')
  return { ok: true, lines, record: { folder, model: entry, plans: addition.plans } }
}
