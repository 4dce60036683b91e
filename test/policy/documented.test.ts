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

test('docs/retention.md shows every schedule and every kind of hold as the data have them, with what they lean on', () => {
  const lines = readFileSync('docs/retention.md', 'utf8').split('\n')
  const page = lines.join(' ').replaceAll(/ +/g, ' ')
  const { schedule, jurisdictions, lockDays, auditDays } = matrices.retention
  const row = ([type, days]: [string, (typeof schedule)[string]]) =>
    `| ${type} | ${days.low} | ${days.medium} | ${days.high} | ${days.critical} |`
  expect(page).toContain(Object.entries(schedule).map(row).join(' '))
  for (const [name, { title, basis, schedule: own }] of Object.entries(jurisdictions)) {
    const section = page.split(`### \`${name}\`: ${title} `)[1]!.split(/ ##/)[0]!
    for (const provision of basis) expect(section).toContain(provision)
    for (const line of Object.entries(own).map(row)) expect(section).toContain(line)
  }
  for (const [kind, { title, basis, lapse, authorities }] of Object.entries(matrices.holds)) {
    expect(page).toContain(`- \`${kind}\`: ${title}. Leans on ${basis.join('; ')}.`)
    const line = lines.find(each => each.startsWith(`| \`${kind}\` |`))!
    for (const word of [...authorities, lapse ? `${lapse.days} days` : 'never']) expect(line).toContain(word)
    if (lapse) expect(line).toContain(`${lapse.extensionDays} days, once`)
  }
  expect(page).toContain(`${lockDays} days (\`lockDays\`)`)
  expect(page).toContain(`${auditDays} days (\`auditDays\``)
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
