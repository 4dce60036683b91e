/**
 * Workers in processes of their own. onnxruntime blocks whoever runs it, and a thread inside it can be neither ended nor
 * outlived; a process that hangs, crashes or is no longer wanted is killed, and costs its job and nothing else.
 */
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import type { Writable } from 'node:stream'
import { bytesPipe, packed } from './parcel.ts'

export interface Processes<Q, A> extends AsyncDisposable {
  /**
   * Resolves once a worker has taken the question, whose bytes the caller may then overwrite; the answer comes as a second
   * promise. Both reject as soon as any worker has failed: processes with a fault answer nothing any more.
   */
  submit(question: Q): Promise<{ readonly answer: Promise<A> }>
}

export interface ProcessOptions {
  /** A worker that thinks about one question for longer than this hangs. */
  answerMs?: number | undefined
  /** Aborting is a fault like any other: the workers are killed, and whoever waits is told the signal's reason. */
  signal?: AbortSignal | undefined
}

/** What a worker sends back: one for each question, or a fault at any time. After its last answer a fresh one takes its place. See answerer.ts. */
export type Reply<A> = { readonly answer: A; readonly last: boolean } | { readonly fault: unknown }

/** A worker hung, died, or was asked after the end. */
export class WorkerLost extends Error {
  override readonly name = 'WorkerLost'
}

/** Thousands of times what an answer takes, and still an end. */
const usualAnswerMs = 120_000
/** The limit is counted in beats, so that time in which we were stopped ourselves (Ctrl-Z, a frozen container) is not held against a worker. */
const beats = 20
/** Nothing of our environment, which holds secrets; and onnxruntime reports to its maker unless it is told not to. */
const environment = {
  ORT_DISABLE_TELEMETRY: '1',
  // glibc would keep a heap for each thread, of which only one does the work; other C libraries do not know the name.
  MALLOC_ARENA_MAX: '1',
}
const saidBytes = 2048

interface Seat<A> {
  readonly worker: ChildProcess
  readonly ended: Promise<unknown>
  /** Another has its place, and its end is no fault. */
  followed: boolean
  asked?: { readonly answer: PromiseWithResolvers<A>; beats: number } | undefined
}

/** Starts `count` processes of the program (the path of a module), each of which is told `greeting` before its first question. */
export function openProcesses<Q, A>(
  program: string,
  greeting: unknown,
  count: number,
  { answerMs = usualAnswerMs, signal }: ProcessOptions = {},
): Processes<Q, A> {
  const waiting: PromiseWithResolvers<Seat<A>>[] = []
  const seats = new Set<Seat<A>>()
  let fault: unknown

  function fail(reason: unknown): void {
    fault ??= reason
    for (const { reject } of waiting.splice(0)) reject(fault)
    for (const seat of seats) {
      seat.asked?.answer.reject(fault)
      seat.asked = undefined
      // Without a number, which a process that could not be started lacks, Node would signal any.
      if (seat.worker.pid !== undefined) seat.worker.kill('SIGKILL')
    }
  }

  function hear(seat: Seat<A>, reply: Reply<A>): void {
    if ('fault' in reply) {
      fail(reply.fault)
      return
    }
    seat.asked?.answer.resolve(reply.answer)
    seat.asked = undefined
    if (fault) return
    try {
      const ready = reply.last ? follow(seat) : seat
      const next = waiting.shift()
      if (next) next.resolve(ready)
      else free.push(ready)
    } catch (error) {
      // No memory for a fresh one: that costs the job, and nothing else.
      fail(error)
    }
  }

  function follow(seat: Seat<A>): Seat<A> {
    seat.followed = true
    seat.worker.kill('SIGKILL')
    return start()
  }

  /** Resolves once the bytes have left our memory, or the worker has ended, of which `close` tells. */
  async function tell({ worker }: Seat<A>, message: unknown): Promise<void> {
    // It could not be started, of which `error` is about to tell.
    if (worker.pid === undefined) return
    const { parcel, bytes } = packed(message)
    worker.send(parcel, error => error && fail(error))
    // All of them are queued at once: the bytes of the next message must not come between.
    const pipe = worker.stdio[bytesPipe] as Writable
    await Promise.all(bytes.map(each => new Promise<void>(resolve => pipe.write(each, () => resolve()))))
  }

  function start(): Seat<A> {
    // Whom it dies with: by the time it could ask, we may be gone.
    const worker = fork(program, [String(process.pid)], {
      env: environment,
      execArgv: ['--disable-warning=ExperimentalWarning'],
      serialization: 'advanced',
      stdio: ['ignore', 'ignore', 'pipe', 'ipc', 'pipe'],
    })
    const ended = once(worker, 'close').catch(() => {})
    const seat: Seat<A> = { worker, ended, followed: false }
    seats.add(seat)
    let said = ''
    worker.on('error', error => seat.followed || fail(error))
    if (worker.pid === undefined) return seat
    // Cut off by the worker's end.
    worker.stdio[bytesPipe]?.on('error', () => {})
    worker.on('message', (reply: Reply<A>) => hear(seat, reply))
    worker.stderr?.setEncoding('utf8').on('data', (text: string) => {
      said = (said + text).slice(-saidBytes)
    })
    worker.on('close', (code, signal) => {
      if (seat.followed) seats.delete(seat)
      else fail(new WorkerLost(`a worker ended with ${signal ?? code}: ${said}`))
    })
    tell(seat, greeting).catch(fail)
    return seat
  }

  function beat(): void {
    for (const { asked } of seats) {
      if (asked && ++asked.beats > beats) fail(new WorkerLost(`a worker gave no answer for ${answerMs} ms`))
    }
  }

  const free: Seat<A>[] = []
  try {
    while (free.length < count) free.push(start())
  } catch (error) {
    fail(error)
  }
  const pulse = setInterval(beat, answerMs / beats)
  const abort = () => fail(signal?.reason)
  signal?.addEventListener('abort', abort)
  if (signal?.aborted) abort()

  return {
    async submit(question) {
      if (fault) throw fault
      let seat = free.pop()
      if (!seat) {
        const turn = Promise.withResolvers<Seat<A>>()
        waiting.push(turn)
        seat = await turn.promise
      }
      const answer = Promise.withResolvers<A>()
      answer.promise.catch(() => {})
      seat.asked = { answer, beats: 0 }
      await tell(seat, question).catch(fail)
      return { answer: answer.promise }
    },
    async [Symbol.asyncDispose]() {
      clearInterval(pulse)
      signal?.removeEventListener('abort', abort)
      fail(new WorkerLost('the workers were sent home'))
      await Promise.all([...seats].map(({ ended }) => ended))
    },
  }
}
