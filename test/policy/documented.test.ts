import { globSync, readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { actions, factsSchema, roles } from '../../service/policy/facts.ts'
import { matrices } from './examples.ts'

const rego = globSync('policies/**/*.rego').filter(file => !file.endsWith('_test.rego'))

test('every reason that a rule can give is documented, and no other', () => {
  const said = rego.flatMap(file =>
    [...readFileSync(file, 'utf8').matchAll(/"([a-z]+\.[a-z-]+)"/g)].map(match => match[1]!),
  )
  const codes = new Set(said.filter(code => !(code in matrices.actions)))
  const section = readFileSync('docs/formats/decision.md', 'utf8').split('## Reasons')[1]!.split('\n## ')[0]!
  const documented = [...section.matchAll(/^\| `([a-z]+\.[a-z-]+)` \|/gm)].map(match => match[1]!)
  expect(documented).toEqual([...codes, 'facts.invalid', 'policy.failed'].sort())
})

test('every action and role that can be told has its row, and no other has one', () => {
  expect(Object.keys(matrices.actions).sort()).toEqual([...actions].sort())
  expect(Object.keys(matrices.roles).sort()).toEqual([...roles].sort())
})

test('the committed schema is that of the facts', () => {
  expect(JSON.parse(readFileSync('policies/schemas/facts.json', 'utf8'))).toEqual(factsSchema())
})

test('every rule stands beside its test', () => {
  const untested = rego.filter(file => globSync(file.replace('.rego', '_test.rego')).length === 0)
  expect(untested).toEqual([])
})
