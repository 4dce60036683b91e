import { expect, test } from 'vitest'
import type { LedgerEntry } from '../../service/custody/chain.ts'
import { fields } from '../../service/custody/commitment.ts'
import { recipientOpenings } from '../../service/intake/openings.ts'

const [copy, otherCopy] = ['aa'.repeat(32), 'bb'.repeat(32)]
const acts: { ev: string; organisation: string; obj?: string; parent?: string }[] = [
  { ev: 'exhibit.acquired', organisation: 'custodian' },
  { ev: 'request.approved', organisation: 'agency-1' },
  { ev: 'request.approved', organisation: 'agency-2' },
  { ev: 'master.opened', organisation: 'custodian' },
  { ev: 'exhibit.redacted', organisation: 'custodian', obj: copy },
  { ev: 'exhibit.redacted', organisation: 'custodian', obj: otherCopy },
  { ev: 'redaction.reviewed', organisation: 'custodian', parent: copy },
  { ev: 'redaction.reviewed', organisation: 'custodian', parent: otherCopy },
  { ev: 'disclosure.prepared', organisation: 'custodian', parent: otherCopy },
  { ev: 'access.permitted', organisation: 'agency-2', obj: copy },
]
const chain: LedgerEntry[] = acts.map(({ ev, organisation, obj, parent }, index) => {
  const values = { ev, who: { organisation }, obj: { sha256: obj }, from: { parent }, pol: {}, legal: {} }
  const openings = fields.map(field => ({ index, field, nonce: '', value: values[field] }))
  return { index, bytes: new Uint8Array(), leafHash: '', openings }
})

test('a recipient sees its own acts and what made its copy, and no trace of another agency or another copy', () => {
  const opens = recipientOpenings(chain, 'agency-1', copy)
  const shown = chain.flatMap(entry => entry.openings.filter(opens)).map(({ index, field }) => `${index} ${field}`)
  const of = (index: number, ...shownFields: string[]) => shownFields.map(field => `${index} ${field}`)
  expect(shown.sort()).toEqual(
    [
      ...of(0, 'ev', 'from', 'obj'),
      ...of(1, ...fields),
      ...of(4, 'ev', 'from', 'obj'),
      ...of(6, 'ev', 'from', 'obj', 'pol'),
    ].sort(),
  )
})
