/** PostgreSQL on a disk that is full: nothing acknowledged is lost, meanwhile the answer is 503, and with room again all goes on. */
import { execFileSync } from 'node:child_process'
import { appendFile, chmod, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { openEstate } from '../journeys/estate.ts'
import { troubled } from './postgres-faults-server.ts'
import { settle, startLabour, until } from './postgres-faults-work.ts'

/** The smallest disk on which the server starts and stays alive. */
const sizeMb = 140
let disk: string
let mounted = false

beforeAll(async () => {
  disk = await mkdtemp(join(tmpdir(), 'custos-small-disk-'))
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${sizeMb}m,mode=0755`, 'tmpfs', disk], { stdio: 'ignore' })
    mounted = true
  } catch {
    process.stdout.write('PostgreSQL on a full disk: left out, since only root may mount a small disk for it\n')
  }
})
afterAll(async () => {
  if (mounted) execFileSync('umount', ['-l', disk])
  await rm(disk, { recursive: true, force: true })
})

test('full in the middle of the work, four times', async context => {
  // Only root may mount a small disk; without one there is nothing to fill, and the run says so above.
  if (!mounted) context.skip()
  await using database = await troubled({ parent: disk, settings: ['max_wal_size=64MB', 'min_wal_size=32MB'] })
  await using estate = await openEstate({}, { CUSTOS_DATABASE_URL: database.url })
  const labour = await startLabour(estate)
  const ballast = join(disk, 'ballast')
  for (let round = 0; round < 4; round++) {
    await delay(2_000)
    await fill(ballast)
    await delay(3_000)
    await rm(ballast)
    // A server that could not even write its log has ended, and starts again as an operator would start it.
    await until(() => database.server.start().then(() => true))
    await until(() => database.admin('select 1').then(() => true))
    await delay(500)
  }
  await labour.stop()
  const tally = await settle(estate, labour, 'PostgreSQL on a full disk 4 times')
  expect({ lost: tally.lost, strange: tally.strange }).toEqual({ lost: 0, strange: [] })
  expect(tally.refused).toBeGreaterThan(0)
})

/** Takes every byte that is left, down to single pages. */
async function fill(path: string): Promise<void> {
  await writeFile(path, '')
  await chmod(path, 0o600)
  for (let bytes = 8 << 20; bytes >= 4096; )
    await appendFile(path, Buffer.alloc(bytes)).catch(() => {
      bytes >>= 1
    })
}
