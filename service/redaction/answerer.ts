import { readSync } from 'node:fs'
import { Worker } from 'node:worker_threads'
import { bytesPipe, type Parcel, unpacked } from './parcel.ts'
import type { Reply } from './processes.ts'

/**
 * The C library keeps ever more of what the networks ask for in blocks of many sizes (docs/benchmarks.md). So a worker's life
 * ends after so much processor time, of which a start costs a hundredth.
 */
const usualLifeMs = 60_000

/**
 * The other end of processes.ts, to be called once by the program: `open` is given the greeting and makes what answers
 * questions, one after another; the bytes of a question are overwritten by those of the next. What either throws is a fault,
 * and the process ends with whoever started it, even inside an answer.
 */
export function answerQuestions<G, Q, A>(
  open: (greeting: G) => Promise<(question: Q) => Promise<A>>,
  lifeMs = usualLifeMs,
): void {
  new Worker(new URL('./watch-parent.ts', import.meta.url), { workerData: Number(process.argv[2]) }).unref()
  let opened: Promise<(question: Q) => Promise<A>> | undefined
  let started: NodeJS.CpuUsage | undefined
  /** Those of questions, used again: fresh ones of megabytes for each cost time and memory. */
  let kept = new Uint8Array()

  async function reply(message: Parcel): Promise<Reply<A> | undefined> {
    try {
      const length = message.lengths.reduce((sum, each) => sum + each, 0)
      if (opened) {
        if (kept.length < length) kept = new Uint8Array(length)
        const question = unpacked(message, readBytes(kept.subarray(0, length))) as Q
        return { answer: await (await opened)(question), last: spentMs(started) >= lifeMs }
      }
      opened = open(unpacked(message, readBytes(new Uint8Array(length))) as G)
      await opened
      started = process.cpuUsage()
      return undefined
    } catch (fault) {
      return { fault }
    }
  }
  process.on('message', async message => {
    const replied = await reply(message as Parcel)
    if (replied) process.send!(replied)
  })
  process.on('disconnect', () => process.exit())
}

/** Fills the buffer, and waits for what is under way. */
function readBytes(buffer: Uint8Array): Uint8Array {
  for (let at = 0; at < buffer.length; ) {
    const read = readSync(bytesPipe, buffer, at, buffer.length - at, null)
    // Whoever asked is gone.
    if (read === 0) process.exit()
    at += read
  }
  return buffer
}

function spentMs(since: NodeJS.CpuUsage | undefined): number {
  const { user, system } = process.cpuUsage(since)
  return (user + system) / 1000
}
