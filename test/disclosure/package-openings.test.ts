import { expect, test } from 'vitest'
import type { LedgerEntry } from '../../service/custody/chain.ts'
import { fields } from '../../service/custody/commitment.ts'
import { type CopyDigests, recipientOpenings } from '../../service/intake/openings.ts'

const [copy, otherCopy] = ['aa'.repeat(32), 'bb'.repeat(32)]
const [certificate, otherCertificate] = ['cc'.repeat(32), 'dd'.repeat(32)]
const [made, changed] = ['ee'.repeat(32), 'ff'.repeat(32)]
interface Told {
  readonly ev: string
  readonly organisation: string
  readonly obj?: string
  readonly parent?: string
  readonly certificate?: string
  readonly plan?: string
}
const acts: Told[] = [
  { ev: 'exhibit.acquired', organisation: 'custodian' },
  { ev: 'request.approved', organisation: 'agency-1' },
  { ev: 'request.approved', organisation: 'agency-2' },
  { ev: 'master.opened', organisation: 'custodian' },
  { ev: 'exhibit.redacted', organisation: 'custodian', obj: copy, plan: made, certificate },
  { ev: 'exhibit.redacted', organisation: 'custodian', obj: otherCopy },
  { ev: 'redaction.reviewed', organisation: 'custodian', parent: copy, certificate },
  { ev: 'redaction.reviewed', organisation: 'custodian', parent: otherCopy },
  { ev: 'disclosure.prepared', organisation: 'custodian', parent: otherCopy },
  { ev: 'access.permitted', organisation: 'agency-2', obj: copy },
]
const chainOf = (told: readonly Told[]): LedgerEntry[] =>
  told.map(({ ev, organisation, obj, ...from }, index) => {
    const values = { ev, who: { organisation }, obj: { sha256: obj }, from, pol: {}, legal: {} }
    const openings = fields.map(field => ({ index, field, nonce: '', value: values[field] }))
    return { index, bytes: new Uint8Array(), leafHash: '', openings }
  })
const shownOf = (told: readonly Told[], digests: CopyDigests): string[] => {
  const opens = recipientOpenings(chainOf(told), 'agency-1', digests)
  const openings = chainOf(told).flatMap(entry => entry.openings.filter(opens))
  return openings.map(({ index, field }) => `${index} ${field}`).sort()
}
const of = (index: number, ...shown: string[]) => shown.map(field => `${index} ${field}`)

test('a recipient sees its own acts and what made its copy, and no trace of another agency or another copy', () => {
  expect(shownOf(acts, { sha256: copy, certificate })).toEqual(
    [
      ...of(0, 'ev', 'from', 'obj'),
      ...of(1, ...fields),
      ...of(4, 'ev', 'from', 'obj'),
      ...of(6, 'ev', 'from', 'obj', 'pol'),
    ].sort(),
  )
})

test('where two plans make the same bytes it sees the one of its copy, and no edits that led back to what detectors made', () => {
  const custodian = { organisation: 'custodian' }
  const twice: Told[] = [
    { ev: 'redaction.planned', ...custodian, obj: made },
    { ev: 'exhibit.redacted', ...custodian, obj: copy, plan: made, certificate },
    { ev: 'redaction.planned', ...custodian, obj: changed, plan: made },
    { ev: 'exhibit.redacted', ...custodian, obj: copy, plan: changed, certificate: otherCertificate },
    { ev: 'redaction.reviewed', ...custodian, parent: copy, certificate: otherCertificate },
    { ev: 'redaction.planned', ...custodian, obj: made, plan: changed },
    { ev: 'exhibit.redacted', ...custodian, obj: copy, plan: made, certificate },
  ]
  const derived = (...indices: number[]) => indices.flatMap(index => of(index, 'ev', 'from', 'obj'))
  expect(shownOf(twice, { sha256: copy, certificate })).toEqual(derived(0, 1, 6))
  expect(shownOf(twice, { sha256: copy, certificate: otherCertificate })).toEqual(
    [...derived(0, 2, 3), ...of(4, 'ev', 'from', 'obj', 'pol')].sort(),
  )
})
