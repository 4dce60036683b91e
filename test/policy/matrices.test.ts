import { describe, expect, test } from 'vitest'
import { Matrices } from '../../service/policy/matrices.ts'
import { changed, matrices } from './examples.ts'

const { schedule, jurisdictions } = matrices.retention
/** Every schedule that an exhibit can come under. */
const effective = Object.entries(jurisdictions).flatMap(([name, { schedule: own }]) =>
  Object.entries({ ...schedule, ...own }).map(([type, days]) => [`${type} in ${name}`, days] as const),
)

test.each(effective)('%s: low severity is kept 30 to 90 days, anything worse longer', (_, days) => {
  expect(days.low).toBeGreaterThanOrEqual(30)
  expect(days.low).toBeLessThanOrEqual(90)
  expect(days.medium).toBeGreaterThan(days.low)
  expect(days.high).toBeGreaterThanOrEqual(days.medium)
  expect(days.critical).toBeGreaterThanOrEqual(days.high)
})

test('every type of incident that can be recorded has a schedule', async () => {
  const { NewIncident } = await import('../../service/intake/wire.ts')
  expect(Object.keys(schedule).sort()).toEqual([...NewIncident.shape.incident_type.options].sort())
  expect(Object.keys(schedule.theft!).sort()).toEqual([...NewIncident.shape.severity.options].sort())
})

describe('a matrix that would decide wrongly without a word is refused whole', () => {
  test.each([
    ['an audit trail of less than a year', 'retention.auditDays', 364],
    ['a lock of half a year', 'retention.lockDays', 180],
    ['no lock at all', 'retention.lockDays', 0],
    ['a schedule that falls as severity rises', 'retention.schedule.theft.high', 364],
    ['a schedule without one severity', 'retention.schedule.theft.low', undefined],
    ['no days', 'retention.jurisdictions.de.schedule.theft.low', 0],
    ['a type that only a jurisdiction knows', 'retention.jurisdictions.de.schedule.arson', schedule.theft],
    ['a jurisdiction that leans on nothing', 'retention.jurisdictions.de.basis', []],
    ['a request whose hold does not lapse', 'holds.request.lapse', undefined],
    ['a kind of hold that nothing is said of', 'holds.litigation', undefined],
    ['an extension without an end', 'holds.preservation.lapse.extensions', 1_000],
    ['a ground that shows for a purpose unheard of', 'grounds.uncover.consent.purposes', ['curiosity']],
    ['a ground that both covers and shows', 'grounds.uncover.child', matrices.grounds.uncover.consent],
    ['no ground for what detectors find', 'grounds.cover.personal-data', undefined],
    ['a ground that shows by adding', 'grounds.uncover.consent.operations', ['add']],
    ['a leak limit without one of its parts', 'release.leakLimit.residualTracks', undefined],
    ['a least width for one class alone', 'release.leastWidthPx.plate', undefined],
    ['a least width that a whole face has', 'release.leastWidthPx.face', 101],
    ['a condition on an exhibit that is not needed', 'actions.request.read.exhibit', ['kept']],
  ] as const)('%s', (_, path, value) => {
    expect(Matrices.safeParse(matrices).success).toBe(true)
    const holed =
      path === 'actions.request.read.exhibit'
        ? {
            ...matrices,
            actions: { ...matrices.actions, 'request.read': { ...matrices.actions['request.read'], exhibit: value } },
          }
        : changed(matrices, path, value)
    expect(Matrices.safeParse(holed).success).toBe(false)
  })
})
