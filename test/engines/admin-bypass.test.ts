/** Whoever administers a store can take an object out from under its lock; then the next sweep says so. */
import { execFile } from 'node:child_process'
import { readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { describe, expect, test } from 'vitest'
import { sweep } from '../../service/oversight/sweep.ts'
import { makeClip } from '../journeys/clips.ts'
import { acquireClip, type Estate, openEstate, recordIncident } from '../journeys/estate.ts'
import { freshBucket, type S3Server, s3Servers } from './buckets.ts'

const run = promisify(execFile)

async function takeAway(server: S3Server, bucket: string, key: string): Promise<void> {
  if (server.conf) {
    await run('radosgw-admin', ['-c', server.conf, 'object', 'rm', `--bucket=${bucket}`, `--object=${key}`])
    const { stdout } = await run('radosgw-admin', ['-c', server.conf, 'bucket', 'list', `--bucket=${bucket}`])
    // It removes the version that is current; what is left is named by its instance.
    for (const { name, instance } of JSON.parse(stdout) as { name: string; instance: string }[]) {
      if (name !== key) continue
      const which = [`--object=${name}`, `--object-version=${instance}`]
      await run('radosgw-admin', ['-c', server.conf, 'object', 'rm', `--bucket=${bucket}`, ...which])
    }
    return
  }
  const names = await readdir(server.folder!, { recursive: true })
  for (const name of names.filter(each => each.includes(bucket) && each.includes(key)))
    await rm(join(server.folder!, name), { recursive: true, force: true })
}

async function estateOn(server: S3Server): Promise<{ estate: Estate; bucket: string }> {
  const { bucket, endpoint, awsRegion } = await freshBucket(server)
  process.env.AWS_ACCESS_KEY_ID = server.accessKeyId
  process.env.AWS_SECRET_ACCESS_KEY = server.secretAccessKey
  const place = { CUSTOS_S3_BUCKET: bucket, CUSTOS_S3_ENDPOINT: endpoint!, CUSTOS_AWS_REGION: awsRegion! }
  return { estate: await openEstate({}, place), bucket }
}

describe.each(Object.entries(s3Servers))('%s', (_, server) => {
  test('an object that its administrator removed is reported by the next sweep, on its exhibit’s chain', async () => {
    const { estate, bucket } = await estateOn(server!)
    await using _ = estate
    const kept = await acquireClip(estate, await recordIncident(estate), await makeClip({ seed: 1 }))
    const lost = await acquireClip(estate, await recordIncident(estate), await makeClip({ seed: 2 }))
    await takeAway(server!, bucket, `sealed/local/${lost.clipRef}`)
    expect(await sweep(estate.service)).toEqual([])
    const failures = async (chain: string) =>
      (await estate.service.ledger.chain(chain))
        .filter(entry => entry.openings.some(o => o.field === 'ev' && o.value === 'integrity.failed'))
        .map(entry => entry.openings.find(o => o.field === 'pol')?.value)
    expect(await failures(lost.chain)).toMatchObject([{ reasons: ['object.missing'] }])
    expect(await failures(kept.chain)).toEqual([])
    expect(estate.logged.some(line => line.includes('"alert":"integrity.failed"'))).toBe(true)
  })
})
