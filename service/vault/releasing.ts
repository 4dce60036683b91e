import { Problem } from '../http/problem.ts'

/**
 * A stream that holds a secret until it has ended, failed or been broken off, and that lets go of it as well when nobody ever begins to read:
 * a generator that is never started never runs its `finally`. Begun after `patienceMs`, it throws Problem `unavailable`.
 */
export function releasing<T>(
  pieces: AsyncGenerator<T, void, undefined>,
  release: () => void,
  patienceMs = 60_000,
): AsyncIterableIterator<T, void, undefined> {
  let [begun, released] = [false, false]
  const end = () => {
    clearTimeout(timer)
    if (!released) release()
    released = true
  }
  const timer = setTimeout(end, patienceMs).unref()
  return {
    [Symbol.asyncIterator]() {
      return this
    },
    async next() {
      if (released && !begun) {
        throw new Problem('unavailable', { cause: new Error('nobody read for too long'), retryAfterSeconds: 1 })
      }
      clearTimeout(timer)
      begun = true
      try {
        const piece = await pieces.next()
        if (piece.done) end()
        return piece
      } catch (error) {
        end()
        throw error
      }
    },
    async return() {
      begun = true
      try {
        return await pieces.return()
      } finally {
        end()
      }
    },
  }
}
