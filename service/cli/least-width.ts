/** `--least-width`: what is narrower than so many pixels is covered as something that nobody can tell. Policy data says how many where the option does not. */
import { detectorClass } from '../redaction/plan.ts'
import type { LeastWidthPx } from '../redaction/plan-tracks.ts'
import { policyData, UsageError } from './plan-args.ts'

export const leastWidthHelp = `--least-width LIST   what is nowhere so many pixels wide is covered as something that nobody can tell, and the second look
                       says so of what it sees: face=N,plate=N, or one of them (default: as policies/data/release.json says)`

/** Throws UsageError. */
export function parseLeastWidth(value: string | undefined): LeastWidthPx {
  if (value === undefined) return {}
  return Object.fromEntries(
    value.split(',').map(pair => {
      const [, name, pixels] = /^(\w+)=(\d{1,3})$/.exec(pair.trim()) ?? []
      const known = detectorClass.safeParse(name)
      if (!known.success) throw new UsageError(`--least-width takes face=N,plate=N, not '${pair}'`)
      return [known.data, Number(pixels)]
    }),
  )
}

/** What was given, and for the rest what policy data says. */
export async function withPolicy(given: LeastWidthPx): Promise<LeastWidthPx> {
  return { ...(await policyData()).release.leastWidthPx, ...given }
}
