/**
 * The service over HTTP, killed with SIGKILL at every step of start-up, acquisition, redaction, disclosure and disposal, and at moments of
 * chance; after each kill another process finds what is there (docs/benchmarks.md). Options: --kills N; --beside N worlds at a time;
 * --engine pglite, postgres, or both, of which PGlite, which takes seconds to open, has one world in five.
 */
import { parseArgs } from 'node:util'
import type { Measurement } from '../../service/cli/bench.ts'
import { freshDatabase, startPostgres } from '../engines/postgres.ts'
import { type ActName, emptyChart, type Kill, runCampaign } from '../kill/campaign.ts'
import { makeWorld } from '../kill/world.ts'

/** Redaction costs seconds, and most steps are not its own. */
const acts: readonly ActName[] = ['acquire', 'disclose', 'dispose', 'start', 'acquire', 'dispose', 'start', 'acquire']
/** What a world holds is looked at after each kill, so a new one begins before that takes longer than the kill. */
const killsInWorld = 40

export async function run(args: string[]): Promise<Measurement[]> {
  const { values } = parseArgs({
    args,
    options: {
      kills: { type: 'string', default: '500' },
      engine: { type: 'string', default: 'both' },
      beside: { type: 'string', default: '2' },
    },
  })
  const wanted = Number(values.kills)
  await using stack = new AsyncDisposableStack()
  const server = values.engine === 'pglite' ? undefined : await startPostgres()
  stack.defer(async () => server?.stop())
  if (server) process.env.CUSTOS_TEST_POSTGRES = server.url
  const chart = emptyChart()
  let [begun, worlds] = [0, 0]
  const one = async () => {
    while (begun < wanted) {
      const kills = Math.min(killsInWorld, wanted - begun)
      begun += kills
      const onServer = server !== undefined && (values.engine === 'postgres' || worlds++ % 5 > 0)
      await using world = await makeWorld({ databaseUrl: onServer ? await freshDatabase() : undefined })
      await runCampaign(world, chart, { acts, kills, chanceEvery: 5, tell: kill => report(kill, chart.kills.length) })
    }
  }
  await Promise.all(Array.from({ length: Number(values.beside) }, one))
  return [...figures(chart.kills), { name: 'kill.temporary', value: chart.temporary, unit: 'empty folders left' }]
}

function report({ act, at, findings }: Kill, count: number): void {
  for (const finding of findings) process.stderr.write(`${act}, ${at}: ${finding}\n`)
  if (count % 20 === 0) process.stderr.write(`${count} kills\n`)
}

function figures(kills: readonly Kill[]): Measurement[] {
  const by = Object.entries(Object.groupBy(kills, ({ act, at }) => `${act}: ${at}`)).sort(([a], [b]) =>
    a.localeCompare(b),
  )
  return [
    ...by.map(([name, some]) => ({ name: `kill.at ${name}`, value: some!.length, unit: 'kills' })),
    { name: 'kill.count', value: kills.length, unit: 'kills' },
    { name: 'kill.boundaries', value: by.length, unit: 'lines' },
    { name: 'kill.lost', value: kills.filter(({ findings }) => findings.length > 0).length, unit: 'kills' },
  ]
}
