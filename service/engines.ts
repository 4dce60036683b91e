/** The engines that the configuration names, opened: database, objects, keys. */
import { join } from 'node:path'
import { inArray, sql } from 'drizzle-orm'
import type { Config, Secrets } from './config.ts'
import { type Database, openDatabase, rowsOf } from './db.ts'
import { type Region, type Regions, readRegions } from './regions.ts'
import { keysByRegion, storesByRegion } from './vault/by-region.ts'
import { openFolderStore } from './vault/folder-store.ts'
import { openKeyFile } from './vault/key-file.ts'
import { type KeyService, KeysUnfit } from './vault/keys.ts'
import { openKms } from './vault/kms.ts'
import type { ObjectStore } from './vault/object-store.ts'
import { rowsByWrappingKey } from './vault/rewrap.ts'
import { openS3Store } from './vault/s3-store.ts'
import { referenceChecks } from './vault/tables.ts'

export interface Engines extends AsyncDisposable {
  readonly database: Database
  readonly objects: ObjectStore
  readonly keys: KeyService
  readonly regions: Regions
}

export interface EngineOverrides {
  /** The clock of the folder store, epoch milliseconds; S3 has its own. */
  readonly now?: () => number
  /** Wraps the real store or keys of a region: tests watch them, or have them fail. */
  readonly objects?: (region: string, real: ObjectStore) => ObjectStore
  readonly keys?: (region: string, real: KeyService) => KeyService
}

export async function openEngines(
  config: Config,
  secrets: Secrets,
  { now, ...wrap }: EngineOverrides = {},
): Promise<Engines> {
  const regions = await readRegions({ name: config.region, region: config.onlyRegion }, config.regionsFile)
  const named = [...regions.all]
  await using undo = new AsyncDisposableStack()
  const database = undo.use(await openDatabase(secrets.databaseUrl))
  const folder = named.some(([, { bucket }]) => bucket === undefined)
    ? await openFolderStore(join(config.dataDir, 'objects'), now)
    : undefined
  const ofKeyFile = named.flatMap(([name, { kmsKeyId }]) => (kmsKeyId === undefined ? [name] : []))
  const keyFile =
    ofKeyFile.length > 0
      ? await openKeyFile(secrets.keyFile, () => refuseNewKeys(database, secrets.keyFile, ofKeyFile))
      : undefined
  const stores = new Map<string, ObjectStore>()
  const services = new Map<string, KeyService>()
  for (const [name, region] of named) {
    const store = region.bucket === undefined ? folder! : await openS3Store(bucketOf(name, region, region.bucket))
    const service = region.kmsKeyId === undefined ? keyFile! : openKms(kmsOf(name, region, region.kmsKeyId))
    stores.set(name, wrap.objects?.(name, store) ?? store)
    services.set(name, wrap.keys?.(name, service) ?? service)
  }
  undo.move()
  return {
    database,
    objects: storesByRegion(stores),
    keys: keysByRegion(services),
    regions,
    [Symbol.asyncDispose]: () => database[Symbol.asyncDispose](),
  }
}

/** A key file that is lost or not mounted must not be replaced by one that opens nothing. */
async function refuseNewKeys(database: Database, path: string, regions: readonly string[]): Promise<void> {
  const [table] = await rowsOf(database, sql`select to_regclass('vault.reference_checks') is not null as found`)
  if (table?.found !== true) return
  const { db } = database
  const wrapped = [...(await rowsByWrappingKey(db)).keys()].some(id => id !== 'kms')
  const named = await db.select().from(referenceChecks).where(inArray(referenceChecks.region, regions))
  if (wrapped || named.length > 0)
    throw new KeysUnfit(`the key file ${path} is not there, and what is sealed needs it: restore it from its backup`)
}

export function bucketOf(region: string, { s3Endpoint, awsRegion, lockMode }: Region, bucket: string) {
  return { region, bucket, lockMode, ...(s3Endpoint && { endpoint: s3Endpoint }), ...(awsRegion && { awsRegion }) }
}

export function kmsOf(
  region: string,
  { kmsMacKeyId, kmsPreviousKeyIds, kmsEndpoint, awsRegion }: Region,
  keyId: string,
) {
  return {
    region,
    keyId,
    previousKeyIds: kmsPreviousKeyIds,
    macKeyId: kmsMacKeyId!,
    ...(kmsEndpoint && { endpoint: kmsEndpoint }),
    ...(awsRegion && { awsRegion }),
  }
}
