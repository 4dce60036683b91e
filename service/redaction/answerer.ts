import { Worker } from 'node:worker_threads'
import type { Reply } from './processes.ts'

/**
 * The networks ask for memory in blocks of many sizes, of which the C library keeps ever more. So a worker's life ends after so much
 * processor time, of which a start costs a thirtieth.
 */
const usualLifeMs = 20_000

/**
 * The other end of processes.ts, to be called once by the program: `open` is given the greeting and makes what answers
 * questions, one after another. What either throws is a fault, and the process ends with whoever started it, even inside an
 * answer.
 */
export function answerQuestions<G, Q, A>(
  open: (greeting: G) => Promise<(question: Q) => Promise<A>>,
  lifeMs = usualLifeMs,
): void {
  new Worker(new URL('./watch-parent.ts', import.meta.url), { workerData: Number(process.argv[2]) }).unref()
  let opened: Promise<(question: Q) => Promise<A>> | undefined
  let started: NodeJS.CpuUsage | undefined

  async function reply(message: unknown): Promise<Reply<A> | undefined> {
    try {
      if (opened) return { answer: await (await opened)(message as Q), last: spentMs(started) >= lifeMs }
      opened = open(message as G)
      await opened
      started = process.cpuUsage()
      return undefined
    } catch (fault) {
      return { fault }
    }
  }
  process.on('message', async message => {
    const replied = await reply(message)
    if (replied) process.send!(replied)
  })
  process.on('disconnect', () => process.exit())
}

function spentMs(since: NodeJS.CpuUsage | undefined): number {
  const { user, system } = process.cpuUsage(since)
  return (user + system) / 1000
}
