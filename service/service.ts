/** Composition root: builds every part in flow order, and takes it down in the other. */
import { createHash } from 'node:crypto'
import { mkdir } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import type { Config, Secrets } from './config.ts'
import { type Ledger, openLedger } from './custody/ledger.ts'
import { assertMigrated, type Database, migrate } from './db.ts'
import { type Agencies, readAgencies } from './disclosure/agencies.ts'
import type { Disclosing } from './disclosure/disclosures.ts'
import { abandonDisclosure, prepareDisclosure } from './disclosure/prepare.ts'
import { type EngineOverrides, openEngines } from './engines.ts'
import { openTokens, type Tokens } from './identity/tokens.ts'
import type { Intake } from './intake/acquire.ts'
import { openJobs } from './jobs.ts'
import { readLedgerKey } from './ledger-key.ts'
import { lockFolder } from './lock.ts'
import { type AttemptCounter, countAttempts } from './oversight/attempts.ts'
import { watchSweeps } from './oversight/late-sweeps.ts'
import type { Oversight } from './oversight/routes.ts'
import { sweep } from './oversight/sweep.ts'
import type { Sweeper } from './oversight/sweeper.ts'
import { loadPolicy } from './policy/policy.ts'
import { assertCompiled } from './policy/sources.ts'
import { defaultLimits } from './redaction/limits.ts'
import { loadModels, type Models } from './redaction/models.ts'
import { type KeyService, KeysUnfit } from './vault/keys.ts'
import { StoreUnfit } from './vault/object-store.ts'
import { makeOpeningCipher } from './vault/opening-cipher.ts'
import { checkReferenceKey } from './vault/reference.ts'
import { openVault } from './vault/vault.ts'

export interface Service extends Intake, Disclosing, Oversight, Sweeper, AsyncDisposable {
  readonly agencies: Agencies
  readonly config: Config
  readonly database: Database
  readonly keys: KeyService
  readonly tokens: Tokens
  readonly attempts: AttemptCounter
  readonly workers: number
  readonly models: Models
  readonly houseChain: string
  readonly scratchDir: string
  /** One line for the operator. */
  readonly log: (line: string) => void
  /** Runs queued jobs in this process until it is disposed. */
  startWorker(): Promise<void>
}

/** What tests and verbs put in place of a part. */
export interface Overrides {
  readonly nowSeconds?: () => number
  readonly log?: (line: string) => void
  /** Wraps the real ledger, to make it fail at a chosen moment. */
  readonly ledger?: (real: Ledger) => Ledger
  readonly engines?: Omit<EngineOverrides, 'now'>
  /** False for a verb that only looks: what a crash left in the vault then waits for the next start. */
  readonly recover?: boolean
}

export async function openService(config: Config, secrets: Secrets, overrides: Overrides = {}): Promise<Service> {
  await using stack = new AsyncDisposableStack()
  const log = overrides.log ?? ((line: string) => void process.stderr.write(`${line}\n`))
  const logError = (error: unknown) =>
    log(JSON.stringify({ time: new Date().toISOString(), level: 'error', error: String(error) }))

  const models = await loadModels({ own: config.modelsDir })
  await mkdir(config.dataDir, { recursive: true, mode: 0o700 })
  if (config.engine === 'pglite') stack.use(await lockFolder(config.dataDir))
  const { scratchDir } = config

  const nowSeconds = overrides.nowSeconds ?? (() => Math.floor(Date.now() / 1000))
  const engines = stack.use(
    await openEngines(config, secrets, { now: () => nowSeconds() * 1000, ...overrides.engines }),
  )
  const { database, objects, keys, regions } = engines
  // The embedded database belongs to this process; another one is migrated by its owner, whom the service is not.
  await (database.pglite ? migrate(database) : assertMigrated(database))
  const { db } = database
  for (const region of regions.all.keys()) {
    await refuseUnfit(objects.check(region), logError)
    await refuseUnfit(checkReferenceKey(db, keys, region), logError)
  }
  const vault = await openVault({ db, objects, keys, scratchDir, exclusive: database.exclusive })
  const signer = await readLedgerKey(secrets.ledgerKeyFile, config.origin)
  const real = stack.use(
    await openLedger({
      db,
      origin: config.origin,
      signer,
      openings: makeOpeningCipher({ keys, region: config.region }),
    }),
  )
  const ledger = overrides.ledger?.(real) ?? real
  // The embedded database belongs to this process alone, so whatever is unfinished was cut off by a crash.
  if (overrides.recover !== false) {
    const { waiting, orphans } = await vault.recover(database.pglite ? { staleMs: 0 } : {})
    if (waiting.length + orphans.length > 0) log(JSON.stringify({ level: 'warning', recovery: { waiting, orphans } }))
  }

  assertCompiled(fileURLToPath(new URL('../policies/', import.meta.url)))
  const policy = await loadPolicy()
  const lawless = [...regions.jurisdictions].filter(name => !(name in policy.matrices.retention.jurisdictions))
  if (lawless.length > 0) throw new Error(`no retention is laid down for the jurisdictions ${lawless.join(', ')}`)
  const agencies = await readAgencies(config.agenciesFile, config.production)
  const tokens = await openTokens(config, secrets.issuerKeyFile)
  const jobs = stack.use(await openJobs(database, secrets.databaseUrl, logError))
  // Derived, so that every replica has the same: what belongs to no incident and no exhibit is recorded on this chain.
  const houseChain = createHash('sha256').update(`custos-house-chain\0${config.origin}`).digest('hex').slice(0, 32)
  const attempts = stack.use(countAttempts(ledger, houseChain, logError))

  const service: Service = {
    config,
    database,
    objects,
    keys,
    regions: [...regions.all.keys()],
    db,
    ledger,
    vault,
    policy,
    agencies,
    tokens,
    jobs,
    attempts,
    houseChain,
    scratchDir,
    log,
    places: regions.place,
    sweepPeriodMs: config.sweepMinutes * 60_000,
    keyBackupDays: config.keyBackupDays,
    workers: config.workers,
    models,
    maxClipBytes: config.maxClipBytes,
    limits: defaultLimits,
    nowSeconds,
    async startWorker() {
      await jobs.work('disclosure.prepare', ({ id }, signal) => prepareDisclosure(service, id, signal))
      await jobs.work('disclosure.abandoned', ({ id }) => abandonDisclosure(service, id))
      await jobs.work('oversight.sweep', async () => void (await sweep(service)))
      await jobs.every('oversight.sweep', config.sweepMinutes)
    },
    [Symbol.asyncDispose]: () => parts.disposeAsync(),
  }
  stack.use(watchSweeps(service, logError))
  const parts = stack.move()
  return service
}

/**
 * What would not be locked must not be taken in, nor sealed with keys other than those that sealed what is here. What cannot be asked now
 * keeps nobody from starting: every put and every reference is checked anyway, and readiness goes on asking.
 */
async function refuseUnfit(checked: Promise<unknown>, log: (error: unknown) => void): Promise<void> {
  await checked.catch(error => {
    if (error instanceof StoreUnfit || error instanceof KeysUnfit) throw error
    log(error)
  })
}
