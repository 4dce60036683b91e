import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { type DetectorClass, detectorClass } from './plan.ts'

const modelName = z.string().regex(/^[a-z][a-z0-9-]{0,62}$/)

export const modelEntry = z
  .strictObject({
    name: modelName,
    file: z.string().regex(/^[a-z0-9-]+\.onnx$/),
    sha256: z.string().regex(/^[0-9a-f]{64}$/),
    /** How it is fed and read: see adapters.ts. */
    adapter: z.enum(['mediapipe', 'dense', 'yunet']),
    /** Order of the channels that the network was trained on. */
    channels: z.enum(['rgb', 'bgr']),
    /** What each column of the scores stands for. */
    columns: z.array(detectorClass).min(1),
    /** Scores are multiplied by this, so that the thresholds of a class fit all its detectors. */
    scorePerMille: z.int().min(1),
    /** Where it knows less of what is large: the final odds of a finding whose longer side is above so many pixels of the coarse picture are multiplied by this. */
    oversize: z.strictObject({ abovePx: z.int().min(1), oddsPerMille: z.int().min(1).max(1000) }).optional(),
    /** The networks that are asked about each of its findings of a class, by name. */
    refinedBy: z.partialRecord(detectorClass, modelName).optional(),
  })
  .refine(one => one.adapter !== 'mediapipe' || (one.columns.length === 1 && one.channels === 'rgb'), {
    error: 'a network of MediaPipe has one column, and its channels are rgb',
  })
export type ModelEntry = z.infer<typeof modelEntry>

/** A network that is shown the findings of detectors one by one: see refine.ts. */
export const refinerEntry = z.strictObject({
  name: modelName,
  file: z.string().regex(/^[a-z0-9-]+\.onnx$/),
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
  /** Width and height of its input. */
  sides: z.tuple([z.int().min(8).max(256), z.int().min(8).max(256)]),
  /** It sees this many times the width of a box, or the width of one that is as high and `flatness` times as wide, in thousandths. */
  aboutPerMille: z.int().min(1000).max(8000),
  flatnessPerMille: z.int().min(100).max(8000),
  /** How much its word weighs beside the detector's. */
  weightPerMille: z.int().min(0).max(1000),
  /** It is asked about findings from this score of the detector on, which may be lower than that at which a finding counts. */
  fromPerMille: z.int().min(1).max(1000),
})
export type RefinerEntry = z.infer<typeof refinerEntry>

/** models.json: networks that lie beside it, and for a class the names of all detectors that plan it, whose findings are joined. */
export const modelIndex = z.strictObject({
  models: z.array(modelEntry),
  refiners: z.array(refinerEntry).default([]),
  plan: z.partialRecord(detectorClass, z.array(modelName).min(1)),
})
export type ModelIndex = z.infer<typeof modelIndex>

/** A file whose digest was checked, with what is needed to run it. Plain data: it can be sent to another process. */
type Loaded<Entry> = Entry & { readonly bytes: Uint8Array }
export type Refiner = Loaded<RefinerEntry>
export type Model = Loaded<ModelEntry> & { readonly refiners?: Partial<Record<DetectorClass, Refiner>> }

export interface Models {
  /** Throws a RangeError for a name that no models.json has. */
  named(name: string): Model
  /** The detectors that plan a class. */
  planning(wanted: DetectorClass): Model[]
}

/** The networks whose word counts for these classes, each once: detectors, and what refines their findings. */
export function networksOf(
  models: readonly Model[],
  classes: readonly DetectorClass[],
): { name: string; sha256: string }[] {
  const refiners = models.flatMap(({ refiners }) => classes.flatMap(one => refiners?.[one] ?? []))
  const networks = [...models, ...refiners].map(({ name, sha256 }) => ({ name, sha256 }))
  return networks.filter((one, i) => networks.findIndex(({ sha256 }) => sha256 === one.sha256) === i)
}

export interface ModelFolders {
  /** The operator's own folder: its models.json adds models, and says anew who plans a class that it names. */
  own?: string | undefined
  builtIn?: string
}

export const builtInModels = join(import.meta.dirname, 'models')

export type Listed<Entry> = Entry & { readonly folder: string }

