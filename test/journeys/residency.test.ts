/** Two regions, each with a store and keys of its own that are watched: whatever the service does, each meets only what is its own. */
import { writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { eq, or } from 'drizzle-orm'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { ApiProblem } from '../../service/cli/client.ts'
import { awaitDisclosure, fetchPackage } from '../../service/cli/request.ts'
import { derivatives } from '../../service/disclosure/tables.ts'
import { exhibits, incidents } from '../../service/intake/tables.ts'
import { sweep } from '../../service/oversight/sweep.ts'
import type { KeyService } from '../../service/vault/keys.ts'
import type { ObjectStore } from '../../service/vault/object-store.ts'
import { objects } from '../../service/vault/tables.ts'
import { makeClip } from './clips.ts'
import { acquireClip, demand, type Estate, openEstate, type Receipt, recordIncident } from './estate.ts'
import { day, movingClock } from './moving-clock.ts'

interface Call {
  /** Whose part was called. */
  readonly of: string
  readonly method: string
  readonly region: string
  /** Object key, or key context. */
  readonly what: string
}
const calls: Call[] = []

/** Every method of both ports takes the region first. */
function watched<T extends ObjectStore | KeyService>(of: string, real: T): T {
  return new Proxy(real, {
    get(target, method: string) {
      const value = Reflect.get(target, method)
      if (typeof value !== 'function') return value
      return (region: string, ...rest: unknown[]) => {
        const context = rest.find(each => typeof each === 'string')
        calls.push({ of, method, region, what: String(context ?? '') })
        return value.call(target, region, ...rest)
      }
    },
  })
}

const clock = movingClock(new Date().toISOString())
let estate: Estate
let european: Receipt
let american: Receipt

beforeAll(async () => {
  const file = join(tmpdir(), `custos-regions-${process.pid}.json`)
  const places = {
    'store-0142': { region: 'eu', jurisdiction: 'de' },
    'store-0900': { region: 'us' },
  }
  await writeFile(file, JSON.stringify({ regions: { eu: {}, us: {} }, locations: places }))
  const agencies = join(tmpdir(), `custos-agencies-${process.pid}.json`)
  const agency = (region: string) => ({ status: 'active', region, mouUntil: '2099-12-31T00:00:00Z' })
  await writeFile(agencies, JSON.stringify({ 'agency-a': agency('eu'), 'agency-b': agency('us') }))
  estate = await openEstate(
    { nowSeconds: clock.nowSeconds, engines: { objects: watched, keys: watched } },
    { CUSTOS_REGIONS_FILE: file, CUSTOS_REGION: 'eu', CUSTOS_AGENCIES_FILE: agencies },
  )
  await estate.service.startWorker()
  const clip = await makeClip()
  european = await acquireClip(estate, await recordIncident(estate), clip)
  american = await acquireClip(
    estate,
    await recordIncident(estate, { location_id: 'store-0900', agency_id: 'agency-b' }),
    clip,
  )
})
afterAll(() => estate[Symbol.asyncDispose]())

async function disclose(agency: string, receipt: Receipt): Promise<void> {
  const officer = await estate.as('officer', agency)
  const filed = demand(receipt.exhibitNumber)
  const { requestId } = await officer.json<{ requestId: string }>('POST', '/v1/requests', filed)
  const { disclosureId } = await awaitDisclosure(officer, requestId, () => {})
  await fetchPackage(officer, disclosureId, join(estate.folder, `${agency}.zip`))
}

describe('residency', () => {
  test('the same clip in two regions is two objects under two names', () => {
    expect(european.sha256).toBe(american.sha256)
    expect(european.clipRef).not.toBe(american.clipRef)
  })

  test('incident, exhibit, object and copy carry the region of the place', async () => {
    await disclose('agency-a', european)
    await disclose('agency-b', american)
    const rows = await estate.service.db
      .select({ incident: incidents.region, exhibit: exhibits.region, object: objects.region, role: objects.role })
      .from(objects)
      .leftJoin(derivatives, eq(derivatives.clipRef, objects.clipRef))
      .innerJoin(
        exhibits,
        or(eq(exhibits.clipRef, objects.clipRef), eq(exhibits.exhibitNumber, derivatives.rootExhibitNumber)),
      )
      .innerJoin(incidents, eq(incidents.incidentId, exhibits.incidentId))
    expect(rows).toHaveLength(4)
    for (const row of rows) expect(new Set([row.incident, row.exhibit, row.object]).size).toBe(1)
  })

  test('no path from acquisition to disposal reaches through another region’s store or keys', async () => {
    // Locks are lengthened while the schedule runs.
    clock.forward(10 * day)
    expect(await sweep(estate.service)).toEqual([])
    // Locks are lengthened, then everything has had its time.
    clock.forward(8 * day)
    expect(await sweep(estate.service)).toEqual([])
    clock.forward(400 * day)
    for (let days = 0; days < 3; days++) {
      expect(await sweep(estate.service)).toEqual([])
      clock.forward(day)
    }
    clock.forward(30 * day)
    expect(await sweep(estate.service)).toEqual([])
    const known = await estate.service.db.select().from(objects)
    expect(known.length).toBe(6)
    expect(known.every(row => row.removedAt !== null)).toBe(true)

    // Every method was seen, so that none is missing from what follows.
    const seen = new Set(calls.map(call => call.method))
    for (const method of [
      'put',
      'versions',
      'head',
      'get',
      'extend',
      'remove',
      'generateDataKey',
      'decrypt',
      'referenceMac',
    ])
      expect(seen).toContain(method)
    expect(calls.filter(({ of, region }) => of !== region)).toEqual([])
    for (const { of, what } of calls) {
      for (const row of known) {
        const its = what === row.objectKey || what.includes(row.objectId)
        if (its) expect(of).toBe(row.region)
      }
    }
  })

  test('an agency of another region is refused without a basis for the transfer', async () => {
    const clip = await makeClip({ seed: 7 })
    const receipt = await acquireClip(
      estate,
      await recordIncident(estate, { location_id: 'store-0900', agency_id: 'agency-a' }),
      clip,
    )
    const officer = await estate.as('officer', 'agency-a')
    const issuedAt = new Date(clock.nowSeconds() * 1000 - 3_600_000).toISOString()
    const filed = demand(receipt.exhibitNumber)
    const refused = (await officer
      .json('POST', '/v1/requests', { ...filed, authority: { ...filed.authority, issuedAt } })
      .catch((e: unknown) => e)) as ApiProblem
    expect(refused).toBeInstanceOf(ApiProblem)
    expect(refused.problem.reasons).toContain('region.crossing-without-basis')
  })

  test('an incident at a place without a region is refused', async () => {
    const error = (await recordIncident(estate, { location_id: 'store-0001' }).catch((e: unknown) => e)) as ApiProblem
    expect(error).toBeInstanceOf(ApiProblem)
    expect(error.problem.status).toBe(400)
  })
})
