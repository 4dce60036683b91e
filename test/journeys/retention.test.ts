/** How long an exhibit is kept: by what happened, how bad it was and where, to the second, whatever the calendar does in between. */

import { createReadStream } from 'node:fs'
import { Readable } from 'node:stream'
import { eq } from 'drizzle-orm'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { newId } from '../../service/custody/id.ts'
import { acquire, type Intake } from '../../service/intake/acquire.ts'
import { dueForDisposal, findExhibit, markDisposed } from '../../service/intake/exhibits.ts'
import { exhibitFacts } from '../../service/intake/facts.ts'
import { findIncident } from '../../service/intake/incidents.ts'
import { livingExhibits } from '../../service/intake/keeping.ts'
import { newNumber } from '../../service/intake/numbers.ts'
import { exhibits, incidents } from '../../service/intake/tables.ts'
import type { Policy } from '../../service/policy/policy.ts'
import { objects } from '../../service/vault/tables.ts'
import { makeClip } from './clips.ts'
import { acquireClip, type Estate, incident, openEstate, recordIncident } from './estate.ts'
import { newHold, refusal } from './holding.ts'
import { day, movingClock } from './moving-clock.ts'

const start = '2026-06-01T00:00:00Z'
const clock = movingClock(start)
let estate: Estate
let clip: string
const zone = process.env.TZ
beforeAll(async () => {
  estate = await openEstate({ nowSeconds: clock.nowSeconds })
  clip = await makeClip()
})
afterAll(() => estate[Symbol.asyncDispose]())
afterEach(() => {
  if (zone === undefined) delete process.env.TZ
  else process.env.TZ = zone
})

const worker = { subject: 'worker', roles: ['worker' as const], organisation: 'custodian', assurance: 1 }

/** What policy says of disposing of an exhibit now. */
async function judged(exhibitNumber: string): Promise<readonly string[]> {
  const exhibit = exhibitFacts(await findExhibit(estate.service, exhibitNumber))
  const facts = { action: 'exhibit.dispose', ...worker, time: clock.nowSeconds(), exhibit } as const
  return estate.service.policy.decide('access', facts).reasons
}

const isDue = async (exhibitNumber: string) =>
  (await dueForDisposal(estate.service.db, clock.date(), 1_000)).some(row => row.exhibitNumber === exhibitNumber)

async function acquireAt(instant: string, change: Partial<typeof incident> = {}) {
  clock.to(instant)
  const { exhibitNumber } = await acquireClip(estate, await recordIncident(estate, change), clip)
  return (await findExhibit(estate.service, exhibitNumber))!
}

const theft = { incident_type: 'theft', severity: 'medium' }

describe.each([
  ['from a leap day on', '2028-02-29T12:00:00Z', '2029-02-28T12:00:00.000Z'],
  ['over a leap day', '2027-03-01T00:00:00Z', '2028-02-29T00:00:00.000Z'],
  ['to the last second before a leap day', '2027-02-28T23:59:59Z', '2028-02-28T23:59:59.000Z'],
  ['over a change of the clocks in spring', '2026-03-29T00:59:59Z', '2027-03-29T00:59:59.000Z'],
  ['from within the hour that comes twice in autumn', '2026-10-25T00:30:00Z', '2027-10-25T00:30:00.000Z'],
  ['from the last second of a year', '2026-12-31T23:59:59Z', '2027-12-31T23:59:59.000Z'],
])('365 days %s', (_, acquired, end) => {
  test.each(['Europe/Berlin', 'America/Los_Angeles'])(
    'end in the same second in %s: not a second before, and from then on',
    async local => {
      process.env.TZ = local
      expect(new Intl.DateTimeFormat().resolvedOptions().timeZone).toBe(local)
      const { exhibitNumber, retainUntil, createdAt } = await acquireAt(acquired, theft)
      expect(createdAt.toISOString()).toBe(new Date(acquired).toISOString())
      expect(retainUntil.toISOString()).toBe(end)
      for (const [offset, over] of [
        [-1, false],
        [0, true],
        [1, true],
      ] as const) {
        clock.to(end)
        clock.forward(offset)
        expect(await judged(exhibitNumber), `${offset}`).toEqual(over ? [] : ['retention.running'])
        expect(await isDue(exhibitNumber), `${offset}`).toBe(over)
      }
    },
  )
})

