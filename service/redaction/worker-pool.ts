import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import { silenceOnnxRuntime } from '../config.ts'
import type { Answer } from './detect-worker.ts'
import type { Finding, Picture } from './detector.ts'
import type { Layout } from './layout.ts'
import type { Lens } from './onnx-detector.ts'

export interface WorkerPool extends AsyncDisposable {
  /**
   * Resolves once a thread has taken the picture, whose bytes are then gone from here; the answer comes as a second promise.
   * Both reject as soon as any thread has failed: a pool with a fault finds nothing any more.
   */
  submit(picture: Picture): Promise<{ readonly findings: Promise<Finding[]> }>
}

/** Starts `workers` threads, each with its own sessions. onnxruntime blocks the thread it runs on, hence the threads. */
export function openPool(lenses: readonly Lens[], layout: Layout, workers: number): WorkerPool {
  silenceOnnxRuntime()
  const free: Worker[] = []
  const waiting: PromiseWithResolvers<Worker>[] = []
  const asked = new Map<Worker, PromiseWithResolvers<Finding[]>>()
  let fault: unknown

  function fail(reason: unknown): void {
    fault ??= reason
    for (const { reject } of [...waiting.splice(0), ...asked.values()]) reject(fault)
    asked.clear()
  }

  function hear(thread: Worker, answer: Answer): void {
    if ('fault' in answer) {
      fail(answer.fault)
      return
    }
    asked.get(thread)?.resolve(answer.findings)
    asked.delete(thread)
    const next = waiting.shift()
    if (next) next.resolve(thread)
    else free.push(thread)
  }

  const ended: Promise<unknown>[] = []
  const threads = Array.from({ length: workers }, () => {
    const thread = new Worker(new URL('./detect-worker.ts', import.meta.url), { workerData: { lenses, layout } })
    thread.on('message', (answer: Answer) => hear(thread, answer))
    thread.on('error', fail)
    thread.on('exit', code => fail(new Error(`a detector thread ended with ${code}`)))
    ended.push(once(thread, 'exit').catch(() => {}))
    return thread
  })
  free.push(...threads)

  return {
    async submit(picture) {
      if (fault) throw fault
      let thread = free.pop()
      if (!thread) {
        const turn = Promise.withResolvers<Worker>()
        waiting.push(turn)
        thread = await turn.promise
      }
      const question = Promise.withResolvers<Finding[]>()
      question.promise.catch(() => {})
      asked.set(thread, question)
      thread.postMessage(picture, [picture.planes.buffer as ArrayBuffer])
      return { findings: question.promise }
    },
    /** Waits for the pictures under way: a thread that is terminated inside onnxruntime takes the whole process with it. */
    async [Symbol.asyncDispose]() {
      for (const thread of threads) thread.postMessage('end')
      await Promise.all(ended)
    },
  }
}
