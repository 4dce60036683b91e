import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { editOperations, type Facts, trackOrigins } from '../../service/policy/facts.ts'
import { Matrices } from '../../service/policy/matrices.ts'
import { findOpa } from '../../service/policy/tools.ts'

export const now = 1_767_225_600
const day = 86_400

export const filing = {
  action: 'request.file',
  subject: 'officer-1',
  roles: ['officer'],
  organisation: 'agency-a',
  assurance: 2,
  time: now,
  purpose: 'criminal-investigation',
  authority: {
    type: 'warrant',
    identifier: 'W-2025-114',
    issuer: 'district court',
    issuedAt: now - day,
    scope: 'theft',
    documentSha256: 'ab'.repeat(32),
  },
  justification: 'Identify the person who left without paying',
  exhibit: {
    class: 'video',
    sensitivity: 'ordinary',
    region: 'eu',
    hold: false,
    state: 'kept',
    incidentType: 'theft',
    severity: 'medium',
    jurisdiction: 'default',
    acquiredAt: now - day,
    retainUntil: now + 364 * day,
    agencyId: 'agency-a',
  },
  agency: { id: 'agency-a', status: 'active', region: 'eu', mouUntil: now + day },
} as const satisfies Facts

export const download = {
  ...filing,
  action: 'package.download',
  request: { state: 'permitted', agencyId: 'agency-a', expiresAt: now + day, approvals: 0, downloads: 4 },
} as const satisfies Facts

/** A disposal to which nothing is missing: the last second of the schedule has just passed. */
export const disposal = {
  action: 'exhibit.dispose',
  subject: 'worker',
  roles: ['worker'],
  organisation: 'custodian',
  assurance: 1,
  time: now,
  exhibit: { ...filing.exhibit, acquiredAt: now - 365 * day, retainUntil: now },
} as const satisfies Facts

const manager = { subject: 'manager-1', roles: ['records-manager'], organisation: 'custodian', assurance: 2, time: now }
const preserving = { kind: 'preservation', organisation: 'agency-c', placedAt: now, extensions: 0, confirmed: false }
const requested = { kind: 'request', organisation: 'agency-a', placedAt: now, extensions: 0, confirmed: false }

export const holding = {
  placing: {
    ...manager,
    action: 'hold.place',
    authority: { type: 'preservation-request', identifier: 'P-7', issuer: 'agency-c', issuedAt: now - day },
    justification: 'Legal process will follow',
    exhibit: filing.exhibit,
    hold: preserving,
  },
  extending: {
    ...manager,
    action: 'hold.extend',
    exhibit: filing.exhibit,
    hold: { ...preserving, lapsesAt: now + day },
  },
  confirming: {
    ...manager,
    action: 'hold.confirm',
    exhibit: filing.exhibit,
    hold: { ...requested, lapsesAt: now + day },
  },
  lifting: {
    ...manager,
    action: 'hold.lift',
    justification: 'The case was closed',
    exhibit: filing.exhibit,
    hold: { ...preserving, lapsesAt: now + day },
  },
  requesting: {
    ...filing,
    action: 'hold.request',
    hold: requested,
  },
} as { [act in 'placing' | 'extending' | 'confirming' | 'lifting' | 'requesting']: Facts }

export const editing = {
  ...manager,
  action: 'plan.edit',
  roles: ['records-manager'],
  purpose: filing.purpose,
  justification: 'It is the person whom the warrant names',
  exhibit: filing.exhibit,
  request: download.request,
  edit: { operation: 'visible', class: 'face', origin: 'detector', ground: 'suspect-visible' },
} as const satisfies Facts

export const reviewing = {
  ...manager,
  action: 'disclosure.review',
  roles: ['records-manager'],
  exhibit: filing.exhibit,
  request: download.request,
  review: { outcome: 'release', editors: ['manager-2'] },
} as const satisfies Facts

type Path = readonly string[]
type Tree = { [key: string]: unknown }

/** A copy of `facts` with `value` at the dotted path; without one, what stands there is removed. */
export function changed(facts: object, path: string, value?: unknown): Facts {
  const copy = structuredClone(facts) as Tree
  const keys: Path = path.split('.')
  const last = keys.at(-1)!
  const parent = keys.slice(0, -1).reduce<Tree | undefined>((at, key) => at?.[key] as Tree | undefined, copy)
  if (parent && value === undefined) delete parent[last]
  else if (parent) parent[last] = value
  return copy as Facts
}

export const matrices = Matrices.parse(JSON.parse(readFileSync('policies/data.json', 'utf8')))
const authorityTypes = [...Object.keys(matrices.authorities), 'preservation-request']

/** Every request that the matrices permit, by purpose, authority, role and sensitivity. */
export const permittedFilings: Facts[] = Object.entries(matrices.purposes).flatMap(
  ([purpose, { authorities, roles }]) =>
    Object.keys(authorities).flatMap(type =>
      roles.flatMap(role =>
        Object.entries(matrices.sensitivities)
          .filter(([, row]) => row.authorities.includes(type))
          .map(([sensitivity]) => {
            const stated = { ...filing, purpose, roles: [role], authority: { ...filing.authority, type } }
            return changed(stated, 'exhibit.sensitivity', sensitivity)
          }),
      ),
    ),
)