test('the lock starts with the days of policy, and the schedule stands in the record', async () => {
  clip = await makeClip({ seed: 41 })
  const exhibit = await acquireAt(start, theft)
  const [object] = await estate.service.db.select().from(objects).where(eq(objects.clipRef, exhibit.clipRef))
  expect(object!.retainUntil.getTime()).toBe(Date.parse(start) + 14 * day * 1000)
  expect(exhibit.retainUntil.getTime()).toBe(Date.parse(start) + 365 * day * 1000)
})

test('a schedule that is shorter than the lock shortens the lock: nobody could undo the rest', async () => {
  const { service } = estate
  const decide: Policy['decide'] = (rule, facts) => {
    const decision = service.policy.decide(rule, facts)
    return { ...decision, obligations: { ...decision.obligations, retentionDays: 3 } }
  }
  const intake: Intake = { ...service, policy: { ...service.policy, decide } }
  clock.to(start)
  const asker = { subject: 'o', organisation: 'custodian', roles: ['store-operator'], assurance: 2, credential: 't' }
  const exhibitNumber = await acquire(intake, asker, {
    incident: (await findIncident(service.db, await recordIncident(estate)))!,
    body: Readable.toWeb(createReadStream(await makeClip({ seed: 42 }))) as ReadableStream,
    expectedSha256: undefined,
    expectedLen: undefined,
    known: async () => undefined,
    bind: async () => {},
  })
  const { clipRef } = (await findExhibit(service, exhibitNumber))!
  const [object] = await service.db.select().from(objects).where(eq(objects.clipRef, clipRef))
  expect(object!.retainUntil.getTime()).toBe(Date.parse(start) + 3 * day * 1000)
})

test('a jurisdiction has its own schedule, and one that nobody laid down takes nothing in', async () => {
  const { db } = estate.service
  const incidentId = await recordIncident(estate, { ...theft, severity: 'high' })
  const days = async () => {
    const { exhibitNumber } = await acquireClip(estate, incidentId, clip)
    const { retainUntil, createdAt } = (await findExhibit(estate.service, exhibitNumber))!
    return (retainUntil.getTime() - createdAt.getTime()) / 1000 / day
  }
  const moveTo = (jurisdiction: string) =>
    db.update(incidents).set({ jurisdiction }).where(eq(incidents.incidentId, incidentId))
  expect(await days()).toBe(730)
  await moveTo('de')
  expect(await days()).toBe(1827)
  await moveTo('atlantis')
  expect(await refusal(acquireClip(estate, incidentId, clip))).toMatchObject({
    status: 403,
    reasons: ['retention.unknown'],
  })
})

test('a location of which nobody said where it lies is refused before anything is recorded', async () => {
  await using strange = await openEstate()
  Object.assign(strange.service, { places: () => undefined })
  const before = await strange.service.ledger.size()
  const operator = await strange.as('store-operator', 'custodian')
  const problem = await refusal(operator.json('POST', '/v1/incidents', incident))
  expect(problem).toMatchObject({ status: 400, detail: expect.stringContaining('location_id') })
  expect(await strange.service.ledger.size()).toBe(before)
})

test('a schedule that has grown since the acquisition counts, and one that has shrunk does not', async () => {
  const { db } = estate.service
  const { exhibitNumber, retainUntil } = await acquireAt(start, theft)
  const store = (until: Date) =>
    db.update(exhibits).set({ retainUntil: until }).where(eq(exhibits.exhibitNumber, exhibitNumber))
  await store(new Date(retainUntil.getTime() - 100 * day * 1000))
  clock.to(retainUntil)
  clock.forward(-1)
  expect(await judged(exhibitNumber)).toEqual(['retention.running'])
  clock.forward(1)
  expect(await judged(exhibitNumber)).toEqual([])
  await store(new Date(retainUntil.getTime() + 1000))
  expect(await judged(exhibitNumber)).toEqual(['retention.running'])
  clock.forward(1)
  expect(await judged(exhibitNumber)).toEqual([])
})

