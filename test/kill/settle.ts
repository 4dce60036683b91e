/** What is left to time after a crash is done here at once: recovery, the queue's second try, the sweeps of the next days. Then all is checked. */
import { readdir } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { inArray, sql } from 'drizzle-orm'
import { fromPglite, PgBoss } from 'pg-boss'
import { derivatives, disclosures } from '../../service/disclosure/tables.ts'
import { exhibits } from '../../service/intake/tables.ts'
import { sweep } from '../../service/oversight/sweep.ts'
import type { Service } from '../../service/service.ts'
import { checkCopies } from './check-copies.ts'
import { checkExhibits } from './check-exhibits.ts'
import { checkLedger } from './check-ledger.ts'
import { checkStored } from './check-stored.ts'
import type { Acknowledged, Settled } from './protocol.ts'

interface Time {
  /** Days that pass before the check, with a sweep in each. */
  readonly daysOn: number
  readonly forward: (seconds: number) => void
  readonly logged: readonly string[]
}

const day = 86_400
const patienceMs = 180_000

export async function settle(
  service: Service,
  acknowledged: Acknowledged,
  { daysOn, forward, logged }: Time,
): Promise<Omit<Settled, 'nowSeconds'>> {
  const findings: string[] = []
  const find = (what: string) => void findings.push(what)
  // Before anything is swept: what is visible right after the start is whole.
  await checkExhibits(service, acknowledged, what => find(`at once: ${what}`))
  await checkCopies(service, what => find(`at once: ${what}`))

  const recovery = await service.vault.recover({ staleMs: 0 })
  if (recovery.waiting.length + recovery.orphans.length > 0) find(`recovery left ${JSON.stringify(recovery)}`)
  if (!(await finishDisclosures(service))) find('a disclosure neither ends nor fails')
  for (let days = 0; days < daysOn; days++) {
    // An hour beyond the day that an unneeded object is left alone, and that a draft is.
    forward(day + 3600)
    const failed = await sweep(service)
    if (failed.length > 0)
      find(`sweeps failed: ${failed.join(', ')}: ${logged.filter(l => l.includes('sweep.failed')).at(-1)}`)
  }
  await checkExhibits(service, acknowledged, find)
  await checkCopies(service, find)
  await checkStored(service, find)
  const entries = await checkLedger(service, acknowledged, find)
  const gone = await service.db.select().from(exhibits).where(sql`${exhibits.disposedAt} is not null`)
  // The parent gives each world a temporary folder of its own.
  const folders = (await readdir(tmpdir())).filter(name => name.startsWith('custos-'))
  // Those of ffmpeg lie in one folder, where the next process finds what a killed one left.
  const inside = await Promise.all(
    folders.map(name => (name.startsWith('custos-ffmpeg-') ? readdir(join(tmpdir(), name)) : [name])),
  )
  const temporary = inside.flat().length
  const made = await service.db.$count(derivatives)
  return { findings, disposed: gone.map(each => each.exhibitNumber), derivatives: made, entries, temporary }
}

/** True when no disclosure is under way any more. */
async function finishDisclosures(service: Service): Promise<boolean> {
  const end = Date.now() + patienceMs
  for (let nth = 0; Date.now() < end; nth++) {
    const busy = await service.db
      .select({ id: disclosures.disclosureId })
      .from(disclosures)
      .where(inArray(disclosures.state, ['queued', 'running']))
    if (busy.length === 0) return true
    if (nth === 0) await letMinutePass(service)
    await delay(100)
  }
  return false
}

/** The queue gives a job back whose worker has not been heard of for a minute, and waits longer after each try: here both are over at once. */
async function letMinutePass({ database, config }: Service): Promise<void> {
  const past = `now() - interval '5 minutes'`
  await database.script(
    `update jobs.job set heartbeat_on = ${past} where state = 'active' and name like 'disclosure.%'`,
  )
  const boss = new PgBoss({
    ...(database.pglite
      ? { db: fromPglite(database.pglite), backend: 'pglite' as const }
      : { connectionString: process.env.CUSTOS_DATABASE_URL!, max: 1 }),
    schema: 'jobs',
    migrate: false,
    createSchema: false,
    supervise: false,
    schedule: false,
  })
  boss.on('error', () => {})
  await boss.start()
  await boss.supervise('disclosure.prepare')
  await boss.stop({ graceful: false, close: config.engine === 'postgresql' })
  await database.script(`update jobs.job set start_after = ${past} where state = 'retry' and name like 'disclosure.%'`)
}
