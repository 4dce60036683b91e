/** Answers are lost, late, false or never given, four workers take in the same clip at once, and there is one version of it all the same. */
import { fork } from 'node:child_process'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, describe, expect, test } from 'vitest'
import { migrate, openDatabase } from '../../service/db.ts'
import { objectKeys, objects } from '../../service/vault/tables.ts'
import { collect, scratch } from '../vault/streams.ts'
import { recorded } from '../vault/workbench.ts'
import { freshBucket, s3Servers, versionsIn } from './buckets.ts'
import { freshDatabase } from './postgres.ts'
import { clipOf, openWorker, type Work } from './put-once-worker.ts'
import { type Fault, putsObject, startS3Proxy } from './s3-proxy.ts'

const workers = 4
const tally = new Map<
  string,
  { runs: number; faults: number; tries: number; acknowledged: number; refused: number; lost: number; doubled: number }
>()
afterAll(() => {
  for (const [engine, count] of tally) console.log(`put once on ${engine}: ${JSON.stringify(count)}`)
})

/** One bucket and one database for four workers, each with a scratch folder of its own. */
async function place(server: NonNullable<(typeof s3Servers)[keyof typeof s3Servers]>) {
  const folder = await scratch()
  const url = (await freshDatabase())!
  const database = await openDatabase(url)
  await migrate(database)
  const bucket = await freshBucket(server)
  const proxy = await startS3Proxy(server.endpoint)
  const works: Work[] = []
  for (let n = 0; n < workers; n++) {
    const scratchDir = join(folder.path, `worker-${n}`)
    await mkdir(scratchDir)
    works.push({
      url,
      bucket: { ...bucket, endpoint: proxy.endpoint },
      scratchDir,
      keyFile: join(folder.path, 'keys.json'),
    })
  }
  return { database, bucket, proxy, works, folder }
}

/** Whatever was answered, in the end there is one version and one row, and who was told it is kept can read it. */
async function settleAndCheck(
  engine: string,
  at: Awaited<ReturnType<typeof place>>,
  clip: Buffer,
  answers: (string | undefined)[],
) {
  at.proxy.heal()
  const vaults = await Promise.all(at.works.map(work => openWorker(work)))
  try {
    for (const { vault } of vaults)
      expect(await vault.recover({ staleMs: 0 })).toMatchObject({ waiting: [], orphans: [] })
    const versions = await versionsIn(at.bucket)
    const rows = await at.database.db.select().from(objects)
    const acknowledged = answers.filter(answer => answer !== undefined)
    let lost = 0
    for (const [n, { vault }] of vaults.entries()) {
      const clipRef = answers[n] ?? acknowledged[0]
      if (clipRef === undefined) continue
      const opened = await vault.open(clipRef, recorded())
      if (!(await collect(opened.stream)).equals(clip)) lost++
    }
    const count = tally.get(engine) ?? {
      runs: 0,
      faults: 0,
      tries: 0,
      acknowledged: 0,
      refused: 0,
      lost: 0,
      doubled: 0,
    }
    tally.set(engine, {
      runs: count.runs + 1,
      faults: count.faults + at.proxy.failed,
      tries: count.tries + answers.length,
      acknowledged: count.acknowledged + acknowledged.length,
      refused: count.refused + answers.length - acknowledged.length,
      lost: count.lost + lost,
      doubled: count.doubled + Math.max(versions.length - 1, 0),
    })
    expect(lost).toBe(0)
    expect(versions).toHaveLength(1)
    expect(rows.map(row => [row.versionId, row.storedAt !== null])).toEqual([[versions[0]!.VersionId, true]])
    expect(await at.database.db.select().from(objectKeys)).toHaveLength(1)
  } finally {
    for (const worker of vaults) await worker[Symbol.asyncDispose]()
    await at.proxy[Symbol.asyncDispose]()
    await at.database[Symbol.asyncDispose]()
    await at.folder[Symbol.asyncDispose]()
  }
}

const faults: Fault[] = [
  'answer cut',
  'answer 500',
  'reset',
  'stall',
  '503 SlowDown',
  '500 InternalError',
  'dropped',
  'body cut',
]
const cases = faults.flatMap(fault =>
  (fault === 'answer cut' ? [1, 2, 3, 4] : [1, 4]).map(times => [fault, times, 'puts'] as const),
)
/** Also the questions after a put lose their answers, so that nobody learns at once what became of it. */
const worse = [8, 32].map(times => ['answer cut', times, 'requests'] as const)

describe.each(Object.entries(s3Servers))('%s', (engine, server) => {
  test.each([...cases, ...worse])('%s, %d %s: four vaults at once leave one version', async (fault, times, of) => {
    const at = await place(server!)
    at.proxy.fail(fault, times, of === 'puts' ? putsObject : () => true)
    const clip = clipOf(`${engine} ${fault} ${times}`)
    const vaults = await Promise.all(at.works.map(work => openWorker(work)))
    const answers = await Promise.all(vaults.map(worker => worker.acquire(clip).catch(() => undefined)))
    for (const worker of vaults) await worker[Symbol.asyncDispose]()
    expect(at.proxy.failed).toBeGreaterThan(0)
    await settleAndCheck(engine, at, clip, answers)
  })

  // The vault does not rely on it: this is what the server adds.
  test.runIf(engine === 'versitygw').each([1, 2, 3, 4])(
    'answer cut, %d puts: four vaults that take no turns leave one version all the same',
    async times => {
      const at = await place(server!)
      at.proxy.fail('answer cut', times, putsObject)
      const clip = clipOf(`no turns ${times}`)
      const vaults = await Promise.all(at.works.map(work => openWorker(work, (_, put) => put())))
      const answers = await Promise.all(vaults.map(worker => worker.acquire(clip).catch(() => undefined)))
      for (const worker of vaults) await worker[Symbol.asyncDispose]()
      await settleAndCheck(engine, at, clip, answers)
    },
  )

  test.each(['answer cut', 'dropped'] as const)(
    '%s, four times: four processes at once leave one version',
    async fault => {
      const at = await place(server!)
      at.proxy.fail(fault, 4, putsObject)
      const seed = `${engine} ${fault} processes`
      const answers = await Promise.all(at.works.map(work => acquireInProcess(work, seed)))
      expect(at.proxy.failed).toBeGreaterThan(0)
      await settleAndCheck(engine, at, clipOf(seed), answers)
    },
  )
})

/** What the worker acknowledged before it ended. */
function acquireInProcess(work: Work, seed: string): Promise<string | undefined> {
  const script = fileURLToPath(new URL('put-once-worker.ts', import.meta.url))
  const child = fork(script, [JSON.stringify(work), seed], { execArgv: [], silent: true })
  let clipRef: string | undefined
  child.on('message', message => {
    clipRef = message as string
  })
  return new Promise(resolve => child.once('exit', () => resolve(clipRef)))
}
