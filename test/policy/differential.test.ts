import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { compilePolicy, policyFolders } from '../../service/policy/compile.ts'
import { rules } from '../../service/policy/decision.ts'
import { openEngine } from '../../service/policy/engine.ts'
import { matrices, nearMiss, opa } from './examples.ts'

const { missing, path = '' } = opa
const cases = fc.sample(nearMiss, { seed: 17, numRuns: 1_500 })
const entrypoints = Object.values(rules)

/** Every answer of plain OPA to every case, in one process: the cases go in as data. */
function evaluateNatively(): unknown[][] {
  const folder = mkdtempSync(join(tmpdir(), 'custos-differential-'))
  try {
    writeFileSync(join(folder, 'cases.json'), JSON.stringify({ cases }))
    const terms = entrypoints.map(entrypoint => `data.${entrypoint.replaceAll('/', '.')}`)
    const query = `[answers | some facts in data.cases; answers := [answer | some i in [0, 1]; answer := [${terms}][i] with input as facts]]`
    const args = [
      'eval',
      '--format',
      'json',
      ...[...policyFolders('.'), join(folder, 'cases.json')].flatMap(p => ['-d', p]),
      query,
    ]
    const out = execFileSync(path, args, { encoding: 'utf8', maxBuffer: 1 << 28 })
    return JSON.parse(out).result[0].expressions[0].value
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

describe.skipIf(missing)(`against opa${missing ? `: LEFT OUT, ${missing}` : ''}`, () => {
  test('WASM and OPA itself answer alike, order included', () => {
    const engine = openEngine(readFileSync('policies/policy.wasm'), matrices, entrypoints)
    const native = evaluateNatively()
    expect(native).toHaveLength(cases.length)
    const outcomes = new Map<string, number>()
    for (const [i, facts] of cases.entries()) {
      for (const [j, entrypoint] of entrypoints.entries()) {
        const answer = engine.evaluate(entrypoint, facts) as { outcome: string; reasons: string[] }
        expect(answer, JSON.stringify(facts)).toEqual(native[i]![j])
        for (const word of answer.reasons.length === 0 ? [`${entrypoint} permit`] : answer.reasons)
          outcomes.set(word, (outcomes.get(word) ?? 0) + 1)
      }
    }
    // Cases that only ever refuse, or never reach a rule, would compare nothing.
    for (const entrypoint of entrypoints) expect(outcomes.get(`${entrypoint} permit`), entrypoint).toBeGreaterThan(50)
    expect(outcomes.size).toBeGreaterThan(30)
  })

  test('the committed module and data are what the sources compile to, byte for byte', () => {
    const { wasm, data } = compilePolicy(path, '.')
    expect(readFileSync('policies/policy.wasm').equals(wasm)).toBe(true)
    expect(readFileSync('policies/data.json').equals(data)).toBe(true)
  })
})
