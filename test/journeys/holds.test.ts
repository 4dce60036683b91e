/** Legal hold: by case, with reason and authority, several at once, each ended for itself, and every step an entry. */
import { createHash } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { canonicalJson } from '../../service/custody/canonical.ts'
import { findExhibit, markDisposed } from '../../service/intake/exhibits.ts'
import { exhibitFacts, holdFacts } from '../../service/intake/facts.ts'
import { extendHold } from '../../service/intake/hold-changes.ts'
import { findHold, lapseHolds } from '../../service/intake/holds.ts'
import { demand } from '../../service/policy/judge.ts'
import { entriesOf, type Held, type Hold, holdsOf, instantOf, newHold, openHeld, refusal } from './holding.ts'
import { day } from './moving-clock.ts'

let held: Held
let path: string
beforeAll(async () => {
  held = await openHeld()
  path = `/v1/exhibits/${held.receipt.exhibitNumber}/holds`
})
afterAll(() => held[Symbol.asyncDispose]())

const place = (kind: Parameters<typeof newHold>[1] = 'litigation', headers = {}) =>
  held.manager.json<Hold>('POST', path, newHold(held.clock, kind), headers)
const act = (holdId: string, what: 'extensions' | 'confirmations', headers = {}) =>
  held.manager.json<Hold>('POST', `/v1/holds/${holdId}/${what}`, undefined, headers)
const lift = (holdId: string, body: object = { reason: 'The case was closed.' }, headers = {}) =>
  held.manager.json<Hold>('POST', `/v1/holds/${holdId}/lifts`, body, headers)
const holdFact = async () => exhibitFacts(await findExhibit(held.estate.service, held.receipt.exhibitNumber)).hold

test('several stand side by side, and the exhibit is held until the last of them is lifted', async () => {
  const [one, two] = [await place(), await place('court-order')]
  expect(await holdFact()).toBe(true)
  expect(await held.manager.json('GET', `/v1/exhibits/${held.receipt.exhibitNumber}`)).toMatchObject({ holds: 2 })
  expect(await lift(one.holdId)).toMatchObject({ state: 'lifted', liftReason: 'The case was closed.' })
  expect(await holdFact()).toBe(true)
  const authority = { ...newHold(held.clock, 'court-order').authority, identifier: 'release' }
  await lift(two.holdId, { reason: 'The court released it.', authority })
  expect(await holdFact()).toBe(false)
  expect(await held.manager.json('GET', `/v1/exhibits/${held.receipt.exhibitNumber}`)).toMatchObject({ holds: 0 })
})

test('each step is an entry with the hold as it then stood, who did it, and under which authority', async () => {
  const placed = await place('preservation')
  const entry = (await entriesOf(held)).at(-1)!
  const { state: _, ...record } = placed
  const bytes = canonicalJson(record)
  expect(entry).toMatchObject({
    ev: 'hold.placed',
    who: { subject: 'records-manager-1', organisation: 'custodian' },
    legal: { type: 'preservation-request', identifier: 'LN-1' },
    obj: { sha256: createHash('sha256').update(bytes).digest('hex'), len: bytes.length, role: 'hold' },
    pol: { outcome: 'permit' },
  })
  await act(placed.holdId, 'extensions')
  expect((await entriesOf(held)).at(-1)).toMatchObject({ ev: 'hold.placed', pol: { reasons: ['hold.extended'] } })
  await lift(placed.holdId)
  expect((await entriesOf(held)).at(-1)).toMatchObject({ ev: 'hold.lifted', who: { organisation: 'custodian' } })
})

test('without a reason, an authority or the right kind, none is placed, and the refusal is recorded', async () => {
  const whole = newHold(held.clock)
  const { reason: _r, ...unreasoned } = whole
  const { authority: _a, ...unauthorised } = whole
  const wrong = { ...whole, authority: { ...whole.authority, type: 'preservation-request' } }
  for (const [body, reason] of [
    [unreasoned, 'hold.reason-missing'],
    [unauthorised, 'hold.authority-missing'],
    [wrong, 'hold.authority-not-for-kind'],
    [{ ...whole, kind: 'request' }, 'hold.kind-not-allowed'],
  ] as const) {
    const before = await holdsOf(held)
    const problem = await refusal(held.manager.json('POST', path, body))
    expect(problem).toMatchObject({ status: 403, ledgerIndex: expect.any(Number) })
    expect(problem.reasons).toContain(reason)
    expect((await entriesOf(held)).find(e => e.index === problem.ledgerIndex)).toMatchObject({ ev: 'access.refused' })
    expect(await holdsOf(held)).toEqual(before)
  }
})

