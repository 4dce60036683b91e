import fc from 'fast-check'
import { expect, test } from 'vitest'
import { packed, unpacked } from '../../service/redaction/parcel.ts'

const bytes = fc.uint8Array({ maxLength: 20 })
const { message } = fc.letrec(tie => ({
  message: fc.oneof(
    { maxDepth: 4 },
    fc.string(),
    fc.double({ noNaN: true }),
    fc.constantFrom(undefined, null, true),
    bytes,
    fc.float32Array({ noNaN: true, maxLength: 3 }),
    fc.array(tie('message'), { maxLength: 4 }),
    fc.dictionary(fc.string(), tie('message'), { maxKeys: 4 }).map(each => ({ ...each })),
  ),
}))

const travelled = (value: unknown) => {
  const sent = packed(value)
  return unpacked(structuredClone(sent.parcel), Uint8Array.from(Buffer.concat(sent.bytes)))
}

test('whatever is told arrives as it was, and no bytes of it go through the channel', () => {
  fc.assert(
    fc.property(message, value => {
      expect(travelled(value)).toStrictEqual(value)
      JSON.stringify(packed(value).parcel.wrapped, (_, part) => {
        expect(part).not.toBeInstanceOf(Uint8Array)
        return part
      })
    }),
  )
})

test('the same bytes in two places travel once', () => {
  const one = Uint8Array.of(1, 2, 3)
  const value = { a: one, b: [one, Uint8Array.of(4)] }
  expect(packed(value).bytes).toEqual([one, Uint8Array.of(4)])
  expect(travelled(value)).toEqual(value)
})
