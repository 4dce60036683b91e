/** Gathers who waits for a number while a flush runs, and flushes them together next: no timer, and no more than one flush at a time. */
import type { Recorded } from './recorded.ts'
import { type ActKey, keyOf, type Sequenced } from './sequence.ts'
import { LedgerCorrupt, LedgerUnavailable } from './unavailable.ts'

export interface QueueOptions {
  readonly flush: (acts: readonly ActKey[]) => Promise<Sequenced>
  readonly maxWaiting: number
  /** After this a waiting act fails, since a database that hangs must not hang its callers. */
  readonly deadlineMs: number
}

export interface Queue {
  /** Resolves once the act is numbered. Throws a LedgerUnavailable. */
  recorded(act: ActKey): Promise<Recorded>
  /** Throws a LedgerUnavailable when nothing more is taken. */
  admit(): void
  /** Takes nothing more and waits for the flush that runs. */
  close(): Promise<void>
}

interface Waiter {
  readonly act: ActKey
  readonly resolve: (recorded: Recorded) => void
  readonly reject: (error: Error) => void
}

export function createQueue({ flush, maxWaiting, deadlineMs }: QueueOptions): Queue {
  let waiting: Waiter[] = []
  let taken: Waiter[] = []
  let running: Promise<void> | undefined
  let stopped: LedgerUnavailable | undefined

  function admit(): void {
    if (stopped) throw new LedgerUnavailable(stopped.message, { cause: stopped })
    if (waiting.length + taken.length >= maxWaiting)
      throw new LedgerUnavailable(`${maxWaiting} acts are waiting already`)
  }

  async function recorded(act: ActKey): Promise<Recorded> {
    admit()
    const { promise, resolve, reject } = Promise.withResolvers<Recorded>()
    const waiter = { act, resolve, reject }
    const deadline = setTimeout(() => {
      waiting = waiting.filter(other => other !== waiter)
      reject(new LedgerUnavailable('the ledger did not answer in time'))
    }, deadlineMs)
    waiting.push(waiter)
    running ??= run()
    return promise.finally(() => clearTimeout(deadline))
  }

  async function run(): Promise<void> {
    while (waiting.length > 0) {
      taken = waiting
      waiting = []
      try {
        waiting = [...settle(taken, await flush(taken.map(waiter => waiter.act))), ...waiting]
      } catch (error) {
        if (error instanceof LedgerCorrupt) stopped = error
        fail(taken, error)
      }
      taken = []
    }
    // In the same turn as the last look at `waiting`, so that nobody can join a run that has ended.
    running = undefined
  }

  async function close(): Promise<void> {
    stopped ??= new LedgerUnavailable('the ledger is closed')
    await running
  }

  return { recorded, admit, close }
}

/** Who stays waiting: an act beyond a full batch. In a batch that was not full, an act that is not there was never committed. */
function settle(taken: readonly Waiter[], { recorded, more }: Sequenced): Waiter[] {
  return taken.filter(({ act, resolve, reject }) => {
    const found = recorded.get(keyOf(act))
    if (found) resolve(found)
    else if (!more) reject(new LedgerUnavailable('the act was not committed, so it is not recorded'))
    return !found && more
  })
}

/** The outcome may be unknown, so nobody is told that nothing happened: a retry of the same act finds out. */
function fail(taken: readonly Waiter[], cause: unknown): void {
  for (const { reject } of taken) reject(new LedgerUnavailable('the ledger could not record this', { cause }))
}
