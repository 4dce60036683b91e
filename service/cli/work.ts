/** `custos work`: a worker that runs jobs beside any number of `serve`. */
import { once } from 'node:events'
import { readConfig } from '../config.ts'
import { openService } from '../service.ts'
import { explain } from './acquire.ts'

export const help = `custos work

Runs redactions and packages queued by \`serve\`, and runs and schedules the sweeps as \`serve\` does (CUSTOS_SWEEP_MINUTES). Needs PostgreSQL
(CUSTOS_DATABASE_URL): the embedded database belongs to one process, and there \`serve\` runs the jobs itself. On SIGINT and SIGTERM its jobs have
up to 20 s; one that was cut off is tried again by whoever runs next. Exit: 0 ended by a signal, 1 could not start, 2 not on this database.
`

export async function run(): Promise<number> {
  return await work().catch(error => explain(error, false))
}

async function work(): Promise<number> {
  const { config, secrets } = readConfig()
  if (config.engine !== 'postgresql') {
    process.stderr.write('custos work: the embedded database belongs to `serve`, which runs the jobs itself\n')
    return 2
  }
  await using service = await openService(config, secrets)
  await service.startWorker()
  process.stderr.write('custos works\n')
  await Promise.race(['SIGINT', 'SIGTERM'].map(name => once(process, name)))
  return 0
}
