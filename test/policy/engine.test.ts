import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { compilePolicy } from '../../service/policy/compile.ts'
import { rules } from '../../service/policy/decision.ts'
import { EngineError, openEngine } from '../../service/policy/engine.ts'
import type { Facts } from '../../service/policy/facts.ts'
import { filing, matrices, opa } from './examples.ts'
import { compileUnfenced, probe, probeSources } from './probes.ts'

const permit = '{"outcome": "permit", "reasons": [], "obligations": {}}'
const { missing, path = '' } = opa

test('the engine takes a plain object and nothing else', () => {
  const engine = openEngine(readFileSync('policies/policy.wasm'), matrices, Object.values(rules))
  for (const input of [new Uint8Array(2), new ArrayBuffer(2), [], new Map(), 'text', undefined, null]) {
    expect(() => engine.evaluate(rules.access, input as object)).toThrow(EngineError)
  }
  expect(() => engine.evaluate('custos/access/reasons', {})).toThrow('not valid')
  expect(engine.evaluate(rules.access, {})).toMatchObject({ outcome: 'refuse' })
})

test('a policy without our entry points is not opened', () => {
  expect(() => openEngine(readFileSync('policies/policy.wasm'), matrices, ['custos/erasure/answer'])).toThrow(
    'lacks custos/erasure/answer',
  )
})

describe.skipIf(missing)(`rules of our own, compiled here${missing ? `: LEFT OUT, ${missing}` : ''}`, () => {
  /** What the policy failed with, and that it refused. */
  async function failure(disclosure: string, facts: Facts = filing): Promise<string> {
    let failed: unknown
    const policy = await probe(path, disclosure, { onFailure: error => (failed = error) })
    expect(policy.decide('disclosure', facts)).toMatchObject({ outcome: 'refuse', reasons: ['policy.failed'] })
    expect(policy.decide('access', facts).reasons).toEqual(['probe.other'])
    expect(failed).toBeInstanceOf(Error)
    return (failed as Error).message
  }

  test('two rules in conflict refuse, though the module throws a string', async () => {
    const two = `answer := ${permit} if input.purpose\n\nanswer := {"outcome": "refuse", "reasons": ["a.b"]} if input.roles`
    expect(await failure(two)).toContain('conflict')
  })

  test('a rule that answers nothing refuses', async () => {
    expect(await failure(`answer := ${permit} if input.purpose == "another"`)).toContain('no answer')
  })

  test.each([
    ['true'],
    ['"permit"'],
    ['["permit"]'],
    ['{"outcome": "permit"}'],
    ['{"outcome": "PERMIT", "reasons": [], "obligations": {}}'],
    ['{"outcome": true, "reasons": [], "obligations": {}}'],
    ['{"outcome": "permit", "reasons": ["but.not"], "obligations": {}}'],
    [permit],
    ['{"outcome": "refuse", "reasons": []}'],
    ['{"outcome": "refuse", "reasons": ["because"]}'],
  ])('an answer of another shape refuses: %s', async answer => {
    await failure(`answer := ${answer}`)
  })

  test('a set that nobody sorted refuses, whatever order it comes in', async () => {
    const unsorted =
      '{"outcome": "refuse", "reasons": [r | some r in {"b.b", "a.a", "z.z", "m.m", "q.q", "c.c", "y.y"}]}'
    await failure(`answer := ${unsorted}`)
    const sorted = await probe(path, `answer := ${unsorted.replace('[r |', 'sort([r |').replace(']}', '])}')}`)
    expect(sorted.decide('disclosure', filing).reasons).toEqual(['a.a', 'b.b', 'c.c', 'm.m', 'q.q', 'y.y', 'z.z'])
  })

  test('a builtin that WASM lacks does not compile', () => {
    const late = `answer := ${permit} if time.now_ns() > 0`
    expect(() => compilePolicy(path, probeSources(late))).toThrow(/time\.now_ns/)
    expect(() => compilePolicy(path, probeSources(`answer := sprintf("%d", [1])`))).toThrow(/sprintf/)
  })

  test('and one compiled elsewhere is not opened, though it would fail only when called', () => {
    const wasm = compileUnfenced(path, `answer := ${permit} if time.now_ns() > 0`)
    expect(() => openEngine(wasm, matrices, Object.values(rules))).toThrow('time.now_ns')
  })

  test('a rule that runs wild meets the memory wall, and the next call is answered', async () => {
    const wild =
      'answer := {"outcome": "refuse", "reasons": ["a.b"]} if count(numbers.range(1, input.authority.issuedAt)) > 0'
    const numbers = (issuedAt: number) => ({ ...filing, authority: { ...filing.authority, issuedAt } })
    // A million numbers would fit into what a module may have without a maximum.
    await failure(wild, numbers(1_000_000))
    const policy = await probe(path, wild)
    for (const [count, reason] of [1_000_000, 3, 1_000_000, 3].map(
      n => [n, n === 3 ? 'a.b' : 'policy.failed'] as const,
    )) {
      expect(policy.decide('disclosure', numbers(count)).reasons).toEqual([reason])
    }
  })
})
