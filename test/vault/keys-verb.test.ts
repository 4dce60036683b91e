import { readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, expect, test, vi } from 'vitest'
import { run } from '../../service/cli/keys.ts'
import { readConfig } from '../../service/config.ts'
import { openDatabase } from '../../service/db.ts'
import { openService } from '../../service/service.ts'
import { readRing } from '../../service/vault/key-ring.ts'
import { checkLog } from '../custody/check-log.ts'
import { scratch } from './streams.ts'

afterEach(() => {
  vi.unstubAllEnvs()
  vi.restoreAllMocks()
})

/** The verb as a shell runs it, on an embedded installation of its own. */
async function verb(dataDir: string, ...args: string[]) {
  vi.stubEnv('CUSTOS_DATA_DIR', dataDir)
  let [out, err] = ['', '']
  vi.spyOn(process.stdout, 'write').mockImplementation(text => {
    out += text
    return true
  })
  vi.spyOn(process.stderr, 'write').mockImplementation(text => {
    err += text
    return true
  })
  try {
    const code = await run(args)
    return { code, out, err, record: args.includes('--json') && out ? JSON.parse(out) : undefined }
  } finally {
    vi.restoreAllMocks()
  }
}

test('rotate, rewrap and retire change the key file and its rows, and each is an entry of the house', async () => {
  await using folder = await scratch()
  const keyFile = join(folder.path, 'keys', 'vault.json')
  const before = await verb(folder.path, 'status', '--json')
  expect(before).toMatchObject({ code: 0, record: { act: 'status', lostRows: 0, kmsRows: 0 } })
  const first = before.record.keys[0].id

  const once = await verb(folder.path, 'rotate', '--json')
  expect(once).toMatchObject({ code: 0, record: { act: 'rotate', earlier: [first] } })
  const middle = once.record.newest
  // The entry that says the first rotation begins is sealed under a key that the first one wraps.
  const twice = await verb(folder.path, 'rotate', '--json')
  expect(twice).toMatchObject({ code: 0, record: { act: 'rotate', earlier: [first, middle] } })
  const { newest } = twice.record
  expect((await stat(keyFile)).mode & 0o777).toBe(0o600)
  const early = await verb(folder.path, 'retire', '--json')
  expect(early).toMatchObject({ code: 1, record: { act: 'retire', retired: [middle], needed: [{ id: first }] } })
  const { rows } = early.record.needed[0]
  expect(rows).toBeGreaterThan(0)

  const rewrapped = await verb(folder.path, 'rewrap', '--json')
  expect(rewrapped).toMatchObject({
    code: 0,
    record: { act: 'rewrap', rewrapped: rows, overtaken: 0, refused: { count: 0, first: [] } },
  })
  const status = await verb(folder.path, 'status')
  expect(status.out).toMatch(new RegExp(`^${first}\\s+0 rows.*\\n${newest}\\s+\\d+ rows .*, wraps\\n$`))

  expect(await verb(folder.path, 'retire', '--json')).toMatchObject({
    code: 0,
    record: { act: 'retire', retired: [first], needed: [] },
  })
  expect((await readRing(keyFile)).ring.wrapping.map(key => key.id)).toEqual([newest])
  expect((await verb(folder.path, 'retire')).out).toBe('nothing to retire\n')

  vi.stubEnv('CUSTOS_DATA_DIR', folder.path)
  const { config, secrets } = readConfig()
  await using service = await openService(config, secrets, { log: () => {} })
  const said = (await service.ledger.chain(service.houseChain)).map(({ openings }) =>
    Object.fromEntries(openings.map(({ field, value }) => [field, value])),
  )
  const rotations = said.filter(({ ev }) => ev === 'key.rotated')
  expect(rotations.map(({ pol }) => (pol as { reasons: string[] }).reasons)).toEqual(
    ['rotate', 'rotate', 'retire', 'rewrap', 'retire', 'retire'].flatMap(act => [
      [`keys.${act}.begun`],
      [`keys.${act}`],
    ]),
  )
  for (const { obj } of rotations)
    expect(obj).toMatchObject({ role: 'keys', sha256: expect.stringMatching(/^[0-9a-f]{64}$/) })
  await checkLog(service.ledger)
})

test('no key is made when the ledger cannot say so first', async () => {
  await using folder = await scratch()
  await verb(folder.path, 'status')
  const keyFile = join(folder.path, 'keys', 'vault.json')
  const before = await readFile(keyFile, 'utf8')
  {
    await using database = await openDatabase(join(folder.path, 'database'))
    await database.script(`
      create function refuse() returns trigger language plpgsql as $$ begin raise exception 'not now'; end $$;
      create trigger refuse before insert on custody.pending execute function refuse();`)
  }
  expect(await verb(folder.path, 'rotate')).toMatchObject({ code: 1, out: '' })
  expect(await readFile(keyFile, 'utf8')).toBe(before)
})

test.each([[[]], [['turn']], [['rotate', 'now']], [['rotate', '--stopped']], [['toString']]])(
  'misused, it says how: %j',
  async args => {
    await using folder = await scratch()
    const { code, err } = await verb(folder.path, ...args)
    expect(code).toBe(2)
    expect(err).toContain('custos keys status|rotate|rewrap|retire')
  },
)
