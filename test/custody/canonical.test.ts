import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { CanonicalError, canonicalJson, parseCanonical } from '../../service/custody/canonical.ts'

const text = (value: unknown) => new TextDecoder().decode(canonicalJson(value))
const bytes = (json: string) => new TextEncoder().encode(json)

const anyText = fc.string({ unit: 'grapheme', maxLength: 8 }).map(s => s.normalize('NFC'))
const anyJson = fc.letrec(tie => ({
  value: fc.oneof(
    { maxDepth: 4 },
    fc.boolean(),
    fc.maxSafeInteger().map(n => n + 0),
    anyText,
    tie('list'),
    tie('record'),
  ),
  list: fc.array(tie('value'), { maxLength: 4 }),
  record: fc.dictionary(anyText, tie('value'), { maxKeys: 4, noNullPrototype: false }),
})).value

describe('canonical JSON', () => {
  test('orders members by UTF-16 code units and escapes as RFC 8785 says', () => {
    expect(
      text({ '\u20ac': 'Euro Sign', '\r': 'Carriage Return', '1': 'One', '\u{1f600}': 'Smiley', '\u05d3\u05bc': 'x' }),
    ).toBe(`{"\\r":"Carriage Return","1":"One","\u05d3\u05bc":"x","\u20ac":"Euro Sign","\u{1f600}":"Smiley"}`)
    expect(text(['\u20ac$\u000f\nA\'B"\\\\"/'])).toBe(`["\u20ac$\\u000f\\nA'B\\"\\\\\\\\\\"/"]`)
  })

  test('reads back what it wrote, in the same bytes', () => {
    fc.assert(
      fc.property(anyJson, value => {
        const once = canonicalJson(value)
        expect(parseCanonical(once)).toEqual(value)
        expect(canonicalJson(parseCanonical(once))).toEqual(once)
      }),
    )
  })

  test.each([
    ['a float', 1.5],
    ['minus zero', -0],
    ['an integer beyond 2^53', 2 ** 53],
    ['NaN', Number.NaN],
    ['null', null],
    ['undefined', undefined],
    ['a member that is undefined', { a: undefined }],
    ['a hole', Array(1)],
    ['text that is not NFC', 'e\u0301'],
    ['a name that is not NFC', { 'e\u0301': 1 }],
    ['a lone surrogate', '\ud800'],
    ['a date', new Date(0)],
    ['a boxed number', Object(1)],
    ['a map', new Map()],
    ['bytes', new Uint8Array(1)],
    ['a bigint', 1n],
    ['a function', () => 1],
    ['what would turn itself into something else', { toJSON: () => 1 }],
    [
      'nesting without end',
      (() => {
        const a: unknown[] = []
        a.push(a)
        return a
      })(),
    ],
    ['more than 16 KiB', 'x'.repeat(16 * 1024 - 1)],
  ])('refuses %s', (_name, value) => {
    expect(() => canonicalJson(value)).toThrow(CanonicalError)
    expect(() => canonicalJson([value])).toThrow(CanonicalError)
  })

  test.each([
    ['a duplicate member', '{"a":1,"a":1}'],
    ['members out of order', '{"b":1,"a":1}'],
    ['white space', '{"a": 1}'],
    ['a final newline', '{"a":1}\n'],
    ['another number form', '{"a":1e0}'],
    ['a needless escape', '{"a":"\\u0041"}'],
    ['an escaped solidus', '"\\/"'],
    ['a byte order mark', '\ufeff{}'],
    ['a null', '{"a":null}'],
    ['a float', '[0.5]'],
    ['minus zero', '[-0]'],
    ['no JSON', '{'],
    ['nothing', ''],
  ])('refuses bytes with %s', (_name, json) => {
    expect(() => parseCanonical(bytes(json))).toThrow(CanonicalError)
  })

  test('refuses bytes that are not UTF-8, and over-long ones before it reads them', () => {
    expect(() => parseCanonical(Uint8Array.of(0x22, 0xc0, 0x80, 0x22))).toThrow(CanonicalError)
    expect(() => parseCanonical(bytes(`"${'x'.repeat(16 * 1024 - 1)}"`))).toThrow(/more than 16384/)
    expect(parseCanonical(bytes(`"${'x'.repeat(20_000)}"`), 32_768)).toHaveLength(20_000)
  })

  test('keeps a member named __proto__ as the member that it is', () => {
    const json = '{"__proto__":{"a":1}}'
    expect(text(parseCanonical(bytes(json)))).toBe(json)
  })
})
