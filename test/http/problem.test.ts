import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { Problem, problemTypes } from '../../service/http/problem.ts'
import { reprSha256 } from '../../service/http/repr-digest.ts'

test('every problem type has a section in docs/problems.md, and no section speaks of one that is gone', () => {
  const sections = [...readFileSync('docs/problems.md', 'utf8').matchAll(/^## (.+)$/gm)].map(match => match[1])
  expect(sections.sort()).toEqual([...problemTypes].sort())
})

test('a 5xx never carries detail, and a 4xx carries what the caller can act on', () => {
  expect(new Problem('internal', { detail: 'password is hunter2' }).toBody()).not.toHaveProperty('detail')
  expect(new Problem('invalid-request', { detail: 'purpose: too long' }).toBody()).toMatchObject({
    detail: 'purpose: too long',
    status: 400,
  })
})

test('a Repr-Digest without a well-formed SHA-256 is refused, not ignored', () => {
  expect(reprSha256(undefined)).toBeUndefined()
  expect(reprSha256(`md5=:AAAA:, sha-256=:${Buffer.alloc(32, 1).toString('base64')}:`)).toBe('01'.repeat(32))
  for (const bad of ['sha-256=abc', 'md5=:AAAA:', 'sha-256=:AAAA:', '']) expect(() => reprSha256(bad)).toThrow(Problem)
})