describe('due for disposal', () => {
  test('is what is over, unheld and still there, longest due first, page by page', async () => {
    const { db } = estate.service
    clock.to('2026-06-01T00:00:00Z')
    const first = await acquireAt('2026-06-01T00:00:00Z', { incident_type: 'other', severity: 'low' })
    const copies = Array.from({ length: 5 }, (_, i) => ({
      ...first,
      exhibitNumber: newNumber('EX'),
      chain: newId(),
      req: newId(),
      retainUntil: new Date(Date.parse('2020-01-01T00:00:00Z') + Math.floor(i / 2) * 1000),
    }))
    for (const copy of copies) await db.insert(exhibits).values(copy)
    clock.to('2020-01-01T00:00:02Z')
    const found: string[] = []
    for (let after: (typeof copies)[number] | undefined; ; ) {
      const page = await dueForDisposal(db, clock.date(), 2, after)
      if (page.length === 0) break
      found.push(...page.map(row => row.exhibitNumber))
      after = page.at(-1)
    }
    const byTerm = copies.toSorted((a, b) =>
      a.retainUntil.getTime() === b.retainUntil.getTime()
        ? a.exhibitNumber < b.exhibitNumber
          ? -1
          : 1
        : a.retainUntil.getTime() - b.retainUntil.getTime(),
    )
    expect(found).toEqual(byTerm.map(row => row.exhibitNumber))

    const [gone, ...rest] = byTerm
    expect(await db.transaction(tx => markDisposed(tx, gone!.exhibitNumber, clock.date()))).toBe(true)
    const manager = await estate.as('records-manager', 'custodian')
    await manager.json('POST', `/v1/exhibits/${rest[0]!.exhibitNumber}/holds`, newHold(clock))
    const due = await dueForDisposal(db, clock.date(), 10)
    expect(due.map(row => row.exhibitNumber)).toEqual(rest.slice(1).map(row => row.exhibitNumber))
    const living = await livingExhibits(db, { clipRefs: [first.clipRef], exhibitNumbers: [] }, clock.date())
    expect(living.filter(each => each.held).map(each => each.exhibitNumber)).toEqual([rest[0]!.exhibitNumber])
    expect(living.map(row => row.exhibitNumber)).toEqual(expect.arrayContaining(rest.map(row => row.exhibitNumber)))
    expect(living.map(row => row.exhibitNumber)).not.toContain(gone!.exhibitNumber)
  })

  test('a hold and a disposal that meet: either the exhibit is held, or the hold is refused', async () => {
    const { db } = estate.service
    const manager = await estate.as('records-manager', 'custodian')
    const outcomes = new Set<string>()
    clock.to(start)
    const { exhibitNumber: _, ...row } = await acquireAt(start, theft)
    // The disposal begins some turns into the placing. How long a placing takes is the database's affair, so the turns
    // are sought by a staircase: later and later until the placing came first, then ever closer around where they meet.
    let turns = 0
    let step = 1
    for (let round = 0; round < 30; round++) {
      const exhibitNumber = newNumber('EX')
      await db.insert(exhibits).values({ ...row, exhibitNumber, chain: newId(), req: newId() })
      let answered = false
      const held = manager
        .json('POST', `/v1/exhibits/${exhibitNumber}/holds`, newHold(clock))
        .then(
          () => true,
          () => false,
        )
        .finally(() => {
          answered = true
        })
      for (let turn = 0; turn < turns && !answered; turn++) await new Promise(setImmediate)
      const marking = db.transaction(tx => markDisposed(tx, exhibitNumber, clock.date()))
      const [isHeld, isDisposed] = await Promise.all([held, marking])
      expect(isHeld, `round ${round}, ${turns} turns`).toBe(!isDisposed)
      outcomes.add(isHeld ? 'held' : 'disposed')
      turns = Math.max(turns + (isHeld ? -step : step), 0)
      step = outcomes.has('held') ? Math.max(step >> 1, 1) : step * 2
    }
    expect(outcomes).toEqual(new Set(['held', 'disposed']))
  })
})
