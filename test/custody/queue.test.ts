import { describe, expect, test } from 'vitest'
import { createQueue, type QueueOptions } from '../../service/custody/queue.ts'
import { makeRecorded } from '../../service/custody/recorded.ts'
import { type ActKey, keyOf, type Sequenced } from '../../service/custody/sequence.ts'
import { LedgerCorrupt, LedgerUnavailable } from '../../service/custody/unavailable.ts'

const act = (n: number): ActKey => ({ req: String(n), ev: 'hold.placed' })

/** A flush that the test lets go, one call at a time. */
function heldQueue(options: Partial<QueueOptions> = {}) {
  const calls: { acts: readonly ActKey[]; answer: (sequenced: Sequenced) => void; fail: (error: Error) => void }[] = []
  const flush = (acts: readonly ActKey[]) => {
    const { promise, resolve, reject } = Promise.withResolvers<Sequenced>()
    calls.push({ acts, answer: resolve, fail: reject })
    return promise
  }
  return { calls, queue: createQueue({ flush, maxWaiting: 4, deadlineMs: 60_000, ...options }) }
}

function numbered(acts: readonly ActKey[], more = false): Sequenced {
  const fields = { index: 0, chain: '', seq: 1, leafHash: '', time: '' }
  return { recorded: new Map(acts.map(each => [keyOf(each), makeRecorded({ ...fields, ...each })])), more }
}

const settled = () => new Promise(resolve => setImmediate(resolve))

describe('the queue', () => {
  test('flushes what gathered during a flush together, one flush at a time', async () => {
    const { calls, queue } = heldQueue()
    const first = queue.recorded(act(1))
    const rest = Promise.all([queue.recorded(act(2)), queue.recorded(act(3))])
    expect(calls.map(call => call.acts)).toEqual([[act(1)]])
    calls[0]!.answer(numbered(calls[0]!.acts))
    expect((await first).req).toBe('1')
    await settled()
    expect(calls.map(call => call.acts)).toEqual([[act(1)], [act(2), act(3)]])
    calls[1]!.answer(numbered(calls[1]!.acts))
    expect((await rest).map(({ req }) => req)).toEqual(['2', '3'])
    const last = queue.recorded(act(4))
    expect(calls).toHaveLength(3)
    calls[2]!.answer(numbered([act(4)]))
    await last
  })

  test('fails everyone in a flush whose outcome is unknown, and goes on with the next', async () => {
    const { calls, queue } = heldQueue()
    const doomed = Promise.allSettled([queue.recorded(act(1))])
    const next = queue.recorded(act(2))
    calls[0]!.fail(new Error('connection lost'))
    expect(await doomed).toMatchObject([
      { status: 'rejected', reason: { name: 'LedgerUnavailable', cause: { message: 'connection lost' } } },
    ])
    calls[1]!.answer(numbered([act(2)]))
    expect((await next).req).toBe('2')
  })

  test('keeps an act waiting beyond a full batch, and tells one that was never committed', async () => {
    const { calls, queue } = heldQueue()
    const waiting = queue.recorded(act(1))
    calls[0]!.answer(numbered([], true))
    await settled()
    calls[1]!.answer(numbered([], false))
    await expect(waiting).rejects.toThrow(/not committed/)
  })

  test('turns acts away when too many wait, those in the running flush included', async () => {
    const { calls, queue } = heldQueue()
    const waiting = [1, 2, 3, 4].map(n => queue.recorded(act(n)))
    expect(() => queue.admit()).toThrow(LedgerUnavailable)
    await expect(queue.recorded(act(5))).rejects.toThrow(LedgerUnavailable)
    calls[0]!.answer(numbered([act(1)]))
    await settled()
    expect(() => queue.admit()).not.toThrow()
    calls[1]!.answer(numbered([2, 3, 4].map(act)))
    await Promise.all(waiting)
  })

  test('does not hang with a database that hangs', async () => {
    const { calls, queue } = heldQueue({ deadlineMs: 1 })
    await expect(queue.recorded(act(1))).rejects.toThrow(/in time/)
    await expect(queue.recorded(act(2))).rejects.toThrow(/in time/)
    calls[0]!.answer(numbered([act(1)]))
    await settled()
    expect(calls).toHaveLength(1)
  })

  test('stops for good when the database contradicts itself', async () => {
    const { calls, queue } = heldQueue()
    const doomed = Promise.allSettled([queue.recorded(act(1))])
    calls[0]!.fail(new LedgerCorrupt('the head row is gone'))
    await doomed
    expect(() => queue.admit()).toThrow('the head row is gone')
    await expect(queue.recorded(act(2))).rejects.toThrow(LedgerUnavailable)
    expect(calls).toHaveLength(1)
  })

  test('waits at its close for the flush that runs, and takes nothing more', async () => {
    const { calls, queue } = heldQueue()
    const last = queue.recorded(act(1))
    let closed = false
    const closing = queue.close().then(() => {
      closed = true
    })
    await expect(queue.recorded(act(2))).rejects.toThrow(LedgerUnavailable)
    await settled()
    expect(closed).toBe(false)
    calls[0]!.answer(numbered([act(1)]))
    await Promise.all([last, closing])
  })
})
