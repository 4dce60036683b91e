/** A vault of its own over a place that it shares with others: in this process, or as `node put-once-worker.ts WORK SEED`. */
import { createHash } from 'node:crypto'
import { openDatabase } from '../../service/db.ts'
import { openKeyFile } from '../../service/vault/key-file.ts'
import { openS3Store, type S3Bucket } from '../../service/vault/s3-store.ts'
import { openVault, type VaultParts } from '../../service/vault/vault.ts'
import { chunks } from '../vault/streams.ts'

export interface Work {
  readonly url: string
  readonly bucket: S3Bucket
  readonly scratchDir: string
  readonly keyFile: string
}

/** Bytes that are the same in every process. */
export function clipOf(seed: string): Buffer {
  return Buffer.concat(Array.from({ length: 20_000 }, (_, n) => createHash('sha256').update(`${seed} ${n}`).digest()))
}

/** `turns` instead of those of the database. */
export async function openWorker({ url, bucket, scratchDir, keyFile }: Work, turns?: VaultParts['exclusive']) {
  const database = await openDatabase(url)
  const vault = await openVault({
    db: database.db,
    objects: await openS3Store(bucket, { stallMs: 1_000 }),
    keys: await openKeyFile(keyFile),
    scratchDir,
    exclusive: turns ?? database.exclusive,
  })
  return {
    vault,
    /** The clip's reference, once it is kept. */
    async acquire(clip: Uint8Array): Promise<string> {
      const spooled = await vault.spool(chunks(clip), { region: bucket.region, maxBytes: 1e9 })
      await vault.store(spooled, { role: 'master', retainUntil: new Date(Date.now() + 3_600_000) })
      return spooled.clipRef
    },
    [Symbol.asyncDispose]: () => database[Symbol.asyncDispose](),
  }
}

const [work, seed] = process.argv.slice(2)
if (process.send && process.argv[1]?.endsWith('put-once-worker.ts')) {
  await using worker = await openWorker(JSON.parse(work!) as Work)
  const clipRef = await worker.acquire(clipOf(seed!))
  await new Promise(sent => process.send!(clipRef, sent))
  process.disconnect()
}
