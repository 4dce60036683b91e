import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { type DetectorClass, detectorClass } from './plan.ts'

const sha256 = z.string().regex(/^[0-9a-f]{64}$/)

const entry = z.strictObject({
  name: z.string().regex(/^[a-z][a-z0-9-]*$/),
  file: z.string().regex(/^[a-z0-9-]+\.onnx$/),
  sha256,
  adapter: z.enum(['mediapipe', 'dense']),
  /** Order of the channels that a dense network was trained on. */
  channels: z.enum(['rgb', 'bgr']),
  /** What each column of the scores stands for. */
  columns: z.array(detectorClass).min(1),
  /** Scores are multiplied by this, so that the thresholds of a class fit all its detectors. */
  scorePerMille: z.int().min(1),
})

const index = z.strictObject({
  models: z.array(entry),
  /** Which models plan each class; their findings are joined. */
  plan: z.record(detectorClass, z.array(z.string()).min(1)),
})

/** A model file whose digest was checked, with what is needed to run it. Plain data: it can be posted to a worker. */
export type Model = z.infer<typeof entry> & { readonly bytes: Uint8Array }

export interface Models {
  /** Throws a RangeError for a name that is not in models.json. */
  named(name: string): Model
  /** The models that plan a class. */
  planning(wanted: DetectorClass): Model[]
}

/** Reads models.json and the files it names. Refuses (Error) a file whose SHA-256 is another. */
export async function loadModels(folder: string = join(import.meta.dirname, 'models')): Promise<Models> {
  const { models, plan } = index.parse(JSON.parse(await readFile(join(folder, 'models.json'), 'utf8')))
  const loaded = new Map<string, Model>()
  for (const model of models) {
    const bytes = new Uint8Array(await readFile(join(folder, model.file)))
    const digest = createHash('sha256').update(bytes).digest('hex')
    if (digest !== model.sha256)
      throw new Error(`model ${model.file}: its SHA-256 is ${digest}, models.json says ${model.sha256}`)
    loaded.set(model.name, { ...model, bytes })
  }
  function named(name: string): Model {
    const model = loaded.get(name)
    if (!model) throw new RangeError(`there is no model named ${name}`)
    return model
  }
  return { named, planning: wanted => plan[wanted].map(named) }
}
