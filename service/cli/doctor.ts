/** `custos doctor`: whether everything that the configuration names is there and fit for evidence. */
import { stat } from 'node:fs/promises'
import { parseArgs } from 'node:util'
import { sql } from 'drizzle-orm'
import { type Config, readConfig, type Secrets } from '../config.ts'
import { type Database, openDatabase, rowsOf } from '../db.ts'
import { lockFolder } from '../lock.ts'
import { readRegions } from '../regions.ts'
import { type Check, type Finding, runCheck } from './doctor-check.ts'
import { databaseChecks } from './doctor-database.ts'
import { engineChecks, identityCheck } from './doctor-engines.ts'
import { agenciesCheck, ledgerKeyCheck, policyCheck } from './doctor-files.ts'
import { diskChecks, hostChecks } from './doctor-host.ts'

export const help = `custos doctor [--json]

Asks every engine that the environment names whether it is there and fit for evidence, and prints a line each: ok, warn, or FAIL and what to
mend. Needs no running service and changes nothing. Run it with the environment and the account of the service.
Exit: 0 nothing failed (warnings may stand), 1 something did, 2 usage.
`

export async function run(args: string[]): Promise<number> {
  const { values } = parseArgs({ args, options: { json: { type: 'boolean', default: false } } })
  const findings = await examine()
  const healthy = findings.every(({ state }) => state !== 'FAIL')
  const lines = findings.map(
    ({ name, state, says, mend }) =>
      `${state.padEnd(5)} ${name.padEnd(14)} ${says}${mend ? `. To mend: ${mend}` : ''}\n`,
  )
  process.stdout.write(values.json ? `${JSON.stringify({ healthy, findings })}\n` : lines.join(''))
  return healthy ? 0 : 1
}

async function examine(): Promise<Finding[]> {
  const host = await runAll(hostChecks)
  try {
    const { config, secrets } = readConfig()
    return [
      { name: 'configuration', state: 'ok', says: describe(config) },
      ...host,
      ...(await examineEngines(config, secrets)),
    ]
  } catch (error) {
    const says = error instanceof Error ? error.message : String(error)
    const mend = 'see README.md, "Configuration"; nothing that it names was looked at'
    return [{ name: 'configuration', state: 'FAIL', says, mend }, ...host]
  }
}

async function examineEngines(config: Config, secrets: Secrets): Promise<Finding[]> {
  const regions = await readRegions({ name: config.region, region: config.onlyRegion }, config.regionsFile)
  const inFolder = config.engine === 'pglite' || [...regions.all.values()].some(({ bucket }) => bucket === undefined)
  await using found = await findDatabase(config, secrets)
  const { database } = found
  const sealed = async () => {
    if (!database) return undefined
    const [row] = await rowsOf(database, sql`select count(*)::int as count from vault.subject_keys`).catch(() => [])
    return row && Number(row.count)
  }
  const checks: Check[] = [
    ...(database ? databaseChecks(database, secrets.databaseUrl, config.sweepMinutes * 60_000) : []),
    ...engineChecks(config, secrets, regions, sealed),
    ledgerKeyCheck(config, secrets, database?.db),
    policyCheck,
    agenciesCheck(config),
    identityCheck(config),
    ...diskChecks(config, inFolder),
  ]
  return [...found.findings, ...(await runAll(checks))]
}

function runAll(checks: readonly Check[]): Promise<Finding[]> {
  return Promise.all(checks.map(runCheck))
}

interface Found extends AsyncDisposable {
  /** Absent when it cannot be looked into; `findings` then say why. */
  readonly database?: Database
  readonly findings: Finding[]
}

/** The embedded database belongs to one process: doctor stands aside for a running service, and never makes a folder. */
async function findDatabase(config: Config, secrets: Secrets): Promise<Found> {
  await using stack = new AsyncDisposableStack()
  const without = (state: Finding['state'], says: string, mend?: string): Found => ({
    findings: [{ name: 'database', state, says, ...(mend && { mend }) }],
    [Symbol.asyncDispose]: async () => {},
  })
  if (config.engine === 'pglite') {
    if (!(await stat(secrets.databaseUrl).catch(() => undefined)))
      return without('ok', `embedded in ${secrets.databaseUrl}, which is made at the first start`)
    const lock = await lockFolder(config.dataDir).catch(() => undefined)
    if (!lock)
      return without('ok', `embedded in ${secrets.databaseUrl}, in use by a running service, and so not looked into`)
    stack.use(lock)
  }
  try {
    const database = stack.use(await openDatabase(secrets.databaseUrl))
    await database.script('select 1')
    const parts = stack.move()
    return { database, findings: [], [Symbol.asyncDispose]: () => parts.disposeAsync() }
  } catch (error) {
    return without(
      'FAIL',
      `cannot be reached: ${(error as Error).message}`,
      'see that it runs, and what CUSTOS_DATABASE_URL names',
    )
  }
}

function describe({ production, engine, origin, region, regionsFile }: Config): string {
  const place = regionsFile ? `regions of ${regionsFile}` : `region ${region}`
  return `${production ? 'production' : 'development'}, ${engine}, ledger ${origin}, ${place}`
}
