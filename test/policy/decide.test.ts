import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { rules } from '../../service/policy/decision.ts'
import { openEngine } from '../../service/policy/engine.ts'
import type { Facts } from '../../service/policy/facts.ts'
import { loadPolicy } from '../../service/policy/policy.ts'
import { changed, download, editing, filing, matrices, nearMiss, now, permittedFilings } from './examples.ts'

const policy = await loadPolicy()
const engine = openEngine(readFileSync('policies/policy.wasm'), matrices, Object.values(rules))
const sha256 = (bytes: Uint8Array | string) => createHash('sha256').update(bytes).digest('hex')

test('a request to which nothing is missing is permitted, with its obligations', () => {
  const decision = policy.decide('disclosure', filing)
  expect(decision).toMatchObject({ rule: 'disclosure', outcome: 'permit', reasons: [] })
  expect(decision.obligations).toEqual({
    approvals: 0,
    audio: 'drop',
    couldNotTell: 'blank',
    expiresAfterDays: 30,
    fill: 'constant',
    holdDays: 0,
    leakLimit: { boundPerMillion: 1_000_000, couldNotTellFrames: 0, residualTracks: 0 },
    leastWidthPx: { face: 6, plate: 18 },
    lockDays: 0,
    maxDownloads: 5,
    redact: ['face', 'plate'],
    region: 'eu',
    retentionDays: 365,
  })
})

test('a decision names the bytes that it was made of', () => {
  const decision = policy.decide('disclosure', filing)
  expect(decision.bundle).toBe(sha256(readFileSync('policies/policy.wasm')))
  expect(decision.data).toBe(sha256(readFileSync('policies/data.json')))
  expect(decision.inputDigest).toBe(sha256(decision.input))
  expect(JSON.parse(decision.input)).toEqual(filing)
  const { outcome, reasons, obligations } = decision
  expect(JSON.parse(decision.answer)).toEqual({ outcome, reasons, obligations })
})

describe('disclosure: each rule refuses in its own words', () => {
  test.each([
    ['purpose', undefined, ['purpose.missing']],
    ['purpose', 'curiosity', ['purpose.unknown']],
    ['roles', ['lawyer'], ['purpose.role-not-allowed']],
    ['roles', ['auditor'], ['purpose.role-not-allowed', 'role.not-allowed']],
    ['authority', undefined, ['authority.missing']],
    ['authority.issuer', '  ', ['authority.issuer-missing']],
    ['authority.documentSha256', undefined, ['authority.document-missing']],
    ['authority.type', 'subpoena', ['authority.type-not-for-purpose']],
    ['authority.issuedAt', now + 1, ['authority.not-yet-issued']],
    ['authority.issuedAt', now - 14 * 86_400, []],
    ['authority.issuedAt', now - 14 * 86_400 - 1, ['authority.expired']],
    ['authority.scope', 'fraud', ['authority.scope-too-narrow']],
    ['justification', undefined, ['justification.missing']],
    ['justification', ' '.repeat(40), ['justification.missing']],
    ['justification', 'x'.repeat(19), ['justification.too-short']],
    ['agency.status', 'suspended', ['agency.inactive']],
    ['agency.mouUntil', now, ['agency.mou-expired']],
    ['agency.mouUntil', undefined, ['agency.mou-missing']],
    ['agency.region', 'us', ['region.crossing-without-basis']],
    ['exhibit.class', 'audio', ['exhibit.class-not-releasable']],
    ['exhibit.agencyId', 'agency-b', ['tenant.mismatch']],
    ['exhibit.state', 'disposed', ['exhibit.disposed']],
    ['exhibit.severity', 'unheard-of', ['retention.unknown']],
    ['exhibit.jurisdiction', 'unheard-of', ['retention.unknown']],
    ['assurance', 1, ['assurance.too-low']],
    ['action', 'request.read', ['action.not-a-request', 'request.missing']],
  ] as const)('%s = %j: %j', (path, value, reasons) => {
    const decision = policy.decide('disclosure', changed(filing, path, value))
    expect(decision.reasons).toEqual(reasons)
    expect(decision.outcome).toBe(reasons.length === 0 ? 'permit' : 'refuse')
  })

  test('and all that failed are named at once', () => {
    const bare = ['purpose', 'authority', 'justification'].reduce<object>((facts, path) => changed(facts, path), filing)
    expect(policy.decide('disclosure', bare as never).reasons).toEqual([
      'authority.missing',
      'justification.missing',
      'purpose.missing',
    ])
  })
})

