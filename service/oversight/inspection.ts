/** Finds what is missing, changed, unlocked or no longer held in the store within a day, and records it on the chains it belongs to. */
import { newId } from '../custody/id.ts'
import { worker } from '../disclosure/derive.ts'
import { whoOf } from '../policy/judge.ts'
import type { Fault } from '../vault/vault.ts'
import { keepersOf } from './keepers.ts'
import { alert, dayMs, instantOf, type Sweeper } from './sweeper.ts'
import type { SweepReport } from './tables.ts'

/** In one run; at a run each quarter of an hour a terabyte takes some ten days. */
const rereadBytes = 1_000_000_000

export async function inspectStored(sweeper: Sweeper): Promise<SweepReport> {
  const { options, faults } = looking(sweeper)
  const { inspected, unreached, error } = await sweeper.vault.inspect(options)
  if (unreached > 0) throw new Error(`${unreached} objects could not be asked after`, { cause: error })
  return { inspected, faults: faults.count }
}

/** The slow half: a server that says an object is there may still have lost bytes of it. */
export async function rereadStored(sweeper: Sweeper): Promise<SweepReport> {
  const { options, faults } = looking(sweeper)
  const { inspected, unreached, bytes, error } = await sweeper.vault.reread({ ...options, mostBytes: rereadBytes })
  if (unreached > 0) throw new Error(`${unreached} objects could not be read`, { cause: error })
  return { reread: inspected, bytes, faults: faults.count }
}

function looking(sweeper: Sweeper) {
  const now = instantOf(sweeper)
  const faults = { count: 0 }
  const onFault = async (fault: Fault) => {
    faults.count++
    alert(sweeper, 'integrity.failed', { clipRef: fault.clipRef, what: fault.what })
    await record(sweeper, fault, now)
  }
  return { faults, options: { now, before: new Date(now.getTime() - dayMs), onFault } }
}

/** The row knows of the fault exactly when its entries exist. */
async function record({ db, ledger, houseChain }: Sweeper, fault: Fault, now: Date): Promise<void> {
  const keeper = (await keepersOf(db, [fault.clipRef], now)).get(fault.clipRef)
  const chains = keeper?.exhibits.map(exhibit => exhibit.chain) ?? [houseChain]
  const pol = { bundle: '', data: '', input: '', outcome: 'refuse', reasons: [`object.${fault.what}`] }
  const staged = await db.transaction(async tx => {
    await fault.note(tx)
    return await Promise.all(
      chains.map(chain => ledger.stage(tx, { chain, req: newId(), ev: 'integrity.failed', who: whoOf(worker), pol })),
    )
  })
  for (const each of staged) await ledger.recorded(each)
}
