/** Sealed objects that no row names: an acquisition or a redaction that died between the store and its own transaction. */
import { newId } from '../custody/id.ts'
import { worker } from '../disclosure/derive.ts'
import { whoOf } from '../policy/judge.ts'
import { destroyUnlessNeeded, erasure } from './disposal.ts'
import { keepersOf } from './keepers.ts'
import { dayMs, instantOf, type Sweeper } from './sweeper.ts'
import type { SweepReport } from './tables.ts'

/** Whoever was cut off may try again this long, and finds the bytes there. */
const graceMs = dayMs
const pageSize = 200

export async function disposeOfUnneeded(sweeper: Sweeper): Promise<SweepReport> {
  const now = instantOf(sweeper)
  let destroyed = 0
  for (let after = ''; ; ) {
    const page = await sweeper.vault.livingObjects(after, pageSize)
    const last = page.at(-1)
    if (!last) return { destroyed }
    after = last.objectId
    const old = page.filter(object => now.getTime() - object.storedAt.getTime() > graceMs).map(object => object.clipRef)
    const keepers = await keepersOf(sweeper.db, old, now)
    for (const clipRef of old.filter(ref => !keepers.has(ref))) if (await destroy(sweeper, clipRef, now)) destroyed++
  }
}

/** It was never an exhibit, so it has no chain of its own. */
async function destroy(sweeper: Sweeper, clipRef: string, now: Date): Promise<boolean> {
  const { db, ledger, houseChain: chain } = sweeper
  const pol = { bundle: '', data: '', input: '', outcome: 'permit', reasons: ['object.unneeded'] }
  const staged = await db.transaction(async tx => {
    if (!(await destroyUnlessNeeded(sweeper, tx, clipRef, now))) return undefined
    const legal = { ...erasure(sweeper, [clipRef], now) }
    return ledger.stage(tx, { chain, req: newId(), ev: 'exhibit.disposed', who: whoOf(worker), pol, legal })
  })
  if (staged) await ledger.recorded(staged)
  return staged !== undefined
}
