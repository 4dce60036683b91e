/** `custos doctor` on the embedded engines: it tells what is unfit, stands aside for a running service, and changes nothing. */
import { chmod, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { readConfig } from '../../service/config.ts'
import { openService } from '../../service/service.ts'
import { examine } from './examine.ts'

let folder: string
let used: string

async function makeUsed(name: string): Promise<string> {
  const dataDir = join(folder, name)
  const { config, secrets } = readConfig({ CUSTOS_DATA_DIR: dataDir, CUSTOS_WORKERS: '1' })
  const service = await openService(config, secrets, { log: () => {} })
  await service[Symbol.asyncDispose]()
  return dataDir
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'custos-doctor-'))
  used = await makeUsed('used')
})
afterAll(() => rm(folder, { recursive: true, force: true }))

test('where nothing was started yet nothing failed, and nothing is made', async () => {
  const { code, findings } = await examine({ CUSTOS_DATA_DIR: join(folder, 'unborn') })
  expect(findings.filter(({ state }) => state === 'FAIL')).toEqual([])
  expect(code).toBe(0)
  expect(await readdir(folder)).not.toContain('unborn')
})

test('an installation that was used is examined in full: migrations, sweeps, and a ledger key that fits its checkpoint', async () => {
  const { code, finding } = await examine({ CUSTOS_DATA_DIR: used })
  expect(code).toBe(0)
  expect(finding('migrations')?.state).toBe('ok')
  expect(finding('ledger key')?.says).toMatch(/signed the newest checkpoint/)
  expect(finding('keys local')?.state).toBe('ok')
  expect(finding('sweeps')).toBeDefined()
})

test('a running service keeps its folder: doctor says so and looks at the rest', async () => {
  const { config, secrets } = readConfig({ CUSTOS_DATA_DIR: used, CUSTOS_WORKERS: '1' })
  await using _ = await openService(config, secrets, { log: () => {} })
  const { code, finding } = await examine({ CUSTOS_DATA_DIR: used })
  expect(finding('database')?.says).toMatch(/in use by a running service/)
  expect(finding('keys local')?.state).toBe('ok')
  expect(code).toBe(0)
})

test('a configuration at fault fails by the name of its variable, and the machine is still looked at', async () => {
  const { code, finding } = await examine({ CUSTOS_PORT: 'x' })
  expect(code).toBe(1)
  expect(finding('configuration')).toMatchObject({ state: 'FAIL', says: expect.stringContaining('CUSTOS_PORT') })
  expect(finding('ffmpeg')?.state).toBe('ok')
})

test.each([
  ['ledger.json', 'ledger key', /chmod 600/],
  ['vault.json', 'keys local', /chmod 600|restore/],
])('a key file that others may read fails: %s', async (file, name, mend) => {
  const path = join(used, 'keys', file)
  await chmod(path, 0o644)
  const { code, finding } = await examine({ CUSTOS_DATA_DIR: used })
  await chmod(path, 0o600)
  expect(finding(name)?.state).toBe('FAIL')
  expect(`${finding(name)?.says} ${finding(name)?.mend}`).toMatch(mend)
  expect(code).toBe(1)
})

test('another ledger key than the one that signed fails, and so does a missing one', async () => {
  const dataDir = await makeUsed('exchanged')
  const path = join(dataDir, 'keys', 'ledger.json')
  await writeFile(path, await readFile(join(used, 'keys', 'ledger.json')))
  expect((await examine({ CUSTOS_DATA_DIR: dataDir })).finding('ledger key')).toMatchObject({
    state: 'FAIL',
    says: expect.stringContaining('did not sign'),
  })
  await rm(path)
  expect((await examine({ CUSTOS_DATA_DIR: dataDir })).finding('ledger key')?.state).toBe('FAIL')
  expect(await readdir(join(dataDir, 'keys'))).not.toContain('ledger.json')
})

test('an agency whose memorandum has ended is named, and a file that cannot be read fails', async () => {
  const file = join(folder, 'agencies.json')
  const until = (mouUntil: string) => ({ status: 'active', region: 'local', mouUntil })
  await writeFile(
    file,
    JSON.stringify({ 'agency-a': until('2020-01-01T00:00:00Z'), 'agency-b': until('2099-01-01T00:00:00Z') }),
  )
  const environment = { CUSTOS_DATA_DIR: used, CUSTOS_AGENCIES_FILE: file }
  expect((await examine(environment)).finding('agencies')).toMatchObject({
    state: 'warn',
    says: expect.stringMatching(/agency-a has ended/),
  })
  await writeFile(file, '{"agency-a": {"status": "asleep"}}')
  expect((await examine(environment)).finding('agencies')?.state).toBe('FAIL')
})

test('no secret of the environment is printed', async () => {
  const { findings } = await examine({ CUSTOS_DATABASE_URL: 'postgres://custos_service:hunter2@127.0.0.1:1/custos' })
  expect(findings.find(({ name }) => name === 'database')?.state).toBe('FAIL')
  expect(JSON.stringify(findings)).not.toContain('hunter2')
})
