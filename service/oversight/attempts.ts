/** Attempts without a valid identity are counted, one entry a minute and reason, so that nobody can flood the ledger. */
import { createHash } from 'node:crypto'
import { canonicalJson } from '../custody/canonical.ts'
import { newId } from '../custody/id.ts'
import type { Ledger } from '../custody/ledger.ts'

export interface AttemptCounter extends AsyncDisposable {
  /** Never throws and never waits. */
  count(reason: string): void
}

const who = { subject: 'unidentified', organisation: 'unidentified', credential: 'none' }

export function countAttempts(
  ledger: Ledger,
  houseChain: string,
  log: (error: unknown) => void,
  periodMs = 60_000,
): AttemptCounter {
  let counts = new Map<string, number>()
  let since = new Date()
  const flush = async () => {
    const [taken, from] = [counts, since]
    counts = new Map()
    since = new Date()
    for (const [reason, count] of taken) {
      const record = canonicalJson({ reason, count, from: from.toISOString(), to: since.toISOString() })
      const obj = {
        sha256: createHash('sha256').update(record).digest('hex'),
        len: record.length,
        role: 'attempt' as const,
      }
      const pol = { bundle: '', data: '', input: '', outcome: 'refuse', reasons: [reason, `count.${count}`] }
      try {
        await ledger.append({ chain: houseChain, req: newId(), ev: 'access.refused', who, obj, pol })
      } catch (error) {
        // Not lost: it joins the next minute's count.
        counts.set(reason, (counts.get(reason) ?? 0) + count)
        log(error)
      }
    }
  }
  const timer = setInterval(() => void flush(), periodMs)
  timer.unref()
  return {
    count: reason => void counts.set(reason, (counts.get(reason) ?? 0) + 1),
    async [Symbol.asyncDispose]() {
      clearInterval(timer)
      await flush()
    },
  }
}
