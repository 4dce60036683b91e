import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Facts } from '../../service/policy/facts.ts'
import { loadPolicy } from '../../service/policy/policy.ts'
import { changed, download, filing, nearMiss } from './examples.ts'

const policy = await loadPolicy()
const decide = (facts: unknown) => policy.decide('disclosure', facts as Facts)
const bytesOf = (text: string) => new TextEncoder().encode(text)

describe('what is no facts is refused, and never an undefined input that the rules would judge', () => {
  const cyclic: Record<string, unknown> = { ...filing }
  cyclic.authority = cyclic
  const hostile = Object.defineProperty({ ...filing }, 'purpose', {
    enumerable: true,
    get() {
      throw new Error('read me not')
    },
  })
  test.each<[string, unknown]>([
    ['nothing', undefined],
    ['null', null],
    ['JSON text', JSON.stringify(filing)],
    ['malformed JSON in an ArrayBuffer', bytesOf('{"action":').buffer],
    ['well-formed JSON in an ArrayBuffer', bytesOf(JSON.stringify(filing)).buffer],
    ['a Uint8Array', bytesOf(JSON.stringify(filing))],
    ['an array', [filing]],
    ['a fact too many', { ...filing, approved: true }],
    ['a fact too many, deep down', changed(filing, 'authority.verified', true)],
    ['a fact that is null', changed(filing, 'purpose', null)],
    ['a fact that is undefined', { ...filing, request: undefined }],
    ['milliseconds', { ...filing, time: Date.now() }],
    ['an integer beyond 2^53', changed(filing, 'authority.issuedAt', 2 ** 53)],
    ['a fraction', changed(filing, 'authority.issuedAt', 1.5)],
    ['a number as text', { ...filing, assurance: '3' }],
    ['a role nobody has', { ...filing, roles: ['officer', 'owner'] }],
    ['half a surrogate pair', { ...filing, justification: `${filing.justification} \ud800` }],
    ['a cycle', cyclic],
    ['a getter that throws', hostile],
    ['a megabyte', { ...filing, justification: 'x'.repeat(1 << 20) }],
  ])('%s', (_, facts) => {
    const decision = decide(facts)
    expect(decision).toMatchObject({ outcome: 'refuse', reasons: ['facts.invalid'] })
    expect(policy.replay(decision)).toEqual(decision)
  })
})

test('a rule that does not exist refuses', () => {
  expect(policy.decide('constructor' as never, filing)).toMatchObject({ outcome: 'refuse', reasons: ['policy.failed'] })
})

test('the largest facts that are facts at all fit under the cap', () => {
  const fat = (length: number) => '\u0001'.repeat(length)
  const authority = { ...filing.authority, type: fat(64), identifier: fat(256), issuer: fat(256), scope: fat(256) }
  const largest = { ...download, subject: fat(128), purpose: fat(64), authority, justification: fat(2_000) }
  expect(policy.decide('access', largest).reasons).not.toContain('facts.invalid')
})

test('text is judged and recorded in one normal form', () => {
  const composed = decide({ ...filing, justification: 'Überfall: bitte die Täterin feststellen'.normalize('NFC') })
  const decomposed = decide({ ...filing, justification: 'Überfall: bitte die Täterin feststellen'.normalize('NFD') })
  expect(decomposed).toEqual(composed)
  expect(composed.outcome).toBe('permit')
})

test('the order in which facts are told changes nothing', () => {
  const reversed = Object.fromEntries(Object.entries(filing).reverse())
  expect(decide(reversed)).toEqual(decide(filing))
})

test('no decision depends on those before it', async () => {
  const rules = fc.constantFrom('access', 'disclosure')
  const calls = fc.sample(fc.tuple(rules, nearMiss), { seed: 11, numRuns: 400 })
  const alone = await Promise.all(
    calls.slice(0, 40).map(async ([rule, facts]) => (await loadPolicy()).decide(rule, facts)),
  )
  for (const [rule, facts] of calls) policy.decide(rule, facts)
  expect(calls.slice(0, 40).map(([rule, facts]) => policy.decide(rule, facts))).toEqual(alone)
  expect(
    calls
      .slice(0, 40)
      .map(([rule, facts]) => policy.decide(rule, facts))
      .toReversed(),
  ).toEqual(alone.toReversed())
})

test('a decision replays to the same bytes, by the same policy only', () => {
  fc.assert(
    fc.property(nearMiss, fc.constantFrom('access', 'disclosure'), (facts, rule) => {
      const decision = policy.decide(rule, facts)
      expect(JSON.stringify(policy.replay(decision))).toBe(JSON.stringify(decision))
    }),
    { seed: 13, numRuns: 200 },
  )
  expect(() => policy.replay({ ...decide(filing), bundle: '00'.repeat(32) })).toThrow('another policy')
  expect(() => policy.replay({ ...decide(filing), data: '00'.repeat(32) })).toThrow('another policy')
})
