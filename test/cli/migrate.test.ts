/** `custos migrate` without PostgreSQL, and docs/deploy against the configuration that the service reads. */
import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'

const run = promisify(execFile)
const at = (path: string) => fileURLToPath(new URL(`../../${path}`, import.meta.url))

test('the embedded database migrates itself: the verb says so, and makes nothing', async () => {
  const env = { PATH: process.env.PATH, CUSTOS_DATA_DIR: '/nonexistent/custos' }
  const { stdout } = await run(process.execPath, [at('service/cli/main.ts'), 'migrate'], { env })
  expect(stdout).toMatch(/migrates itself/)
  expect(existsSync('/nonexistent')).toBe(false)
})

test.each(['docs/deploy.md', 'docs/deploy/compose.yaml', 'docs/deploy/env.example', 'Dockerfile'])(
  '%s names no variable that the service does not read',
  async path => {
    const known = new Set((await readFile(at('service/config.ts'), 'utf8')).match(/\bCUSTOS_[A-Z0-9_]+/g))
    const named = new Set((await readFile(at(path), 'utf8')).match(/\bCUSTOS_[A-Z0-9_]+/g))
    expect([...named].filter(name => !known.has(name))).toEqual([])
    expect(named.size).toBeGreaterThan(2)
  },
)
