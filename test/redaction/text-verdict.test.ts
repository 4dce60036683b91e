import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { couldBePlate, couldBeTwoLines, verdictOn, verdictOnTwo } from '../../service/redaction/text-verdict.ts'

describe('writing that could be a plate', () => {
  test.each([
    'AB12 CDE',
    'AB12CDE',
    'B-MW 1234',
    'B·MW 1234',
    '7ABC123',
    'R 123 ABC 77',
    '京A·12345',
    '12-345-67',
    '1234567',
    'MH12AB1234',
    'ab 12 cde',
    'ENTRY AB12CDE 12:03:44',
    'CAM 3 AB12 CDE',
    'ENTRY LANE AB12 CDE',
    '2024-03-01 12:34:56 AB12CDE',
  ])('%s', text => expect(couldBePlate(text)).toBe(true))
})

describe('writing that is none', () => {
  test.each([
    '2024-03-01 12:34:56',
    '2024-03-0112:34:56',
    '2024/03/01',
    '01-03-2024',
    '01.03.24',
    '03/31/2024 11:59:59 PM',
    '12:34:56',
    '12:34:56.120',
    '12.34.56',
    '123456',
    '20240301',
    'FRI 01 MAR 2024 12:34',
    'Mon 01/03/2024',
    '01 MAR 2024',
    'CAM 01',
    'Camera-3',
    'CH02',
    '1080P',
    '25 FPS',
    '$12.99',
    '12,99 €',
    '50%',
    '2024年03月01日 星期五',
    'CAM 11 YARD D00R IR',
    'CAM 11 YARD',
    'OFFERS 3.99',
    'OPEN 24/7',
    'STORE',
    'EXIT ONLY',
    'TOMATO SOUP',
    '42',
    'A1',
    '',
  ])('%s', text => expect(couldBePlate(text)).toBe(false))

  test('every clock of every day, as recorders burn it in', () => {
    const two = (value: number) => String(value).padStart(2, '0')
    const moment = fc.date({ min: new Date('2000-01-01'), max: new Date('2049-12-31'), noInvalidDate: true })
    fc.assert(
      fc.property(moment, fc.constantFrom('-', '/', '.'), fc.boolean(), (at, mark, dayFirst) => {
        const date = [String(at.getUTCFullYear()), two(at.getUTCMonth() + 1), two(at.getUTCDate())]
        const day = (dayFirst ? date.toReversed() : date).join(mark)
        const time = `${two(at.getUTCHours())}:${two(at.getUTCMinutes())}:${two(at.getUTCSeconds())}`
        for (const text of [day, time, `${day} ${time}`, `${day}${time}`]) expect(couldBePlate(text)).toBe(false)
      }),
    )
  })
})

describe('a card of two lines', () => {
  test('could be a plate where both together could', () => {
    expect(couldBeTwoLines('QX I', '0938')).toBe(true)
    expect(couldBeTwoLines('29-H1', '123.45')).toBe(true)
    expect(couldBeTwoLines('TODAY', 'COFFEE')).toBe(false)
    expect(couldBeTwoLines('APPLES', '1.99')).toBe(false)
    expect(couldBeTwoLines('01.03.2024', '12:34:56')).toBe(false)
  })

  test('counts as the worse of its lines, and as a plate where they are one together', () => {
    const size = { along: 67, across: 27, frameWidth: 1280 }
    const [upper, lower] = [
      { text: 'QX I', score: 0.85 },
      { text: '0938', score: 1 },
    ]
    expect(verdictOn(lower, size)).toBe('other-text')
    expect(verdictOnTwo(upper, lower, size)).toBe('plate-like')
    expect(verdictOnTwo(upper, { ...lower, score: 0.2 }, size)).toBe('could-not-tell')
    expect(verdictOnTwo({ text: 'STAFF', score: 1 }, { text: 'ONLY', score: 1 }, size)).toBe('other-text')
  })
})

describe('the verdict', () => {
  const size = { along: 100, across: 24, frameWidth: 1920 }

  test('writing of a plate’s shape that cannot be read is not told to be harmless', () => {
    expect(verdictOn({ text: 'A#', score: 0.3 }, size)).toBe('could-not-tell')
    expect(verdictOn({ text: '', score: 0 }, size)).toBe('could-not-tell')
    expect(verdictOn({ text: '', score: 0 }, { ...size, across: 90 })).toBe('other-text')
    expect(verdictOn({ text: '', score: 0 }, { ...size, along: 1000, across: 150 })).toBe('other-text')
  })

  test('what is read is judged whatever its shape, from 30 pixels on', () => {
    expect(verdictOn({ text: 'AB12 CDE', score: 0.9 }, { ...size, across: 90 })).toBe('plate-like')
    expect(verdictOn({ text: 'AB12 CDE', score: 0.9 }, { ...size, along: 29 })).toBe('other-text')
    expect(verdictOn({ text: '12:34:56', score: 0.9 }, size)).toBe('other-text')
  })
})
