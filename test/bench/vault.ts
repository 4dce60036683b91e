/** The vault on S3: taking in (digest, seal, locked PUT, lock read back) and reading whole, against `aws s3 cp` of the same object to the same server. */
import { execFile } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { open, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { parseArgs, promisify } from 'node:util'
import type { Measurement } from '../../service/cli/bench.ts'
import { migrate, openDatabase } from '../../service/db.ts'
import { openKeyFile } from '../../service/vault/key-file.ts'
import { openS3Store } from '../../service/vault/s3-store.ts'
import { openVault } from '../../service/vault/vault.ts'
import { freshBucket } from '../engines/buckets.ts'
import { startPostgres } from '../engines/postgres.ts'
import { findPythonProgram } from '../engines/python-packages.ts'
import { findProgram } from '../engines/servers.ts'
import { startVersitygw } from '../engines/versitygw.ts'
import { inAnHour, recorded } from '../vault/recorded.ts'
import { scratch } from '../vault/streams.ts'

const execute = promisify(execFile)

export async function run(args: string[]): Promise<Measurement[]> {
  const { values } = parseArgs({
    args,
    options: { 'no-floor': { type: 'boolean', default: false }, mb: { type: 'string', default: '1,10,100,1000' } },
  })
  const aws = findPythonProgram('aws')
  if (!findProgram('versitygw') || !aws) throw new Error('versitygw or the AWS CLI is not there: bash .ci/tools')
  await using stack = new AsyncDisposableStack()
  const folder = stack.use(await scratch()).path
  const { server, stop } = await startVersitygw()
  stack.defer(stop)
  const postgres = await startPostgres()
  stack.defer(postgres.stop)
  const database = stack.use(await openDatabase(postgres.url))
  await migrate(database)
  const bucket = await freshBucket(server)
  const vault = await openVault({
    db: database.db,
    exclusive: database.exclusive,
    objects: await openS3Store(bucket),
    keys: await openKeyFile(join(folder, 'keys.json')),
    scratchDir: join(folder, 'scratch'),
  })
  const plain = await freshBucket(server, { lock: false })
  const copy = (from: string, to: string) =>
    execute(aws, ['--endpoint-url', server.endpoint, 's3', 'cp', '--only-show-errors', from, to], {
      env: {
        ...process.env,
        AWS_ACCESS_KEY_ID: server.accessKeyId,
        AWS_SECRET_ACCESS_KEY: server.secretAccessKey,
        AWS_REGION: server.awsRegion,
      },
    })

  const floorOf = async (clip: string) => {
    const up = await seconds(() => copy(clip, `s3://${plain.bucket}/clip`))
    const down = await seconds(() => copy(`s3://${plain.bucket}/clip`, join(folder, 'back')))
    await rm(join(folder, 'back'))
    return { up, down }
  }

  const measured: Measurement[] = []
  for (const mb of values.mb.split(',').map(Number)) {
    const clip = join(folder, 'clip')
    await makeFile(clip, mb * 1_000_000)
    const floors = values['no-floor'] ? undefined : await floorOf(clip)
    const rss = watchRss()
    let clipRef = ''
    const acquire = await seconds(async () => {
      // As an HTTP body comes: 64 KiB at a time.
      const spooled = await vault.spool(createReadStream(clip), { region: bucket.region, maxBytes: 1e12 })
      clipRef = (await vault.store(spooled, { role: 'master', retainUntil: inAnHour() })).clipRef
    })
    const read = await seconds(async () => {
      for await (const _ of (await vault.open(clipRef, recorded())).stream);
    })
    const start = Math.floor((mb * 1_000_000) / 2)
    const first = await seconds(async () => {
      const { stream } = await vault.open(clipRef, recorded(), { start, end: start + 1_000 })
      for await (const _ of stream) break
    })
    await rm(clip)
    const rate = (name: string, spent: number, floor: number | undefined): Measurement => {
      const against = floor === undefined ? {} : { floor: mb / floor, ratio: floor / spent }
      return { name: `vault.${name}.${mb}MB.MBs`, value: mb / spent, unit: 'MB/s', ...against }
    }
    measured.push(rate('acquire', acquire, floors?.up), rate('read', read, floors?.down))
    measured.push({ name: `vault.${mb}MB.rssMB`, value: rss(), unit: 'MB' })
    measured.push({ name: `vault.${mb}MB.firstByteMs`, value: first * 1000, unit: 'ms' })
  }
  return [...measured, ...summary(measured)]
}

/** The longest clip speaks for all. */
function summary(measured: Measurement[]): Measurement[] {
  return measured.slice(-4).map(m => ({ ...m, name: m.name.replace(/\.\d+MB/, '') }))
}

async function makeFile(path: string, len: number): Promise<void> {
  const block = randomBytes(10_000_000)
  const file = await open(path, 'w')
  for (let left = len; left > 0; left -= block.length) await file.write(block.subarray(0, Math.min(left, block.length)))
  await file.sync()
  await file.close()
}

/** The highest resident size of this process, in megabytes, since it was called. */
function watchRss(): () => number {
  let peak = 0
  const timer = setInterval(() => {
    peak = Math.max(peak, process.memoryUsage.rss())
  }, 20)
  return () => {
    clearInterval(timer)
    return Math.max(peak, process.memoryUsage.rss()) / 1e6
  }
}

async function seconds(work: () => Promise<unknown>): Promise<number> {
  const began = performance.now()
  await work()
  return (performance.now() - began) / 1000
}
