/** The main job with the service's own role: what it may do is enough, and every part of the job does it. */
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { sql } from 'drizzle-orm'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { awaitDisclosure, fetchPackage } from '../../service/cli/request.ts'
import { judge } from '../../service/cli/verify.ts'
import { rowsOf } from '../../service/db.ts'
import { installDatabase } from '../../service/install.ts'
import { sweep } from '../../service/oversight/sweep.ts'
import { makeClip } from '../journeys/clips.ts'
import { acquireClip, demand, type Estate, openEstate, recordIncident } from '../journeys/estate.ts'
import { freshDatabase } from './postgres.ts'
import { makeRoles } from './postgres-roles.ts'

let estate: Estate

beforeAll(async () => {
  const { owner, service } = await makeRoles((await freshDatabase())!)
  await installDatabase(owner)
  estate = await openEstate({}, { CUSTOS_DATABASE_URL: service })
  await estate.service.startWorker()
})
afterAll(() => estate?.[Symbol.asyncDispose]())

test('as custos_service a clip is acquired, refused, permitted, redacted, packaged and verified', async () => {
  const [who] = await rowsOf(estate.service.database, sql`select current_user as name`)
  expect(who?.name).toBe('custos_service')
  const receipt = await acquireClip(estate, await recordIncident(estate), await makeClip({}))
  const officer = await estate.as('officer', 'agency-a')
  await expect(officer.json('POST', '/v1/requests', { exhibitNumber: receipt.exhibitNumber })).rejects.toMatchObject({
    problem: { status: 403 },
  })
  const request = await officer.json<{ requestId: string }>('POST', '/v1/requests', demand(receipt.exhibitNumber))
  const disclosure = await awaitDisclosure(officer, request.requestId, () => {})
  const zip = join(estate.folder, 'package.zip')
  await fetchPackage(officer, disclosure.disclosureId, zip)
  const key = join(estate.folder, 'key')
  await writeFile(key, `${estate.service.ledger.verifierKey}\n`)
  const { result } = await judge(zip, { key, checkpoint: undefined, proof: `${zip}.tlog-proof` })
  expect(result.verdict).toBe('verified')
})

test('as custos_service the sweeps run, none of them refused for want of a right', async () => {
  await sweep(estate.service)
  const denied = estate.logged.filter(line => /permission denied|42501/.test(line))
  expect(denied).toEqual([])
  const rows = await rowsOf(
    estate.service.database,
    sql`select name from oversight.sweeps where finished_at is not null`,
  )
  expect(rows.length).toBeGreaterThan(3)
})
