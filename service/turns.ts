/** Places behind a name: at most `width` pieces of work are inside at once, the others wait in the order in which they came. */

/** Waited longer than it may, so that whoever holds the place hangs nobody else for ever. */
export class TurnTimedOut extends Error {
  override readonly name = 'TurnTimedOut'
}

export type Turns = <T>(name: string, work: () => Promise<T>) => Promise<T>

/** Waiting, not working, ends after `waitMs`, as a TurnTimedOut. Work that waits for its own name waits in vain. */
export function makeTurns(width: number, waitMs: number): Turns {
  const gates = new Map<string, { inside: number; waiting: (() => void)[] }>()

  return async function takeTurn(name, work) {
    const gate = gates.get(name) ?? { inside: 0, waiting: [] }
    gates.set(name, gate)
    if (gate.inside < width) gate.inside++
    else await waitIn(gate.waiting, waitMs)
    try {
      return await work()
    } finally {
      // Whoever leaves hands the place on, so that nobody who comes in between can take it.
      const next = gate.waiting.shift()
      if (next) next()
      else if (--gate.inside === 0) gates.delete(name)
    }
  }
}

function waitIn(waiting: (() => void)[], waitMs: number): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  const enter = () => {
    clearTimeout(deadline)
    resolve()
  }
  const deadline = setTimeout(() => {
    waiting.splice(waiting.indexOf(enter), 1)
    reject(new TurnTimedOut(`no turn within ${waitMs / 1000} s`))
  }, waitMs)
  waiting.push(enter)
  return promise
}
