import canonicalize from 'canonicalize'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { canonicalText } from '../../service/redaction/canonical-text.ts'

test('any JSON value has the text that RFC 8785 gives it, as another implementation sees it', () => {
  fc.assert(
    fc.property(
      fc.oneof(fc.dictionary(fc.string({ unit: 'grapheme' }), fc.jsonValue()), fc.array(fc.jsonValue())),
      value => {
        expect(canonicalText(value)).toBe(canonicalize(value))
      },
    ),
  )
})

test('keys that look like numbers keep their place, absent members stay absent', () => {
  expect(canonicalText({ b: 1, 10: 2, 9: 3, a: undefined })).toBe(canonicalize({ b: 1, 10: 2, 9: 3, a: undefined }))
})

test.each([[Number.NaN], [Number.POSITIVE_INFINITY], ['\ud800']])('%s is refused', value => {
  expect(() => canonicalText({ value })).toThrow(RangeError)
  expect(() => canonicalText([1, value])).toThrow(RangeError)
})
