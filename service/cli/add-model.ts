/** A detector becomes one of the operator's own: tried, copied, and named by its digest, without touching what is there. */
import { createHash, randomUUID } from 'node:crypto'
import { link, open, readFile, rename, rm } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { z } from 'zod'
import { lockFolder } from '../lock.ts'
import { tryModel } from '../redaction/model-trial.ts'
import { listModels, type ModelEntry, type ModelIndex, modelEntry, readModelIndex } from '../redaction/models.ts'
import type { DetectorClass } from '../redaction/plan.ts'
import { createFile, isErrno, makeFolder, syncFolder } from '../vault/durable.ts'

export interface Addition {
  readonly file: string
  /** Of the name of the file where absent. */
  readonly name?: string | undefined
  readonly adapter: ModelEntry['adapter']
  readonly classes: readonly DetectorClass[]
  readonly channels: ModelEntry['channels']
  readonly scorePerMille: number
  /** Classes that it plans from now on. */
  readonly plans: readonly DetectorClass[]
  /** It plans them instead of the models that do so now, not beside them. */
  readonly alone: boolean
  /** What the file is expected to be. */
  readonly sha256?: string | undefined
}

const mostBytes = 512 * 2 ** 20

/**
 * Throws an Error and leaves `folder` as it was when the file is not what was expected, does not run, or would take a name that is taken. A
 * crash leaves at worst a copy of the file that no models.json names; adding it again then takes that copy.
 */
export async function addModel(folder: string, addition: Addition): Promise<ModelEntry> {
  const bytes = await readWhole(addition.file)
  const entry = entryOf(addition, bytes)
  if (addition.sha256 !== undefined && addition.sha256 !== entry.sha256)
    throw new Error(`the SHA-256 of ${addition.file} is ${entry.sha256}`)
  await tryModel({ ...entry, bytes }).catch(error => {
    throw new Error(`it does not run as ${entry.adapter}: ${error.message}`, { cause: error })
  })

  await makeFolder(folder)
  await using _ = await lockFolder(folder)
  const before = await indexIn(folder)
  const after = await extended(folder, before, entry, addition)
  await placeModel(join(folder, entry.file), bytes)
  await replaceIndex(folder, after)
  return entry
}

async function readWhole(path: string): Promise<Uint8Array> {
  await using file = await open(path)
  const { size } = await file.stat()
  if (size > mostBytes) throw new Error(`${path} is larger than ${mostBytes} bytes`)
  return new Uint8Array(await file.readFile())
}

function entryOf({ file, name, adapter, classes, channels, scorePerMille }: Addition, bytes: Uint8Array): ModelEntry {
  const called = name ?? nameFrom(file)
  const sha256 = createHash('sha256').update(bytes).digest('hex')
  const made = { name: called, file: `${called}.onnx`, sha256, adapter, channels, columns: classes, scorePerMille }
  const parsed = modelEntry.safeParse(made)
  if (!parsed.success) throw new Error(z.prettifyError(parsed.error))
  return parsed.data
}

function nameFrom(file: string): string {
  return basename(file, '.onnx')
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '-')
    .replace(/^[^a-z]+/, '')
    .replace(/-$/, '')
}

async function indexIn(folder: string): Promise<ModelIndex | undefined> {
  if ((await readFile(join(folder, 'models.json')).catch(absent)) === undefined) return undefined
  return await readModelIndex(folder)
}

async function extended(
  folder: string,
  before: ModelIndex | undefined,
  entry: ModelEntry,
  { plans, alone }: Addition,
): Promise<ModelIndex> {
  const all = await listModels(before ? { own: folder } : {})
  if ([...all.models, ...all.refiners].some(({ name }) => name === entry.name))
    throw new Error(`there is a model named ${entry.name} already: choose another with --name`)
  const stranger = plans.find(one => !entry.columns.includes(one))
  if (stranger) throw new Error(`it cannot plan ${stranger}, which it does not look for`)
  const planned = plans.map(one => [one, alone ? [entry.name] : [...all.plan[one], entry.name]])
  return {
    models: [...(before?.models ?? []), entry],
    refiners: before?.refiners ?? [],
    plan: { ...before?.plan, ...Object.fromEntries(planned) },
  }
}

/** Under its name only when it is whole, and never over another file. */
async function placeModel(path: string, bytes: Uint8Array): Promise<void> {
  const part = `${path}.${randomUUID()}.part`
  try {
    await createFile(part, 0o644, [bytes])
    await link(part, path).catch(async error => {
      if (!isErrno(error, 'EEXIST')) throw error
      if (Buffer.compare(await readFile(path), bytes) !== 0)
        throw new Error(`${path} is another file, which no models.json names: see what it is`)
    })
  } finally {
    await rm(part, { force: true })
  }
}

async function replaceIndex(folder: string, index: ModelIndex): Promise<void> {
  const path = join(folder, 'models.json')
  const part = `${path}.${randomUUID()}.part`
  try {
    await createFile(part, 0o644, [Buffer.from(`${JSON.stringify(index, null, 2)}\n`)])
    await rename(part, path)
    await syncFolder(folder)
  } finally {
    await rm(part, { force: true })
  }
}

function absent(error: unknown): undefined {
  if (!isErrno(error, 'ENOENT')) throw error
}
