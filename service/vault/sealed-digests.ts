/**
 * SHA-256 and MD5 of sealed bytes, on a thread of their own: together they cost more than sealing does. One thread serves the process,
 * starts with the first body that is worth it, and keeps the process alive only while it has work.
 */
import { createHash } from 'node:crypto'
import { Worker } from 'node:worker_threads'

export interface Asked {
  readonly body: number
  readonly piece?: Uint8Array
  readonly end?: 'whole' | 'dropped'
}

export interface Told {
  readonly body: number
  /** Lowercase hex, in the answer to the end. */
  readonly sha256?: string
  readonly md5?: string
}

export interface SealedDigests {
  /** Takes the piece over: whoever gave it does not look at it again. Waits while the thread is far behind. */
  update(piece: Buffer): Promise<void>
  /** Lowercase hex. */
  finish(): Promise<{ sha256: string; md5: string }>
  /** After `finish`, or instead of it. */
  drop(): void
}

/** A body shorter than this is digested where it is. */
const worthIt = 2 * 1_048_576
/** Pieces that the thread has not answered for; each is a segment at most. */
const mostBehind = 8

export function digestSealed(): SealedDigests {
  const first: Buffer[] = []
  let len = 0
  let away: ReturnType<typeof handOver> | undefined
  return {
    async update(piece) {
      len += piece.length
      if (!away) {
        first.push(piece)
        if (len < worthIt) return
        away = handOver()
        for (const kept of first.splice(0)) await away.give(kept)
      } else await away.give(piece)
    },
    async finish() {
      if (away) return await away.finish()
      const digest = (algorithm: string) => {
        const hash = createHash(algorithm)
        for (const piece of first) hash.update(piece)
        return hash.digest('hex')
      }
      return { sha256: digest('sha256'), md5: digest('md5') }
    },
    drop: () => away?.drop(),
  }
}

interface Thread {
  readonly worker: Worker
  readonly bodies: Map<number, { told(answer: Told): void; failed(error: Error): void }>
}

let thread: Thread | undefined
let bodyCount = 0

function startThread(): Thread {
  const worker = new Worker(new URL('./digest-worker.ts', import.meta.url))
  const started: Thread = { worker, bodies: new Map() }
  const fail = (error: Error) => {
    if (thread === started) thread = undefined
    for (const { failed } of started.bodies.values()) failed(error)
  }
  worker.on('message', (answer: Told) => started.bodies.get(answer.body)?.told(answer))
  worker.on('error', fail)
  worker.on('exit', () => fail(new Error('the digest thread has ended')))
  return started
}

function handOver() {
  thread ??= startThread()
  const { worker, bodies } = thread
  const body = ++bodyCount
  const done = Promise.withResolvers<{ sha256: string; md5: string }>()
  done.promise.catch(() => {})
  let behind = 0
  let room: PromiseWithResolvers<void> | undefined
  bodies.set(body, {
    told({ sha256, md5 }) {
      behind--
      room?.resolve()
      if (sha256 !== undefined && md5 !== undefined) done.resolve({ sha256, md5 })
    },
    failed(error) {
      done.reject(error)
      room?.reject(error)
    },
  })
  worker.ref()
  const ask = (asked: Omit<Asked, 'body'>, ...moved: ArrayBuffer[]) => {
    behind++
    worker.postMessage({ body, ...asked } satisfies Asked, moved)
  }
  return {
    async give(piece: Buffer) {
      // What lies in memory of its own is moved and not copied.
      const own = piece.byteLength === piece.buffer.byteLength && piece.buffer instanceof ArrayBuffer
      ask({ piece }, ...(own ? [piece.buffer as ArrayBuffer] : []))
      while (behind >= mostBehind) {
        room = Promise.withResolvers()
        await Promise.race([room.promise, done.promise])
      }
    },
    async finish() {
      ask({ end: 'whole' })
      return await done.promise
    },
    drop() {
      if (!bodies.delete(body)) return
      worker.postMessage({ body, end: 'dropped' } satisfies Asked)
      if (bodies.size === 0) worker.unref()
    },
  }
}
