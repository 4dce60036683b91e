/** Erasure under the schedule, on a clock that the test moves: reported first, done a day later, recorded, and nothing else with it. */
import { chmod, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { eq } from 'drizzle-orm'
import { describe, expect, test } from 'vitest'
import { ApiProblem } from '../../service/cli/client.ts'
import { awaitDisclosure } from '../../service/cli/request.ts'
import { lateSweeps } from '../../service/oversight/late-sweeps.ts'
import { steps, sweep } from '../../service/oversight/sweep.ts'
import { disposals, sweeps } from '../../service/oversight/tables.ts'
import { objectKeys, objects } from '../../service/vault/tables.ts'
import { makeClip } from './clips.ts'
import { acquireClip, demand, type Estate, openEstate, recordIncident } from './estate.ts'
import { day, movingClock } from './moving-clock.ts'

/** The real clock's day, since the database stamps rows with that one. */
const start = new Date().toISOString()

async function estateAt(environment: Record<string, string> = {}) {
  const clock = movingClock(start)
  const estate = await openEstate({ nowSeconds: clock.nowSeconds }, environment)
  return { clock, estate, [Symbol.asyncDispose]: () => estate[Symbol.asyncDispose]() }
}

interface View {
  readonly retainUntil: string
  readonly disposedAt?: string
}

const view = async (estate: Estate, exhibitNumber: string) =>
  (await estate.as('records-manager', 'custodian')).json<View>('GET', `/v1/exhibits/${exhibitNumber}`)
const eventsOf = async (estate: Estate, chain: string) =>
  (await estate.service.ledger.chain(chain)).map(e => e.openings.find(o => o.field === 'ev')?.value)
const sealedFiles = async (estate: Estate) =>
  (await readdir(join(estate.folder, 'objects'), { recursive: true })).filter(name => name.endsWith('.sealed'))
/** What an acquisition leaves that died before its own transaction. */
async function sealUnnamed({ clock, estate }: { clock: ReturnType<typeof movingClock>; estate: Estate }) {
  const { vault } = estate.service
  async function* body() {
    yield Buffer.from('bytes of an acquisition')
  }
  const spooled = await vault.spool(body(), { region: 'local', maxBytes: 1e6 })
  const retainUntil = new Date(clock.date().getTime() + 14 * day * 1000)
  return { spooled, stored: await vault.store(spooled, { role: 'master', retainUntil }) }
}
const claim = (caseRef: string) => ({
  caseRef,
  kind: 'litigation',
  organisation: 'agency-a',
  reason: 'A claim was announced over the events that this clip shows.',
  authority: { type: 'court-order', identifier: 'O-1', issuer: 'district-court', issuedAt: start },
})
const living = async (estate: Estate) => (await estate.service.db.select().from(objectKeys)).length

describe('an exhibit whose schedule has ended', () => {
  test('is reported, disposed of a day later with its entry, and its bytes go when their lock has ended', async () => {
    await using there = await estateAt()
    const { clock, estate } = there
    const receipt = await acquireClip(estate, await recordIncident(estate), await makeClip())
    const { retainUntil } = await view(estate, receipt.exhibitNumber)

    clock.to(retainUntil)
    clock.forward(-1)
    expect(await sweep(estate.service)).toEqual([])
    expect(await estate.service.db.select().from(disposals)).toEqual([])

    clock.forward(1)
    expect(await sweep(estate.service)).toEqual([])
    expect(await estate.service.db.select().from(disposals)).toMatchObject([
      { exhibitNumber: receipt.exhibitNumber, disposedAt: null },
    ])
    expect(await living(estate)).toBe(1)
    const manager = await estate.as('records-manager', 'custodian')
    const inADay = new Date(clock.date().getTime() + day * 1000).toISOString()
    expect(await manager.json('GET', '/v1/retention/disposals')).toEqual({
      due: [
        {
          exhibitNumber: receipt.exhibitNumber,
          retainUntil,
          outcome: 'permit',
          reasons: [],
          disposedNotBefore: inADay,
        },
      ],
    })
    const officer = await estate.as('officer', 'agency-a')
    await expect(officer.json('GET', '/v1/retention/disposals')).rejects.toMatchObject({ problem: { status: 403 } })

    clock.forward(day - 1)
    await sweep(estate.service)
    expect((await view(estate, receipt.exhibitNumber)).disposedAt).toBeUndefined()

    clock.forward(1)
    expect(await sweep(estate.service)).toEqual([])
    expect((await view(estate, receipt.exhibitNumber)).disposedAt).toBe(clock.date().toISOString())
    expect(await living(estate)).toBe(0)
    expect(await eventsOf(estate, receipt.chain)).toContain('exhibit.disposed')

    clock.forward(15 * day)
    expect(await sweep(estate.service)).toEqual([])
    expect(await sealedFiles(estate)).toEqual([])
    expect(await eventsOf(estate, receipt.chain)).toEqual(
      expect.arrayContaining(['exhibit.acquired', 'exhibit.disposed']),
    )
  })

  test('is neither requested nor opened any more, and the refusal says why', async () => {
    await using there = await estateAt()
    const { clock, estate } = there
    const receipt = await acquireClip(estate, await recordIncident(estate), await makeClip())
    clock.to((await view(estate, receipt.exhibitNumber)).retainUntil)
    await sweep(estate.service)
    clock.forward(day)
    await sweep(estate.service)
    const officer = await estate.as('officer', 'agency-a')
    const now = clock.nowSeconds() * 1000
    const refused = (await officer
      .json('POST', '/v1/requests', {
        ...demand(receipt.exhibitNumber),
        authority: { ...demand('').authority, issuedAt: new Date(now - 3_600_000).toISOString() },
      })
      .catch((e: unknown) => e)) as ApiProblem
    expect(refused).toBeInstanceOf(ApiProblem)
    expect(refused.problem.reasons).toContain('exhibit.disposed')
  })

  test('takes its derivative and package with it, and leaves what another exhibit of the same clip needs', async () => {
    await using there = await estateAt()
    const { clock, estate } = there
    await estate.service.startWorker()
    const clip = await makeClip()
    const short = await acquireClip(estate, await recordIncident(estate), clip)
    const long = await acquireClip(estate, await recordIncident(estate, { incident_type: 'robbery' }), clip)
    expect(long.clipRef).toBe(short.clipRef)
    const officer = await estate.as('officer', 'agency-a')
    const { requestId } = await officer.json<{ requestId: string }>('POST', '/v1/requests', demand(short.exhibitNumber))
    await awaitDisclosure(officer, requestId, () => {})
    clock.forward(3 * day)
    expect(await sweep(estate.service)).toEqual([])
    expect(await living(estate)).toBe(3)

    clock.to((await view(estate, short.exhibitNumber)).retainUntil)
    // The request's own hold has lapsed long before, or lapses now.
    for (let days = 0; days < 3; days++) {
      expect(await sweep(estate.service)).toEqual([])
      clock.forward(day)
    }
    expect((await view(estate, short.exhibitNumber)).disposedAt).toBeDefined()
    expect((await view(estate, long.exhibitNumber)).disposedAt).toBeUndefined()
    const rows = await estate.service.db.select().from(objects)
    expect(rows.map(row => [row.role, row.disposedAt !== null]).sort()).toEqual([
      ['derivative', true],
      ['master', false],
      ['package', true],
    ])
  })

  test('can be acquired again afterwards: it is another object under another data key', async () => {
    await using there = await estateAt()
    const { clock, estate } = there
    const clip = await makeClip()
    const first = await acquireClip(estate, await recordIncident(estate), clip)
    clock.to((await view(estate, first.exhibitNumber)).retainUntil)
    await sweep(estate.service)
    clock.forward(day)
    await sweep(estate.service)
    const again = await acquireClip(estate, await recordIncident(estate), clip)
    expect(again.clipRef).toBe(first.clipRef)
    expect(again.exhibitNumber).not.toBe(first.exhibitNumber)
    const rows = await estate.service.db.select().from(objects)
    expect(rows.map(row => row.disposedAt !== null).sort()).toEqual([false, true])
    clock.forward(30 * day)
    expect(await sweep(estate.service)).toEqual([])
    expect(await living(estate)).toBe(1)
  })
})

test('an exhibit under hold is not disposed of when retention ends, its object is held in the store, and it goes when the last hold is lifted', async () => {
  await using there = await estateAt()
  const { clock, estate } = there
  const receipt = await acquireClip(estate, await recordIncident(estate), await makeClip())
  const manager = await estate.as('records-manager', 'custodian')
  const place = (caseRef: string) =>
    manager.json<{ holdId: string }>('POST', `/v1/exhibits/${receipt.exhibitNumber}/holds`, claim(caseRef))
  const [one, two] = [await place('C-1'), await place('C-2')]
  await sweep(estate.service)
  expect((await estate.service.db.select().from(objects))[0]?.held).toBe(true)

  clock.to((await view(estate, receipt.exhibitNumber)).retainUntil)
  const lift = (holdId: string) => manager.json('POST', `/v1/holds/${holdId}/lifts`, { reason: 'The case is closed.' })
  for (const hold of [one, two]) {
    for (let days = 0; days < 3; days++) {
      clock.forward(day)
      expect(await sweep(estate.service)).toEqual([])
    }
    expect((await view(estate, receipt.exhibitNumber)).disposedAt).toBeUndefined()
    const [row] = await estate.service.db.select().from(objects)
    expect(row?.held).toBe(true)
    expect(row!.retainUntil > clock.date()).toBe(true)
    await lift(hold.holdId)
  }
  await sweep(estate.service)
  expect((await estate.service.db.select().from(objects))[0]?.held).toBe(false)
  clock.forward(day)
  await sweep(estate.service)
  expect((await view(estate, receipt.exhibitNumber)).disposedAt).toBeDefined()
})

test('a hold placed in the day after the report saves the exhibit', async () => {
  await using there = await estateAt()
  const { clock, estate } = there
  const receipt = await acquireClip(estate, await recordIncident(estate), await makeClip())
  clock.to((await view(estate, receipt.exhibitNumber)).retainUntil)
  await sweep(estate.service)
  const manager = await estate.as('records-manager', 'custodian')
  await manager.json('POST', `/v1/exhibits/${receipt.exhibitNumber}/holds`, claim('C-1'))
  clock.forward(day)
  expect(await sweep(estate.service)).toEqual([])
  expect((await view(estate, receipt.exhibitNumber)).disposedAt).toBeUndefined()
  expect(await estate.service.db.select().from(disposals)).toEqual([])
})

test('an object that an administrator took out of the store is reported within a day, once, on the exhibit’s chain', async () => {
  await using there = await estateAt()
  const { clock, estate } = there
  const receipt = await acquireClip(estate, await recordIncident(estate), await makeClip())
  expect(await sweep(estate.service)).toEqual([])
  await rm(join(estate.folder, 'objects', 'objects'), { recursive: true, force: true })
  clock.forward(day + 1)
  for (let runs = 0; runs < 2; runs++) {
    expect(await sweep(estate.service)).toEqual([])
    clock.forward(day + 1)
  }
  expect((await eventsOf(estate, receipt.chain)).filter(ev => ev === 'integrity.failed')).toHaveLength(1)
  expect(estate.logged.filter(line => line.includes('integrity.failed'))).toHaveLength(1)
})

test('bytes that changed in the store while its answer to a question stays the same are found by reading them again', async () => {
  await using there = await estateAt()
  const { clock, estate } = there
  const receipt = await acquireClip(estate, await recordIncident(estate), await makeClip())
  const [name] = await sealedFiles(estate)
  const file = join(estate.folder, 'objects', name!)
  const bytes = await readFile(file)
  bytes[bytes.length - 40]! ^= 1
  await chmod(file, 0o600)
  await writeFile(file, bytes)
  clock.forward(day + 1)
  expect(await sweep(estate.service)).toEqual([])
  expect((await eventsOf(estate, receipt.chain)).filter(ev => ev === 'integrity.failed')).toHaveLength(1)
})

test('a sweep that is dead for a day is late, and harms nothing: the next one finds every lock still standing', async () => {
  await using there = await estateAt()
  const { clock, estate } = there
  await acquireClip(estate, await recordIncident(estate), await makeClip())
  await sweep(estate.service)
  const { db } = estate.service
  const late = () => lateSweeps(estate.service, clock.date(), new Date(0))
  expect(await late()).toEqual([])
  clock.forward(day)
  // The one that runs once a day is late after two.
  expect((await late()).map(each => each.name)).toEqual(Object.keys(steps).filter(name => name !== 'strangers'))
  const [row] = await db.select().from(objects)
  expect(row!.retainUntil > clock.date()).toBe(true)
  await sweep(estate.service)
  expect(await late()).toEqual([])
})

test('a machine whose clock is not the database’s takes nothing away, and looks after the locks all the same', async () => {
  await using there = await estateAt()
  const { clock, estate } = there
  const receipt = await acquireClip(estate, await recordIncident(estate), await makeClip())
  clock.to((await view(estate, receipt.exhibitNumber)).retainUntil)
  clock.forward(2 * day)
  const rows = [{ now: Date.now() - 3_600_000 }]
  const elsewhere = { ...estate.service.database, db: { execute: async () => ({ rows }) } as never }
  const apart = { ...estate.service, database: elsewhere }
  expect(await sweep(apart)).toEqual(['lapse', 'dispose', 'unneeded', 'remove', 'strangers'])
  clock.forward(2 * day)
  await sweep(apart)
  expect(await living(estate)).toBe(1)
})

test('a step that fails is late while the others are not', async () => {
  await using there = await estateAt()
  const { clock, estate } = there
  const broken = {
    ...estate.service,
    vault: { ...estate.service.vault, inspect: () => Promise.reject(new Error('the store is away')) },
  }
  await sweep(broken)
  clock.forward(3 * 3600)
  expect(await sweep(broken)).toEqual(['inspect'])
  const rows = await estate.service.db.select().from(sweeps).where(eq(sweeps.name, 'inspect'))
  expect(rows).toMatchObject([{ finishedAt: null }])
  expect(estate.logged.some(line => line.includes('sweep.failed'))).toBe(true)
  const late = await lateSweeps(estate.service, clock.date(), new Date(start))
  expect(late.map(each => each.name)).toEqual(['inspect'])
})

test('bytes in the store that no row knows go when their lock ends, and those that a row knows stay', async () => {
  await using there = await estateAt()
  const { clock, estate } = there
  const { clipRef } = await acquireClip(estate, await recordIncident(estate), await makeClip())
  const { spooled } = await sealUnnamed(there)
  const [row] = await estate.service.db.select().from(objects).where(eq(objects.objectId, spooled.objectId))
  await estate.service.db.delete(objects).where(eq(objects.objectId, row!.objectId))
  expect(await sealedFiles(estate)).toHaveLength(2)
  clock.forward(2 * day)
  expect(await sweep(estate.service)).toEqual([])
  expect(estate.logged.some(line => line.includes('vault.strangers') && line.includes(row!.objectKey))).toBe(true)
  expect(estate.logged.some(line => line.includes('vault.strangers') && line.includes(clipRef))).toBe(false)
  expect(await sealedFiles(estate)).toHaveLength(2)
  clock.forward(13 * day)
  expect(await sweep(estate.service)).toEqual([])
  expect(await sealedFiles(estate)).toHaveLength(1)
})

test('sealed bytes that no row came to name are destroyed after a day, and not before', async () => {
  await using there = await estateAt()
  const { clock, estate } = there
  await sealUnnamed(there)
  clock.forward(day - 3600)
  await sweep(estate.service)
  expect(await living(estate)).toBe(1)
  clock.forward(7200)
  expect(await sweep(estate.service)).toEqual([])
  expect(await living(estate)).toBe(0)
  expect(await eventsOf(estate, estate.service.houseChain)).toContain('exhibit.disposed')
  clock.forward(15 * day)
  await sweep(estate.service)
  expect(await sealedFiles(estate)).toEqual([])
})