describe('access: each rule refuses in its own words', () => {
  test.each([
    ['time', now + 1, []],
    ['time', now + 86_400, ['agency.mou-expired', 'request.expired']],
    ['request.downloads', 5, ['request.downloads-spent']],
    ['request.state', 'refused', ['request.not-permitted']],
    ['request.agencyId', 'agency-b', ['tenant.mismatch']],
    ['exhibit.sensitivity', 'restricted', ['request.approvals-missing']],
    ['request', undefined, ['request.missing']],
    ['exhibit.state', 'disposed', ['exhibit.disposed']],
    ['exhibit.region', 'us', ['region.crossing-without-basis']],
    ['agency.region', 'elsewhere', ['region.crossing-without-basis']],
    ['roles', ['officer', 'records-manager'], ['organisation.not-custodian', 'role.conflict']],
    ['purpose', undefined, ['obligations.unknown', 'request.approvals-missing', 'request.downloads-spent']],
  ] as const)('%s = %j: %j', (path, value, reasons) => {
    expect(policy.decide('access', changed(download, path, value)).reasons).toEqual(reasons)
  })
})

describe('an edit of a plan', () => {
  test.each([
    ['edit.ground', 'suspect-visible', []],
    ['edit.ground', 'personal-data', ['edit.ground-not-for-edit']],
    ['edit.ground', undefined, ['edit.ground-missing']],
    ['edit.ground', 'because', ['edit.ground-unknown']],
    ['purpose', 'civil-litigation', ['edit.ground-not-for-purpose']],
    ['justification', ' ', ['edit.reason-missing']],
    ['edit', undefined, ['edit.missing']],
    ['roles', ['officer'], ['role.not-allowed', 'tenant.mismatch']],
    ['edit.operation', 'burn', ['facts.invalid']],
    ['edit.reason', 'said elsewhere', ['facts.invalid']],
  ] as const)('%s = %j: %j', (path, value, reasons) => {
    expect(policy.decide('access', changed(editing, path, value)).reasons).toEqual(reasons)
  })
})

test('whoever is refused gets no obligations, no time and no download', () => {
  const { obligations } = policy.decide('disclosure', changed(filing, 'purpose'))
  expect(obligations).toMatchObject({ expiresAfterDays: 0, maxDownloads: 0, audio: 'drop', redact: ['face', 'plate'] })
  expect(obligations.leakLimit).toEqual({ boundPerMillion: 0, couldNotTellFrames: 0, residualTracks: 0 })
  expect(obligations.leastWidthPx).toEqual({ face: 0, plate: 0 })
})

test('an acquisition is told how long to keep what it acquires', () => {
  const { agency: _, ...facts } = {
    ...filing,
    action: 'exhibit.acquire',
    roles: ['device'],
    organisation: 'custodian',
  } satisfies Facts
  expect(policy.decide('access', facts)).toMatchObject({
    outcome: 'permit',
    obligations: { lockDays: 14, retentionDays: 365 },
  })
  for (const part of ['incidentType', 'severity', 'jurisdiction']) {
    const unknown = changed(facts, `exhibit.${part}`, 'unheard-of')
    expect(policy.decide('access', unknown).reasons, part).toEqual(['retention.unknown'])
  }
})

const paths = (tree: object, prefix = ''): string[] =>
  Object.entries(tree).flatMap(([key, value]) => [
    prefix + key,
    ...(typeof value === 'object' && !Array.isArray(value) ? paths(value, `${prefix}${key}.`) : []),
  ])

test('a permitted request that loses any compulsory fact is refused', () => {
  const optional = (facts: object, path: string) =>
    ['exhibit.agencyId', 'exhibit.retainUntil'].includes(path) ||
    (path === 'authority.documentSha256' && JSON.stringify(facts).includes('emergency-declaration'))
  expect(permittedFilings.length).toBeGreaterThan(30)
  for (const facts of permittedFilings) {
    expect(policy.decide('disclosure', facts).outcome).toBe('permit')
    for (const path of paths(facts).filter(p => !optional(facts, p))) {
      expect(policy.decide('disclosure', changed(facts, path)), path).toMatchObject({
        outcome: 'refuse',
        reasons: [expect.anything()],
      })
    }
  }
})

test('the rules alone, without the strict border before them, refuse as well', () => {
  // What only a disposal is judged by, and what an agency may lack.
  const unread = ['subject', 'exhibit.hold', 'exhibit.acquiredAt', 'exhibit.retainUntil', 'exhibit.agencyId']
  for (const [rule, facts] of [
    ['disclosure', filing],
    ['access', download],
  ] as const) {
    const read =
      rule === 'access'
        ? [...paths(facts.request).map(p => `request.${p}`), 'request', 'time', 'roles', 'agency', 'purpose']
        : paths(facts)
    for (const path of read.filter(p => !unread.includes(p))) {
      expect(engine.evaluate(rules[rule], changed(facts, path)), path).toMatchObject({ outcome: 'refuse' })
    }
  }
})

test('a permit has no reason and a refusal has at least one, in rising order', () => {
  fc.assert(
    fc.property(nearMiss, fc.constantFrom('access', 'disclosure'), (facts, rule) => {
      const { outcome, reasons } = policy.decide(rule, facts)
      expect(outcome === 'permit').toBe(reasons.length === 0)
      expect([...new Set(reasons)].sort()).toEqual(reasons)
      expect(reasons).not.toContain('policy.failed')
      expect(reasons).not.toContain('policy.undecided')
    }),
    { seed: 7, numRuns: 2_000 },
  )
})
