/** `custos sweep`: the sweeps by hand, or what a disposal would take. */
import { parseArgs } from 'node:util'
import { readConfig } from '../config.ts'
import { disposalReport, mostRefused, mostReported } from '../oversight/disposal-report.ts'
import { steps, sweep } from '../oversight/sweep.ts'
import { sweeps } from '../oversight/tables.ts'
import { openService } from '../service.ts'
import { explain } from './acquire.ts'

export const help = `custos sweep [STEP …] [--dry-run] [--json]

Runs the sweeps now, or the steps named: ${Object.keys(steps).join(', ')}.
A running service does so by itself every CUSTOS_SWEEP_MINUTES.
--dry-run lists the exhibits whose retention has ended, the longest due first, with what policy says of their disposal: ${mostReported} at most,
and of those that policy keeps ${mostRefused} at most, so more may be due. It disposes of nothing, records no decision, and leaves what a crash left as it is.
Opens the installation that the environment names: an embedded one must not be running and is brought to this version, and acts that were
committed and not yet entered in the ledger are entered, as at every start.
Exit: 0 done, 1 a step failed or nothing could be done, 2 usage.
`

export async function run(args: string[]): Promise<number> {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: { 'dry-run': { type: 'boolean', default: false }, json: { type: 'boolean', default: false } },
  })
  if (positionals.some(name => !Object.hasOwn(steps, name)) || (values['dry-run'] && positionals.length > 0)) {
    process.stderr.write(help)
    return 2
  }
  try {
    const { config, secrets } = readConfig()
    await using service = await openService(config, secrets, { recover: !values['dry-run'] })
    if (values['dry-run']) {
      const due = await disposalReport(service)
      print(values.json, { due }, () =>
        due.length === 0
          ? 'no exhibit is due'
          : due
              .map(
                e =>
                  `${e.exhibitNumber}  ${e.retainUntil}  ${e.outcome}  ${e.reasons.join(', ') || e.disposedNotBefore}`,
              )
              .join('\n'),
      )
      return 0
    }
    const names = positionals.length > 0 ? positionals : Object.keys(steps)
    const failed = await sweep(service, names)
    const reports = (await service.db.select().from(sweeps)).filter(row => names.includes(row.name))
    print(values.json, { failed, reports }, () =>
      names
        .map(name => {
          const report = Object.entries(reports.find(row => row.name === name)?.report ?? {})
          return `${failed.includes(name) ? 'FAILED' : 'ok    '} ${name.padEnd(9)} ${report.map(each => each.join(' ')).join(', ')}`
        })
        .join('\n'),
    )
    return failed.length === 0 ? 0 : 1
  } catch (error) {
    return explain(error, values.json)
  }
}

function print(json: boolean, value: object, text: () => string): void {
  process.stdout.write(`${json ? JSON.stringify(value) : text()}\n`)
}
