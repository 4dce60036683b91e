/** Holds and disposal, decided by the compiled policy. The journeys tell the same on a service. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { loadPolicy } from '../../service/policy/policy.ts'
import { changed, disposal, holding, matrices, nearMiss, now } from './examples.ts'

const policy = await loadPolicy()
const reasons = (facts: object, path: string, value?: unknown) =>
  policy.decide('access', changed(facts, path, value)).reasons

describe('disposal', () => {
  test.each([
    ['time', now, []],
    ['time', now - 1, ['retention.running']],
    ['time', now + 1, []],
    ['exhibit.retainUntil', now + 1, ['retention.running']],
    ['exhibit.retainUntil', undefined, ['retention.running']],
    ['exhibit.acquiredAt', disposal.exhibit.acquiredAt + 1, ['retention.running']],
    ['exhibit.hold', true, ['exhibit.held']],
    ['exhibit.state', 'disposed', ['exhibit.disposed']],
    ['exhibit.incidentType', 'unheard-of', ['retention.running', 'retention.unknown']],
    ['exhibit', undefined, ['exhibit.held', 'exhibit.missing', 'retention.running']],
    ['roles', ['records-manager'], ['role.not-allowed']],
    ['organisation', 'agency-a', ['organisation.not-custodian']],
  ] as const)('%s = %j: %j', (path, value, want) => {
    expect(reasons(disposal, path, value)).toEqual(want)
  })

  test('is never permitted while a hold is in force, or a second too early, whatever else is true', () => {
    const running = fc.oneof(
      nearMiss.map(facts => changed(facts, 'exhibit.hold', true)),
      nearMiss.map(facts => changed(facts, 'exhibit.retainUntil', facts.time + 1)),
      nearMiss.map(facts => changed(facts, 'exhibit.acquiredAt', facts.time)),
      nearMiss.map(facts => changed(facts, 'exhibit.state', 'disposed')),
    )
    fc.assert(
      fc.property(running, facts => {
        const asked = { ...facts, action: 'exhibit.dispose', organisation: 'custodian' } as const
        expect(policy.decide('access', { ...asked, roles: ['worker'] }).outcome).toBe('refuse')
      }),
      { seed: 23, numRuns: 1_000 },
    )
  })
})

test.each(Object.entries(holding))('%s: permitted in order', (_, facts) => {
  expect(policy.decide('access', facts)).toMatchObject({ outcome: 'permit', reasons: [] })
})

test('the days that a hold is given are those of its kind', () => {
  const days = (facts: object) => policy.decide('access', facts as never).obligations.holdDays
  const { lapse } = matrices.holds.preservation
  expect(days(holding.placing)).toBe(lapse!.days)
  expect(days(holding.extending)).toBe(lapse!.extensionDays)
  expect(days(holding.requesting)).toBe(matrices.holds.request.lapse!.days)
  const order = changed(changed(holding.placing, 'hold.kind', 'court-order'), 'authority.type', 'court-order')
  expect(policy.decide('access', order)).toMatchObject({ outcome: 'permit', obligations: { holdDays: 0 } })
  expect(days(holding.lifting)).toBe(0)
})

test.each([
  ['placing', 'hold.kind', 'request', ['hold.kind-not-allowed']],
  ['placing', 'hold.kind', 'litigation', ['hold.authority-not-for-kind']],
  ['placing', 'justification', undefined, ['hold.reason-missing']],
  ['placing', 'authority', undefined, ['hold.authority-missing']],
  ['placing', 'authority.issuedAt', now + 1, ['hold.authority-missing']],
  ['placing', 'hold', undefined, ['hold.missing']],
  ['extending', 'hold.extensions', 1, ['hold.extensions-spent']],
  ['extending', 'hold.lapsesAt', undefined, ['hold.not-extendable']],
  ['confirming', 'hold.kind', 'preservation', ['hold.not-confirmable']],
  ['lifting', 'justification', ' ', ['hold.reason-missing']],
  ['lifting', 'hold.kind', 'court-order', ['hold.authority-missing']],
  ['requesting', 'hold.kind', 'litigation', ['hold.kind-not-allowed']],
  ['requesting', 'agency.status', 'suspended', ['agency.inactive']],
  ['requesting', 'roles', ['records-manager'], ['organisation.not-custodian', 'role.not-allowed']],
  ['requesting', 'purpose', undefined, []],
] as const)('%s with %s = %j: %j', (act, path, value, want) => {
  expect(reasons(holding[act], path, value)).toEqual(want)
})
