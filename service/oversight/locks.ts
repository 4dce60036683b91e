/** Lengthens locks well before they end, while policy or a hold keeps an exhibit, and brings the store's holds to what is in force. */
import { concurrently } from '../concurrently.ts'
import { IntegrityFailed, type LivingObject } from '../vault/vault.ts'
import { endOfKeeping, type Keeper, keepersOf } from './keepers.ts'
import { dayMs, instantOf, type Sweeper } from './sweeper.ts'
import type { SweepReport } from './tables.ts'

const pageSize = 200
/** Questions to the store that wait for its answers together. */
const atOnce = 8

/** One object that cannot be reached keeps no other from its lock, and a region that is away none of another region: the step fails at its end. */
export async function keepLocks(sweeper: Sweeper): Promise<SweepReport> {
  const report = { looked: 0, lengthened: 0, held: 0, released: 0, missing: 0 }
  const failures = new Map<string, number>()
  let error: unknown
  for (let after = ''; ; ) {
    const page = await sweeper.vault.livingObjects(after, pageSize)
    const last = page.at(-1)
    if (!last) break
    after = last.objectId
    const refs = page.map(object => object.clipRef)
    const keepers = await keepersOf(sweeper.db, refs, instantOf(sweeper))
    await concurrently(page, atOnce, async object => {
      report.looked++
      const keeper = keepers.get(object.clipRef)
      const before = failures.get(object.region) ?? 0
      if (!keeper || before >= atOnce) return
      try {
        await bring(sweeper, object, keeper, report)
      } catch (cause) {
        // The inspection records it.
        if (cause instanceof IntegrityFailed) report.missing++
        else {
          failures.set(object.region, before + 1)
          error ??= cause
        }
      }
    })
  }
  if (failures.size > 0) throw new Error(`objects in ${[...failures.keys()]} could not be reached`, { cause: error })
  return report
}

async function bring(
  sweeper: Sweeper,
  object: LivingObject,
  { exhibits, held }: Keeper,
  report: { lengthened: number; held: number; released: number },
): Promise<void> {
  const { lockDays } = sweeper.policy.matrices.retention
  const end = endOfKeeping(sweeper, exhibits, lockDays)
  const until = longerLock(object.retainUntil, end, instantOf(sweeper), lockDays * dayMs)
  const turned = held !== object.held
  if (!until && !turned) return
  await sweeper.vault.keep(object.clipRef, { ...(until && { until }), ...(turned && { held }) })
  if (until) report.lengthened++
  if (turned) report[held ? 'held' : 'released']++
}

/**
 * `end`: when nobody needs it any more; undefined when that is not in sight. Undefined while more than half a lock is left, so that a sweep
 * which is dead for days does no harm. A lock never goes beyond that end.
 */
export function longerLock(ends: Date, end: Date | undefined, now: Date, lockMs: number): Date | undefined {
  if (ends.getTime() - now.getTime() > lockMs / 2) return undefined
  const longest = now.getTime() + lockMs
  const wanted = new Date(end ? Math.min(longest, end.getTime()) : longest)
  return wanted > ends && wanted > now ? wanted : undefined
}
