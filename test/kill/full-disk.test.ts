/** A disk that is full while a clip is spooled, stored or redacted: 503 or a job that waits, nothing half there, and all is well once there is room. */
import { execFileSync } from 'node:child_process'
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { afterEach, describe, expect, test } from 'vitest'
import { ApiProblem } from '../../service/cli/client.ts'
import { awaitDisclosure } from '../../service/cli/request.ts'
import { disclosures } from '../../service/disclosure/tables.ts'
import { exhibits } from '../../service/intake/tables.ts'
import { objects } from '../../service/vault/tables.ts'
import { makeClip } from '../journeys/clips.ts'
import { acquireClip, demand, type Estate, openEstate, recordIncident } from '../journeys/estate.ts'

const mounted: string[] = []
afterEach(() => {
  for (const path of mounted.splice(0)) execFileSync('umount', ['-l', path])
})

/** A disk of its own, so small that a file fills it. */
async function smallDisk(path: string, megabytes: number): Promise<void> {
  await mkdir(path, { recursive: true })
  execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${megabytes}m`, 'tmpfs', path])
  mounted.push(path)
}

const canMount = await (async () => {
  const path = await mkdtemp(join(tmpdir(), 'custos-mount-'))
  try {
    await smallDisk(path, 1)
    execFileSync('umount', [mounted.pop()!])
    return true
  } catch {
    process.stderr.write(
      'full-disk.test.ts is LEFT OUT: no file system can be mounted here (it needs root and CAP_SYS_ADMIN)\n',
    )
    return false
  } finally {
    await rm(path, { recursive: true, force: true })
  }
})()

/** All but so many bytes of the disk at `folder` are taken until it is called. */
async function fill(folder: string, leaveBytes: number): Promise<() => Promise<void>> {
  const path = join(folder, 'filler')
  const [, free] = /(\d+)\s*$/.exec(execFileSync('df', ['-B1', '--output=avail', folder]).toString()) ?? []
  await writeFile(path, Buffer.alloc(Math.max(0, Number(free) - leaveBytes)))
  return () => rm(path)
}

/** With pictures that take more room than what is left beside the master below, covered or not. */
async function clipOf(bytes: number): Promise<string> {
  const path = await makeClip({ size: '640x480', seconds: 2, extra: ['-qp', '4'] })
  const picture = await readFile(path)
  const box = Buffer.alloc(bytes - picture.length)
  box.writeUInt32BE(box.length, 0)
  box.write('free', 4, 'latin1')
  await writeFile(path, Buffer.concat([picture, box]))
  return path
}

const refusal = (attempt: Promise<unknown>) =>
  attempt.then(
    () => undefined,
    (error: unknown) => (error instanceof ApiProblem ? error.problem.status : error),
  )
const rows = async ({ service: { db } }: Estate) => ({
  exhibits: (await db.select().from(exhibits)).length,
  objects: (await db.select().from(objects)).filter(row => row.storedAt !== null).length,
})
const left = async (folder: string) => (await readdir(folder)).filter(name => name !== 'filler')

describe.runIf(canMount)('a full disk', () => {
  test('under the spool: 503, no file stays, and the same delivery succeeds when there is room', async () => {
    const scratch = await mkdtemp(join(tmpdir(), 'custos-full-'))
    await smallDisk(scratch, 16)
    await using estate = await openEstate({}, { CUSTOS_SCRATCH_DIR: scratch })
    const [incidentId, clip] = [await recordIncident(estate), await clipOf(3_000_000)]
    // The first leaves no room for the first block, the last only for the sealed file.
    for (const leaveBytes of [0, 500_000, 2_500_000, 4_000_000]) {
      const free = await fill(scratch, leaveBytes)
      expect(await refusal(acquireClip(estate, incidentId, clip))).toBe(503)
      expect(await left(scratch)).toEqual([])
      await free()
    }
    expect(await rows(estate)).toEqual({ exhibits: 0, objects: 0 })
    await acquireClip(estate, incidentId, clip)
    expect(await rows(estate)).toEqual({ exhibits: 1, objects: 1 })
  })

  test('under the store: 503, no half object, and the same delivery succeeds when there is room', async () => {
    const data = await mkdtemp(join(tmpdir(), 'custos-full-'))
    await smallDisk(join(data, 'objects'), 8)
    await using estate = await openEstate({}, { CUSTOS_DATA_DIR: data })
    const [incidentId, clip] = [await recordIncident(estate), await clipOf(3_000_000)]
    for (const leaveBytes of [0, 1_000_000]) {
      const free = await fill(join(data, 'objects'), leaveBytes)
      expect(await refusal(acquireClip(estate, incidentId, clip))).toBe(503)
      expect(await left(join(data, 'objects', 'drafts')).catch(() => [])).toEqual([])
      expect(await rows(estate)).toEqual({ exhibits: 0, objects: 0 })
      await free()
    }
    await acquireClip(estate, incidentId, clip)
    expect(await rows(estate)).toEqual({ exhibits: 1, objects: 1 })
    expect((await estate.service.vault.recover({ staleMs: 0 })).waiting).toEqual([])
    expect(await rows(estate)).toEqual({ exhibits: 1, objects: 1 })
  })

  test.each([
    ['the master', 1_000_000, 'ready'],
    // What ffmpeg cannot write is a copy that failed: on the record, and another disclosure may be asked for.
    ['the copy', 3_000_000 + 8_192, 'failed'],
  ])(
    'under a redaction, without room for %s: nothing of it is there, and it can be had when there is room',
    async (_, leaveBytes, then) => {
      const scratch = await mkdtemp(join(tmpdir(), 'custos-full-'))
      await smallDisk(scratch, 16)
      await using estate = await openEstate({}, { CUSTOS_SCRATCH_DIR: scratch })
      const receipt = await acquireClip(estate, await recordIncident(estate), await clipOf(3_000_000))
      const officer = await estate.as('officer', 'agency-a')
      const { requestId } = await officer.json<{ requestId: string }>(
        'POST',
        '/v1/requests',
        demand(receipt.exhibitNumber),
      )
      const free = await fill(scratch, leaveBytes)
      await estate.service.startWorker()
      const disclosed = awaitDisclosure(officer, requestId, () => {})
      await untilAborted(estate, receipt.chain)
      const [row] = await estate.service.db.select().from(disclosures)
      expect(row).toMatchObject({ packageRef: null, derivative: null })
      await free()
      const { state } = await disclosed
      expect(state).toBe(then)
      if (state === 'failed') expect((await awaitDisclosure(officer, requestId, () => {})).state).toBe('ready')
      // The job tidies up after it has said that it is ready.
      await expect.poll(() => left(scratch)).toEqual([])
    },
  )
})

/** An attempt at the master ended without a copy, and the ledger says so. */
async function untilAborted({ service }: Estate, chain: string): Promise<void> {
  const aborted = async () =>
    (await service.ledger.chain(chain)).some(({ openings }) =>
      openings.some(({ field, value }) => field === 'ev' && value === 'access.aborted'),
    )
  while (!(await aborted())) await delay(100)
}
