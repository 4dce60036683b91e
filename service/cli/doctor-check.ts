/** What a check of `custos doctor` answers. */
import { setTimeout as delay } from 'node:timers/promises'

export type State = 'ok' | 'warn' | 'FAIL'

export interface Finding {
  readonly name: string
  readonly state: State
  /** What was found. */
  readonly says: string
  /** What to do about it. */
  readonly mend?: string
}

/** What a check knows when it does not yet know its name. */
export type Answer = Omit<Finding, 'name'>

export interface Check {
  readonly name: string
  /** Changes nothing. Whatever it throws is a finding too. */
  run(): Promise<Answer>
}

export const ok = (says: string): Answer => ({ state: 'ok', says })
export const warn = (says: string, mend: string): Answer => ({ state: 'warn', says, mend })
export const fail = (says: string, mend: string): Answer => ({ state: 'FAIL', says, mend })

const patienceMs = 20_000

/** A check that throws, or does not come back, has failed. */
export async function runCheck({ name, run }: Check): Promise<Finding> {
  const patience = new AbortController()
  const late = delay(patienceMs, undefined, { signal: patience.signal }).then(
    () => fail(`no answer within ${patienceMs / 1000} s`, 'see whether it can be reached from here'),
    () => fail('', ''),
  )
  const answer = await Promise.race([run().catch(broken), late])
  patience.abort()
  return { name, ...answer }
}

/** The chain of causes, which is where the driver says what happened. */
function broken(error: unknown): Answer {
  const trail: string[] = []
  for (let e = error; e instanceof Error && trail.length < 4; e = e.cause) {
    const text = (e.message || String((e as { code?: unknown }).code ?? e.name)).split('\n')[0]!
    if (!/^Failed query/.test(text) && !trail.includes(text)) trail.push(text)
  }
  return { state: 'FAIL', says: trail.join(': ') || String(error) }
}

/** Two clocks: locks and token lifetimes rest on their agreeing. */
export function judgeSkew(says: string, skewMs: number | undefined, whose: string): Answer {
  if (skewMs === undefined) return ok(says)
  const skew = `${says}; its clock is ${Math.abs(skewMs / 1000).toFixed(1)} s ${skewMs < 0 ? 'behind' : 'ahead of'} ours`
  const mend = `set both clocks by NTP; locks end by ${whose}`
  if (Math.abs(skewMs) > 300_000) return fail(skew, mend)
  return Math.abs(skewMs) > 10_000 ? warn(skew, mend) : ok(Math.abs(skewMs) > 1_500 ? skew : says)
}
