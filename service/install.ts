/** What `custos migrate` does to PostgreSQL: our tables, those of the queue, and what the service may do with them. */
import { setTimeout as delay } from 'node:timers/promises'
import { PgBoss } from 'pg-boss'
import { migrate, openDatabase } from './db.ts'

/** `url` is the owner's. Returns the migrations that were missing. Safe to repeat, and to run in several places at once. */
export async function installDatabase(url: string): Promise<string[]> {
  await using database = await openDatabase(url, { patient: true })
  return database.exclusive('migrate', async () => {
    const applied = await migrate(database)
    await installQueue(url)
    await database.script('call grant_service()')
    return applied
  })
}

/** pg-boss makes and upgrades its own schema; some steps of an upgrade go on after its start, and are waited for. */
async function installQueue(url: string): Promise<void> {
  const boss = new PgBoss({ connectionString: url, schema: 'jobs', max: 2, supervise: false, schedule: false })
  let failure: unknown
  boss.on('error', error => {
    failure ??= error
  })
  await boss.start()
  try {
    for (let open = true; open; ) {
      if (failure !== undefined) throw failure
      const steps = (await boss.getBamStatus()).filter(({ count }) => count > 0)
      if (steps.some(({ status }) => status === 'failed')) throw new Error('a step of the upgrade of pg-boss failed')
      open = steps.some(({ status }) => status !== 'completed')
      if (open) await delay(500)
    }
  } finally {
    await boss.stop({ graceful: false, close: true })
  }
}
