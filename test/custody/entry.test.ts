import { createHash } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { checkOpening, commit, fields, fieldValue } from '../../service/custody/commitment.ts'
import { toHex } from '../../service/custody/encoding.ts'
import { type Entry, EntryError, encodeEntry, parseEntry } from '../../service/custody/entry.ts'
import { formatTime, parseTime } from '../../service/custody/time.ts'
import { testAct } from './setup.ts'

const hex = (bytes: number) => fc.uint8Array({ minLength: bytes, maxLength: bytes }).map(toHex)
const count = (min: number) => fc.integer({ min, max: Number.MAX_SAFE_INTEGER })
const commitments = fc.record({ ev: hex(32), obj: hex(32), from: hex(32), pol: hex(32), who: hex(32), legal: hex(32) })
const common = { log: fc.constant('ledger.example/x'), chain: hex(16), req: hex(16), blind: hex(16), c: commitments }
const micros = fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER })
const anyEntry = fc.oneof(
  fc.record({ ...common, seq: fc.constant(1), t: micros.map(formatTime) }),
  fc.record({ ...common, seq: count(2), t: micros.map(formatTime), prev: fc.record({ i: count(0), h: hex(32) }) }),
)

const example: Omit<Entry, 'v'> = {
  log: 'ledger.example/x',
  chain: '0'.repeat(32),
  seq: 1,
  t: '2026-02-03T04:05:06.000007Z',
  req: '1'.repeat(32),
  blind: '2'.repeat(32),
  c: Object.fromEntries(fields.map(field => [field, 'a'.repeat(64)])) as Entry['c'],
}
const encoded = (members: object) => new TextEncoder().encode(JSON.stringify(members))

/** The example's members in canonical order, so that only the change under test can be what is refused. */
function changed(change: object): Uint8Array {
  const members = { ...JSON.parse(new TextDecoder().decode(encodeEntry(example))), ...change }
  return encoded(Object.fromEntries(Object.entries(members).sort(([a], [b]) => (a < b ? -1 : 1))))
}

describe('an entry', () => {
  test('is read back from its bytes', () => {
    fc.assert(
      fc.property(anyEntry, entry => {
        expect(parseEntry(encodeEntry(entry))).toEqual({ v: 'custos-entry/v1', ...entry })
      }),
    )
  })

  test('is never read from bytes that were changed into another text of the same or no meaning', () => {
    fc.assert(
      fc.property(anyEntry, fc.nat(), fc.integer({ min: 1, max: 255 }), (entry, at, change) => {
        const bytes = encodeEntry(entry)
        bytes[at % bytes.length]! ^= change
        const read = attempt(() => parseEntry(bytes))
        if (read) expect(encodeEntry(read)).toEqual(bytes)
      }),
    )
  })

  test.each([
    ['an unknown member', { x: 1 }],
    ['an unknown version', { v: 'custos-entry/v2' }],
    ['a missing commitment', { c: { ...example.c, ev: undefined } }],
    ['a commitment of another length', { c: { ...example.c, ev: 'ab' } }],
    ['upper-case hex', { chain: 'A'.repeat(32) }],
    ['seq zero', { seq: 0 }],
    ['a second entry without prev', { seq: 2 }],
    ['a first entry with prev', { prev: { h: '0'.repeat(64), i: 0 } }],
    ['a day that does not exist', { t: '2026-02-30T00:00:00.000000Z' }],
    ['milliseconds', { t: '2026-02-03T04:05:06.000Z' }],
    ['another time zone', { t: '2026-02-03T04:05:06.000007+00:00' }],
    ['a log name with a space', { log: 'ledger example' }],
    ['a number as text', { seq: '1' }],
  ])('is refused with %s', (_name, change) => {
    expect(parseEntry(changed({}))).toBeDefined()
    expect(() => parseEntry(changed(change))).toThrow(EntryError)
  })

  test('is refused with a member named __proto__', () => {
    const json = new TextDecoder().decode(encodeEntry(example))
    const smuggled = new TextEncoder().encode(json.replace('{"blind"', '{"__proto__":{"x":1},"blind"'))
    expect(() => parseEntry(smuggled)).toThrow(EntryError)
  })

  test('keeps time to the microsecond', () => {
    fc.assert(fc.property(micros, time => parseTime(formatTime(time)) === time))
    expect(formatTime(1_767_225_600_000_001)).toBe('2026-01-01T00:00:00.000001Z')
  })
})

describe('a commitment', () => {
  const nonce = new Uint8Array(32).fill(9)

  test('is the hash that docs/formats/entry.md describes', () => {
    const preimage = Buffer.concat([
      Buffer.from('custos-commit/v1\0\x05legal', 'latin1'),
      nonce,
      Buffer.from('{"a":[1,true],"b":"ü"}'),
    ])
    expect(toHex(commit('legal', nonce, { b: 'ü', a: [1, true] }))).toBe(
      createHash('sha256').update(preimage).digest('hex'),
    )
  })

  test('is opened by its own field, nonce and value alone', () => {
    const entry = {
      ...example,
      v: 'custos-entry/v1',
      c: { ...example.c, ev: toHex(commit('ev', nonce, 'hold.placed')) },
    } as const
    const opening = {
      index: 0,
      field: 'ev',
      nonce: Buffer.from(nonce).toString('base64'),
      value: 'hold.placed',
    } as const
    expect(checkOpening(entry, opening)).toBe(true)
    expect(checkOpening(entry, { ...opening, value: 'hold.lifted' })).toBe(false)
    expect(checkOpening(entry, { ...opening, field: 'obj' })).toBe(false)
    expect(checkOpening(entry, { ...opening, nonce: Buffer.alloc(32).toString('base64') })).toBe(false)
    expect(checkOpening(entry, { ...opening, nonce: `${opening.nonce} ` })).toBe(false)
    expect(checkOpening(entry, { ...opening, value: 1.5 })).toBe(false)
  })

  test('stands for {} where the act has no such field', () => {
    expect(fields.map(field => fieldValue(testAct(), field))).toEqual([
      'exhibit.acquired',
      { sha256: 'ab'.repeat(32), len: 1234, role: 'master' },
      {},
      {},
      { subject: 'person-1', organisation: 'agency-1', credential: 'token-1' },
      {},
    ])
  })
})

function attempt<Value>(body: () => Value): Value | undefined {
  try {
    return body()
  } catch {
    return undefined
  }
}
