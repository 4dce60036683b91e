import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { planSchema } from '../../service/redaction/plan.ts'

test('the committed JSON Schema is that of the plans', () => {
  expect(JSON.parse(readFileSync('docs/formats/plan.schema.json', 'utf8'))).toEqual(planSchema())
})

test('it leaves no room for a field that nobody knows', () => {
  const open: string[] = []
  const walk = (value: unknown, path: string) => {
    if (typeof value !== 'object' || value === null) return
    const { type, additionalProperties } = value as { type?: string; additionalProperties?: unknown }
    if (type === 'object' && additionalProperties === undefined) open.push(path)
    for (const [key, below] of Object.entries(value)) walk(below, `${path}/${key}`)
  }
  walk(planSchema(), '')
  expect(open).toEqual([])
})
