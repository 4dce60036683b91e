/** `custos sweep --dry-run` and `custos keys status` look, and settle nothing on the way. */
import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, test } from 'vitest'

const run = promisify(execFile)
const cli = fileURLToPath(new URL('../../service/cli/main.ts', import.meta.url))
let folder: string
/** As a killed redaction leaves it. */
let left: string

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'custos-sweep-'))
  left = join(folder, 'scratch', 'work-abc123')
  await mkdir(left, { recursive: true })
})
afterAll(() => rm(folder, { recursive: true }))

async function custos(...args: string[]): Promise<unknown> {
  const env = { PATH: process.env.PATH, CUSTOS_DATA_DIR: folder }
  return JSON.parse((await run(process.execPath, [cli, ...args, '--json'], { env })).stdout)
}

test('what a crash left is there after a look, and gone after a sweep', async () => {
  expect(await custos('sweep', '--dry-run')).toEqual({ due: [] })
  expect(existsSync(left)).toBe(true)
  expect(await custos('keys', 'status')).toMatchObject({ act: 'status', lostRows: 0 })
  expect(existsSync(left)).toBe(true)
  expect(await custos('sweep', 'recover')).toMatchObject({ failed: [] })
  expect(existsSync(left)).toBe(false)
})

test('a name that is no step is refused, whatever every object has by that name', async () => {
  await expect(custos('sweep', 'toString')).rejects.toMatchObject({ code: 2 })
})
