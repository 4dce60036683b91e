import { fileURLToPath } from 'node:url'
import type { Finding, Picture } from './detector.ts'
import type { Lens } from './onnx-detector.ts'
import { openProcesses } from './processes.ts'

export interface WorkerPool extends AsyncDisposable {
  /**
   * Resolves once a worker has taken the picture, which the caller may then overwrite; the answer comes as a second promise.
   * Both reject as soon as any worker has failed: a pool with a fault finds nothing any more.
   */
  submit(picture: Picture): Promise<{ readonly findings: Promise<Finding[]> }>
}

export interface PoolOptions {
  /** A worker that looks at one picture for longer than this hangs, and the pool has a fault. Two minutes where absent. */
  pictureMs?: number | undefined
  signal?: AbortSignal | undefined
}

const program = fileURLToPath(new URL('./detect-worker.ts', import.meta.url))

/** Starts `workers` processes, each with its own sessions of the models, which it is sent as the bytes that were checked. */
export function openPool(
  lenses: readonly Lens[],
  workers: number,
  { pictureMs: answerMs, signal }: PoolOptions = {},
): WorkerPool {
  const processes = openProcesses<Picture, Finding[]>(program, lenses, workers, { answerMs, signal })
  return {
    submit: async picture => ({ findings: (await processes.submit(picture)).answer }),
    [Symbol.asyncDispose]: () => processes[Symbol.asyncDispose](),
  }
}
