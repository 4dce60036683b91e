/** Once a day the whole store is listed and held against the rows, region by region. */
import { alert, dayMs, instantOf, type Sweeper } from './sweeper.ts'
import type { SweepReport } from './tables.ts'

export async function removeStrangers(sweeper: Sweeper): Promise<SweepReport> {
  const before = new Date(instantOf(sweeper).getTime() - dayMs)
  const report = { removed: 0, locked: 0 }
  let error: unknown
  for (const region of sweeper.regions) {
    try {
      const found = await sweeper.vault.removeStrangers(region, before)
      if (found.removed + found.locked > 0) alert(sweeper, 'vault.strangers', { region, ...found })
      report.removed += found.removed
      report.locked += found.locked
    } catch (cause) {
      error ??= cause
    }
  }
  if (error) throw error
  return report
}
