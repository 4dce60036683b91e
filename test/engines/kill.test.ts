/** `kill -9` on the engines that run as servers: PostgreSQL beside a folder, and PostgreSQL beside S3. The bench of the same name does it 500 times. */
import { afterAll, expect, test } from 'vitest'
import { type Chart, emptyChart, kindOf, runCampaign } from '../kill/campaign.ts'
import { makeWorld } from '../kill/world.ts'
import { freshBucket, s3Servers } from './buckets.ts'
import { freshDatabase } from './postgres.ts'

/** Steps on the disk alone are no engine’s, but for the spool. */
const engines = /^(?!.*disk\.(?!write ))/
const chart: Chart = emptyChart()

async function versitygw(): Promise<Record<string, string>> {
  const { bucket, endpoint, awsRegion, credentials } = await freshBucket(s3Servers.versitygw!)
  return {
    CUSTOS_S3_BUCKET: bucket,
    CUSTOS_S3_ENDPOINT: endpoint!,
    CUSTOS_AWS_REGION: awsRegion!,
    AWS_ACCESS_KEY_ID: credentials!.accessKeyId,
    AWS_SECRET_ACCESS_KEY: credentials!.secretAccessKey,
  }
}

test.each([
  { store: 'folder', kills: 42, environment: async (): Promise<Record<string, string>> => ({}) },
  { store: 'versitygw', kills: 18, environment: versitygw },
])(
  'killed $kills times on PostgreSQL and $store, nothing acknowledged is lost and nothing is half there',
  async engine => {
    const before = chart.kills.length
    await using world = await makeWorld({
      databaseUrl: await freshDatabase(),
      environment: await engine.environment(),
    })
    await runCampaign(world, chart, {
      acts: ['acquire', 'disclose', 'dispose', 'acquire', 'dispose', 'start'],
      kills: engine.kills,
      chanceEvery: 10,
      only: engines,
    })
    expect(chart.kills.filter(kill => kill.findings.length > 0)).toEqual([])
    expect(chart.kills.length - before).toBe(engine.kills)
  },
)

afterAll(() => {
  const met = new Set(chart.kills.map(kill => kindOf(kill.at)))
  const missed = [...chart.lines.values()]
    .flatMap(lines => [...lines].filter(line => engines.test(line)).map(kindOf))
    .filter(kind => !met.has(kind))
  process.stdout.write(`kinds of steps died at: ${met.size}; not met: ${[...new Set(missed)].join(', ') || 'none'}\n`)
})