test('only the custodian’s records manager places, extends, confirms and lifts; another agency is told that there is nothing', async () => {
  const { holdId } = await place()
  const unknown = 'HD-0000-0000-0000'
  for (const [role, organisation, status] of [
    ['store-operator', 'custodian', 403],
    ['officer', 'agency-a', 403],
    ['officer', 'agency-b', 404],
  ] as const) {
    const person = await held.estate.as(role, organisation)
    expect((await refusal(person.json('POST', path, newHold(held.clock)))).status).toBe(status)
    for (const what of ['extensions', 'confirmations', 'lifts']) {
      const body = what === 'lifts' ? { reason: 'No longer wanted.' } : undefined
      expect((await refusal(person.json('POST', `/v1/holds/${holdId}/${what}`, body))).status).toBe(status)
    }
  }
  const foreign = await held.estate.as('officer', 'agency-b')
  expect(await refusal(foreign.json('GET', path))).toEqual(
    await refusal(foreign.json('GET', '/v1/exhibits/EX-0000-0000-0000/holds')),
  )
  expect(await refusal(foreign.json('POST', `/v1/holds/${holdId}/extensions`))).toEqual(
    await refusal(foreign.json('POST', `/v1/holds/${unknown}/extensions`)),
  )
  expect((await refusal(held.manager.json('POST', `/v1/holds/${unknown}/extensions`))).status).toBe(404)
  await lift(holdId)
})

test('an agency sees its own holds and not whose else there are; an auditor sees all', async () => {
  const { holdId } = await place()
  expect(await held.officer.json('GET', path)).toEqual({ holds: [] })
  expect(await held.officer.json('GET', `/v1/exhibits/${held.receipt.exhibitNumber}`)).toMatchObject({ holds: 0 })
  const auditor = await held.estate.as('auditor', 'auditors')
  const { holds } = await auditor.json<{ holds: Hold[] }>('GET', path)
  expect(holds.map(h => h.holdId)).toContain(holdId)
  await lift(holdId)
})

test('what is over cannot be extended, confirmed or lifted again; that is a conflict, on the record', async () => {
  const { holdId } = await place('preservation')
  await lift(holdId)
  for (const again of [() => act(holdId, 'extensions'), () => lift(holdId)]) {
    const problem = await refusal(again())
    expect(problem).toMatchObject({ status: 409, ledgerIndex: expect.any(Number) })
    const entry = (await entriesOf(held)).find(e => e.index === problem.ledgerIndex)
    expect(entry).toMatchObject({ ev: 'access.refused', pol: { outcome: 'refuse', reasons: ['conflict'] } })
  }
})

describe('a preservation lapses after 90 days, or 180 when it was extended once', () => {
  test('a second before it is in force, in that second it is not, and nobody need have swept', async () => {
    const { holdId, lapsesAt } = await place('preservation')
    expect(Date.parse(lapsesAt!) / 1000).toBe(held.clock.nowSeconds() + 90 * day)
    const extended = await act(holdId, 'extensions')
    expect(Date.parse(extended.lapsesAt!)).toBe(Date.parse(lapsesAt!) + 90 * day * 1000)
    const spent = await refusal(act(holdId, 'extensions'))
    expect(spent).toMatchObject({ status: 403, reasons: ['hold.extensions-spent'] })
    expect(await refusal(act(holdId, 'confirmations'))).toMatchObject({ reasons: ['hold.not-confirmable'] })

    held.clock.to(extended.lapsesAt!)
    held.clock.forward(-1)
    expect(await holdFact()).toBe(true)
    expect(await lapseHolds(held.estate.service, held.clock.date())).toBe(0)
    held.clock.forward(1)
    expect(await holdFact()).toBe(false)
    expect((await holdsOf(held)).find(h => h.holdId === holdId)).toMatchObject({ state: 'lapsed' })
    expect((await refusal(lift(holdId))).status).toBe(409)

    expect(await lapseHolds(held.estate.service, held.clock.date())).toBe(1)
    expect(await lapseHolds(held.estate.service, held.clock.date())).toBe(0)
    expect((await entriesOf(held)).at(-1)).toMatchObject({
      ev: 'hold.lifted',
      who: { subject: 'worker', organisation: 'custodian' },
      pol: { reasons: ['hold.lapsed'] },
    })
    held.clock.forward(1)
    expect((await holdsOf(held)).find(h => h.holdId === holdId)).toMatchObject({
      state: 'lapsed',
      liftReason: 'hold.lapsed',
    })
  })

  test('an extension counts in the last second, and is too late in the next', async () => {
    const { holdId, lapsesAt } = await place('preservation')
    const late = await place('preservation')
    held.clock.to(lapsesAt!)
    held.clock.forward(-1)
    expect((await act(holdId, 'extensions')).lapsesAt).toBe(
      new Date(Date.parse(lapsesAt!) + 90 * day * 1000).toISOString(),
    )
    held.clock.forward(1)
    expect((await refusal(act(late.holdId, 'extensions'))).status).toBe(409)
    expect(await lapseHolds(held.estate.service, held.clock.date())).toBe(1)
    await lift(holdId)
  })

  test('of two extensions that policy judged by the same facts only one counts', async () => {
    const { holdId } = await place('preservation')
    const { service } = held.estate
    const seen = { hold: (await findHold(service.db, holdId))!, chain: held.receipt.chain }
    const asker = { subject: 'm', organisation: 'custodian', roles: ['records-manager'], assurance: 2, credential: 't' }
    const exhibit = exhibitFacts(await findExhibit(service, held.receipt.exhibitNumber))
    const judge = () => demand(service, asker, 'hold.extend', seen.chain, { exhibit, hold: holdFacts(seen.hold) })
    const permissions = [await judge(), await judge()]
    const answers = await Promise.allSettled(
      permissions.map(permission => extendHold(service, asker, seen, permission, async () => {})),
    )
    expect(answers.filter(a => a.status === 'fulfilled')).toHaveLength(1)
    const after = (await holdsOf(held)).find(h => h.holdId === holdId)!
    expect(after.extensions).toBe(1)
    expect(Date.parse(after.lapsesAt!)).toBe(seen.hold.lapsesAt!.getTime() + 90 * day * 1000)
    await lift(holdId)
  })
})