/** All that the models.json of both folders say, held against one another, before any file is looked at. */
export interface ModelList {
  readonly models: readonly Listed<ModelEntry>[]
  readonly refiners: readonly Listed<RefinerEntry>[]
  readonly plan: Readonly<Record<DetectorClass, readonly string[]>>
}

/** Throws an Error that names the folder at fault. */
export async function listModels({ own, builtIn = builtInModels }: ModelFolders = {}): Promise<ModelList> {
  const ours = await readModelIndex(builtIn)
  const theirs = own === undefined ? undefined : await readModelIndex(own)
  const listed = <Entry>(of: (index: ModelIndex) => readonly Entry[]): Listed<Entry>[] => [
    ...of(ours).map(one => ({ ...one, folder: builtIn })),
    ...(theirs ? of(theirs).map(one => ({ ...one, folder: own! })) : []),
  ]
  const models = listed(index => index.models)
  const refiners = listed(index => index.refiners)
  const at = `models.json of ${own ?? builtIn}`
  const names = [...models, ...refiners].map(({ name }) => name)
  const twice = names.find((name, i) => names.indexOf(name) !== i)
  if (twice) throw new Error(`${at}: there are two models named ${twice}`)

  for (const { name, refinedBy = {} } of models) {
    const unknown = Object.values(refinedBy).find(one => !refiners.some(refiner => refiner.name === one))
    if (unknown) throw new Error(`${at}: ${name} is refined by ${unknown}, and there is no such refiner`)
  }

  const plan = { ...ours.plan, ...theirs?.plan }
  for (const [wanted, planners] of Object.entries(plan) as [DetectorClass, string[]][]) {
    for (const name of planners) {
      const model = models.find(one => one.name === name)
      if (!model) throw new Error(`${at}: ${wanted} is planned by ${name}, and there is no such model`)
      if (!model.columns.includes(wanted)) throw new Error(`${at}: ${name} plans ${wanted}, which it does not look for`)
    }
  }
  const { face, plate } = plan
  if (!face || !plate) throw new Error(`${at}: each of face and plate needs a model that plans it`)
  return { models, refiners, plan: { face, plate } }
}

/** Throws an Error that names the folder. */
export async function readModelIndex(folder: string): Promise<ModelIndex> {
  const path = join(folder, 'models.json')
  try {
    return modelIndex.parse(JSON.parse(await readFile(path, 'utf8')))
  } catch (error) {
    const why = error instanceof z.ZodError ? z.prettifyError(error).replaceAll(/\s+/g, ' ') : (error as Error).message
    throw new Error(`${path} cannot be used: ${why}`, { cause: error })
  }
}

/** The bytes of a listed network. Throws an Error when the file is not there, or its SHA-256 is another. */
export async function readModel<Entry extends ModelEntry | RefinerEntry>(
  listed: Listed<Entry>,
): Promise<Loaded<Entry>> {
  const { folder, ...entry } = listed
  const path = join(folder, entry.file)
  const bytes = new Uint8Array(
    await readFile(path).catch(error => {
      throw new Error(`model ${entry.name}: ${path} cannot be read`, { cause: error })
    }),
  )
  const digest = createHash('sha256').update(bytes).digest('hex')
  if (digest !== entry.sha256)
    throw new Error(`model ${entry.name}: the SHA-256 of ${path} is ${digest}, models.json says ${entry.sha256}`)
  return { ...listed, bytes }
}

/** Every model of both folders. Refuses (Error) all of them when one is not what models.json says: nothing runs with what is left. */
export async function loadModels(folders: ModelFolders = {}): Promise<Models> {
  const { models, refiners, plan } = await listModels(folders)
  const refining = new Map((await Promise.all(refiners.map(readModel))).map(one => [one.name, one]))
  const loaded = new Map((await Promise.all(models.map(readModel))).map(one => [one.name, withRefiners(one, refining)]))
  function named(name: string): Model {
    const model = loaded.get(name)
    if (!model) throw new RangeError(`there is no model named ${name}`)
    return model
  }
  return { named, planning: wanted => plan[wanted].map(named) }
}

function withRefiners(model: Loaded<ModelEntry>, refining: ReadonlyMap<string, Refiner>): Model {
  const refiners = Object.entries(model.refinedBy ?? {}).map(([wanted, name]) => [wanted, refining.get(name!)!])
  return { ...model, refiners: Object.fromEntries(refiners) }
}
