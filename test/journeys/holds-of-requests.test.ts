/** A request holds what it asks for, for a while: nobody can have evidence erased by asking for it, and nobody can keep it from erasure by asking again. */
import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { newId } from '../../service/custody/id.ts'
import { fileRequest } from '../../service/disclosure/requests.ts'
import { Problem } from '../../service/http/problem.ts'
import { findExhibit } from '../../service/intake/exhibits.ts'
import { findHold, holdsOn, lapseHolds } from '../../service/intake/holds.ts'
import { newNumber } from '../../service/intake/numbers.ts'
import { exhibits, holds } from '../../service/intake/tables.ts'
import { demandAt, entriesOf, type Held, type Hold, holdsOf, openHeld, refusal } from './holding.ts'
import { day } from './moving-clock.ts'

let held: Held
beforeAll(async () => {
  held = await openHeld()
})
afterAll(() => held[Symbol.asyncDispose]())

const file = (exhibitNumber = held.receipt.exhibitNumber) =>
  held.officer.json('POST', '/v1/requests', demandAt(held.clock, exhibitNumber))
const isHeld = async (exhibitNumber = held.receipt.exhibitNumber) =>
  (await findExhibit(held.estate.service, exhibitNumber))!.held
const act = (holdId: string, what: string, body?: object) =>
  held.manager.json<Hold>('POST', `/v1/holds/${holdId}/${what}`, body)

/** Another exhibit of the same clip, on which nobody has filed. */
async function freshExhibit(): Promise<string> {
  const { db } = held.estate.service
  const [row] = await db.select().from(exhibits)
  const exhibitNumber = newNumber('EX')
  const createdAt = held.clock.date()
  await db.insert(exhibits).values({ ...row!, exhibitNumber, chain: newId(), req: newId(), createdAt })
  return exhibitNumber
}

const holdOf = async (exhibitNumber: string) =>
  (await held.manager.json<{ holds: Hold[] }>('GET', `/v1/exhibits/${exhibitNumber}/holds`)).holds[0]!

test('a request places a hold on receipt, in its own act, and the requester sees it', async () => {
  expect(await isHeld()).toBe(false)
  await file()
  expect(await isHeld()).toBe(true)
  const [hold] = await holdsOf(held)
  expect(hold).toMatchObject({ kind: 'request', organisation: 'agency-a', state: 'in-force', extensions: 0 })
  expect(Date.parse(hold!.lapsesAt!)).toBe(Date.parse(hold!.placedAt) + 60 * day * 1000)
  const path = `/v1/exhibits/${held.receipt.exhibitNumber}`
  expect(await held.officer.json('GET', `${path}/holds`)).toEqual({ holds: [hold] })
  expect((await entriesOf(held)).map(e => e.ev)).toEqual(
    expect.arrayContaining(['request.received', 'hold.placed', 'request.approved']),
  )
})

test('a request that is refused was received all the same, and holds', async () => {
  const exhibitNumber = await freshExhibit()
  const refused = await refusal(held.officer.json('POST', '/v1/requests', { exhibitNumber }))
  expect(refused).toMatchObject({ status: 403 })
  expect(refused.reasons).toContain('purpose.missing')
  expect(await isHeld(exhibitNumber)).toBe(true)
})

test('an agency without standing holds nothing up, and that is on the record', async () => {
  const exhibitNumber = await freshExhibit()
  const { service } = held.estate
  const exhibit = (await findExhibit(service, exhibitNumber))!
  const agencies = new Map(
    [...service.agencies].map(([id, agency]) => [id, { ...agency, status: 'suspended' as const }]),
  )
  const asker = { subject: 'officer-1', organisation: 'agency-a', roles: ['officer'], assurance: 2, credential: 't' }
  const filing = fileRequest(service, agencies, asker, exhibit, demandAt(held.clock, exhibitNumber), async () => {})
  await expect(filing).rejects.toThrow(Problem)
  expect(await isHeld(exhibitNumber)).toBe(false)
  const chain = await service.ledger.chain(exhibit.chain)
  const entries = chain.map(e => Object.fromEntries(e.openings.map(o => [o.field, o.value])))
  expect(entries.map(e => e.ev)).toEqual(['request.received', 'access.refused', 'request.refused'])
  expect(entries[1]).toMatchObject({ pol: { reasons: ['agency.inactive'] } })
})

test('it is in force for 60 days to the second, whatever the schedule says', async () => {
  const exhibitNumber = await freshExhibit()
  await file(exhibitNumber)
  held.clock.forward(60 * day - 1)
  expect(await isHeld(exhibitNumber)).toBe(true)
  held.clock.forward(1)
  expect(await isHeld(exhibitNumber)).toBe(false)
  held.clock.forward(1)
  expect(await isHeld(exhibitNumber)).toBe(false)
})