test('litigation and court orders stand for a hundred years until they are lifted, and cannot be extended', async () => {
  const holds = [await place('litigation'), await place('court-order')]
  for (const { holdId, lapsesAt } of holds) {
    expect(lapsesAt).toBeUndefined()
    expect((await refusal(act(holdId, 'extensions'))).reasons).toEqual(['hold.not-extendable'])
  }
  const now = instantOf(held.clock)
  held.clock.forward(36_525 * day)
  expect(await lapseHolds(held.estate.service, held.clock.date())).toBe(0)
  expect(await holdFact()).toBe(true)
  held.clock.to(now)
  const order = newHold(held.clock, 'court-order').authority
  expect((await refusal(lift(holds[1]!.holdId))).reasons).toEqual(['hold.authority-missing'])
  for (const { holdId } of holds) await lift(holdId, { reason: 'It is over.', authority: order })
})

test('a retried call with its key acts once and is answered alike; another body under that key is refused', async () => {
  const key = (name: string) => ({ 'idempotency-key': `hold-${name}-0001` })
  const body = newHold(held.clock, 'preservation')
  const before = (await holdsOf(held)).length
  const twice = await Promise.all([1, 2].map(() => held.manager.json<Hold>('POST', path, body, key('place'))))
  expect(twice[0]).toEqual(twice[1])
  expect((await holdsOf(held)).length).toBe(before + 1)
  const other = { ...body, caseRef: 'another' }
  expect((await refusal(held.manager.json('POST', path, other, key('place')))).status).toBe(422)

  const { holdId } = twice[0]!
  const twins = await Promise.all([1, 2].map(() => act(holdId, 'extensions', key('extend'))))
  expect(twins[1]).toEqual(twins[0])
  expect(await act(holdId, 'extensions', key('extend'))).toEqual(twins[0])
  const lifts = async () => (await entriesOf(held)).filter(e => e.ev === 'hold.lifted').length
  const liftsBefore = await lifts()
  const lifted = await lift(holdId, { reason: 'Over.' }, key('lift'))
  expect(await lift(holdId, { reason: 'Over.' }, key('lift'))).toEqual(lifted)
  expect(await lifts()).toBe(liftsBefore + 1)
})

test('no hold is placed on what was disposed of, and nothing that is held is disposed of', async () => {
  const { db } = held.estate.service
  const { exhibitNumber } = held.receipt
  const { holdId } = await place()
  const mark = () => db.transaction(tx => markDisposed(tx, exhibitNumber, held.clock.date()))
  expect(await mark()).toBe(false)
  await lift(holdId)
  expect(await mark()).toBe(true)
  expect(await mark()).toBe(false)
  const problem = await refusal(held.manager.json('POST', path, newHold(held.clock)))
  expect(problem).toMatchObject({ status: 403, reasons: ['exhibit.disposed'] })
  expect(await held.manager.json('GET', `/v1/exhibits/${exhibitNumber}`)).toMatchObject({
    disposedAt: instantOf(held.clock),
  })
})