const text = fc.oneof(
  fc.constantFrom('', ' ', '\u200b', '\u00a0\u3000', 'x'.repeat(19), 'x'.repeat(20)),
  fc.string({ unit: 'grapheme', maxLength: 60 }),
)
const someTime = fc.constantFrom(-1, 0, 1, -14 * day, -14 * day - 1, -90 * day, 2 * day).map(offset => now + offset)
const agency = fc.constantFrom('agency-a', 'agency-b', 'custodian')
const values: Record<string, fc.Arbitrary<unknown>> = {
  action: fc.constantFrom(...Object.keys(matrices.actions)),
  roles: fc.subarray(Object.keys(matrices.roles), { maxLength: 3 }),
  organisation: agency,
  assurance: fc.integer({ min: 1, max: 3 }),
  time: someTime,
  purpose: fc.oneof(fc.constantFrom(...Object.keys(matrices.purposes)), text),
  authority: fc.constant(undefined),
  'authority.type': fc.oneof(fc.constantFrom(...authorityTypes), text),
  'authority.identifier': text,
  'authority.issuer': text,
  'authority.issuedAt': someTime,
  'authority.scope': fc.constantFrom('general', 'theft', 'fraud', ''),
  'authority.documentSha256': fc.constantFrom('cd'.repeat(32), undefined),
  justification: text,
  exhibit: fc.constant(undefined),
  'exhibit.class': fc.constantFrom('video', 'audio', 'still'),
  'exhibit.sensitivity': fc.constantFrom('ordinary', 'sensitive', 'restricted'),
  'exhibit.region': fc.constantFrom('eu', 'us', 'gb', 'elsewhere'),
  'exhibit.state': fc.constantFrom('kept', 'disposed'),
  'exhibit.hold': fc.boolean(),
  'exhibit.severity': fc.constantFrom('low', 'medium', 'critical', 'unheard-of'),
  'exhibit.jurisdiction': fc.constantFrom('default', 'de', 'fr', 'elsewhere'),
  'exhibit.acquiredAt': fc.constantFrom(-365 * day, -365 * day + 1, -180 * day, 0).map(offset => now + offset),
  'exhibit.retainUntil': fc.oneof(someTime, fc.constant(undefined)),
  'exhibit.incidentType': fc.constantFrom('theft', 'fraud', 'unheard-of'),
  'exhibit.agencyId': fc.oneof(agency, fc.constant(undefined)),
  request: fc.constant(undefined),
  'request.state': fc.constantFrom('received', 'permitted', 'refused', 'withdrawn'),
  'request.agencyId': agency,
  'request.expiresAt': someTime,
  'request.approvals': fc.integer({ min: 0, max: 3 }),
  'request.downloads': fc.integer({ min: 0, max: 6 }),
  hold: fc.constant(undefined),
  'hold.kind': fc.constantFrom(...Object.keys(matrices.holds)),
  'hold.lapsesAt': fc.oneof(someTime, fc.constant(undefined)),
  'hold.extensions': fc.integer({ min: 0, max: 2 }),
  'hold.confirmed': fc.boolean(),
  edit: fc.constant(undefined),
  'edit.operation': fc.constantFrom(...editOperations),
  'edit.class': fc.constantFrom('face', 'plate', 'region'),
  'edit.origin': fc.constantFrom(...trackOrigins),
  'edit.ground': fc.oneof(
    fc.constantFrom(...Object.values(matrices.grounds).flatMap(side => Object.keys(side)), undefined),
    text,
  ),
  review: fc.constant(undefined),
  'review.outcome': fc.constantFrom('release', 'withhold'),
  'review.editors': fc.subarray(['manager-1', 'manager-2']),
  agency: fc.constant(undefined),
  'agency.id': agency,
  'agency.status': fc.constantFrom('active', 'suspended', 'closed'),
  'agency.region': fc.constantFrom('eu', 'us', 'elsewhere'),
  'agency.mouUntil': fc.oneof(someTime, fc.constant(undefined)),
}

/** Near misses: facts that would be permitted, changed or thinned out in up to four places. */
export const nearMiss: fc.Arbitrary<Facts> = fc
  .tuple(
    fc.constantFrom<Facts>(
      filing,
      download,
      disposal,
      editing,
      reviewing,
      ...Object.values(holding),
      ...permittedFilings,
    ),
    fc.array(
      fc.constantFrom(...Object.keys(values)).chain(path => values[path]!.map(value => [path, value] as const)),
      { maxLength: 4 },
    ),
  )
  .map(([facts, changes]) => changes.reduce((at, [path, value]) => changed(at, path, value), facts))

/** The path of opa, or why the tests that need it are left out. */
export const opa = ((): { path: string; missing?: undefined } | { path?: undefined; missing: string } => {
  try {
    return { path: findOpa() }
  } catch (error) {
    return { missing: (error as Error).message }
  }
})()