test('extended once it stands 90 days from its placing, and no more', async () => {
  const exhibitNumber = await freshExhibit()
  await file(exhibitNumber)
  const { holdId, placedAt } = await holdOf(exhibitNumber)
  held.clock.forward(60 * day - 1)
  const { lapsesAt } = await act(holdId, 'extensions')
  expect(Date.parse(lapsesAt!)).toBe(Date.parse(placedAt) + 90 * day * 1000)
  expect((await refusal(act(holdId, 'extensions'))).reasons).toEqual(['hold.extensions-spent'])
  held.clock.forward(30 * day)
  expect(await isHeld(exhibitNumber)).toBe(true)
  held.clock.forward(1)
  expect(await isHeld(exhibitNumber)).toBe(false)
})

test('confirmed in its last second it stays until it is lifted; a second later it is too late', async () => {
  const [kept, lost] = [await freshExhibit(), await freshExhibit()]
  for (const exhibitNumber of [kept, lost]) await file(exhibitNumber)
  const [one, two] = [await holdOf(kept), await holdOf(lost)]
  held.clock.forward(60 * day - 1)
  const confirmed = await act(one.holdId, 'confirmations')
  expect(confirmed).toMatchObject({ confirmedBy: 'records-manager-1', state: 'in-force' })
  expect(confirmed.lapsesAt).toBeUndefined()
  held.clock.forward(1)
  expect((await refusal(act(two.holdId, 'confirmations'))).status).toBe(409)
  held.clock.forward(3_650 * day)
  expect([await isHeld(kept), await isHeld(lost)]).toEqual([true, false])
  expect((await refusal(act(one.holdId, 'confirmations'))).status).toBe(409)
  await act(one.holdId, 'lifts', { reason: 'Nobody needs it any more.' })
  expect(await isHeld(kept)).toBe(false)
})

test('two filings at once place one hold', async () => {
  const exhibitNumber = await freshExhibit()
  await Promise.all([file(exhibitNumber), file(exhibitNumber), file(exhibitNumber)])
  const { db } = held.estate.service
  expect(await holdsOn(db, exhibitNumber, held.clock.date())).toHaveLength(1)
})

/** What an agency, and a custodian who only ever extends, can do. */
const step = fc.oneof(
  fc.constant({ do: 'file' as const }),
  fc.constant({ do: 'file without purpose' as const }),
  fc.constant({ do: 'extend' as const }),
  fc.constant({ do: 'sweep' as const }),
  fc
    .oneof(fc.integer({ min: 0, max: 100 * day }), fc.constantFrom(30 * day, 60 * day - 1, 60 * day, 60 * day + 1))
    .map(seconds => ({ do: 'wait' as const, seconds })),
)

test('no sequence of filings and extensions keeps an unconfirmed hold in force beyond 90 days from the first', async () => {
  const { service } = held.estate
  const { db } = service
  let lapsedWhileFiling = 0
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 2, maxLength: 14 }), async steps => {
      const exhibitNumber = await freshExhibit()
      let first: number | undefined
      for (const each of steps) {
        const now = held.clock.nowSeconds()
        if (each.do === 'wait') held.clock.forward(each.seconds)
        else if (each.do === 'sweep') await lapseHolds(service, held.clock.date())
        else if (each.do === 'extend') {
          const [hold] = await holdsOn(db, exhibitNumber, held.clock.date())
          if (hold) await act(hold.holdId, 'extensions').catch(() => {})
        } else {
          first ??= now
          const body = each.do === 'file' ? demandAt(held.clock, exhibitNumber) : { exhibitNumber }
          await held.officer.json('POST', '/v1/requests', body).catch(() => {})
        }
        const elapsed = held.clock.nowSeconds() - (first ?? held.clock.nowSeconds())
        const inForce = await isHeld(exhibitNumber)
        if (first !== undefined && elapsed < 60 * day) expect(inForce).toBe(true)
        if (elapsed >= 90 * day) expect(inForce).toBe(false)
        if (first !== undefined && !inForce && each.do === 'file') lapsedWhileFiling++
      }
    }),
    { seed: 5, numRuns: 40 },
  )
  // Sequences that never file after the lapse would prove nothing.
  expect(lapsedWhileFiling).toBeGreaterThan(5)
})

test('a hold that the sweep marked as lapsed does not come back by filing again', async () => {
  const { service } = held.estate
  const exhibitNumber = await freshExhibit()
  await file(exhibitNumber)
  const { holdId } = await holdOf(exhibitNumber)
  held.clock.forward(60 * day)
  await lapseHolds(service, held.clock.date())
  expect((await findHold(service.db, holdId))?.liftReason).toBe('hold.lapsed')
  await file(exhibitNumber)
  expect(await isHeld(exhibitNumber)).toBe(false)
  expect((await service.db.select().from(holds)).filter(h => h.exhibitNumber === exhibitNumber)).toHaveLength(1)
})
