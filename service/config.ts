/** The only reader of process.env. Config may be logged; Secrets may not, which is why they are two types. */
import { availableParallelism } from 'node:os'
import { join, resolve } from 'node:path'
import { z } from 'zod'
import { isPostgres } from './database-url.ts'
import { Region } from './regions.ts'

export interface Config {
  readonly production: boolean
  readonly host: string
  readonly port: number
  /** Where the embedded parts keep what they keep. */
  readonly dataDir: string
  /** Plaintext of clips lives here while ffmpeg works on it: give it a RAM disk or an encrypted one. */
  readonly scratchDir: string
  readonly engine: 'pglite' | 'postgresql'
  /** C2SP origin of the ledger; never changes for the life of a log. */
  readonly origin: string
  /** The region of the ledger's openings, and of all evidence where no regions file says otherwise. */
  readonly region: string
  /** What the environment says of that region. */
  readonly onlyRegion: Region
  readonly regionsFile: string | undefined
  readonly sweepMinutes: number
  /** How long a destroyed key lives on in backups of the table of wrapped keys. */
  readonly keyBackupDays: number
  readonly maxClipBytes: number
  /** Detector threads of one redaction. */
  readonly workers: number
  /** The operator's own detectors, beside those that come with Custos. */
  readonly modelsDir: string | undefined
  readonly agenciesFile: string | undefined
  readonly tokens:
    | { readonly kind: 'development' }
    | { readonly kind: 'oidc'; readonly issuer: string; readonly jwksUrl: string }
  readonly audience: string
}

export interface Secrets {
  readonly databaseUrl: string
  /** Whose the tables are: for `custos migrate` alone. */
  readonly databaseOwnerUrl: string
  readonly keyFile: string
  readonly ledgerKeyFile: string
  readonly issuerKeyFile: string
}

const Environment = z.object({
  NODE_ENV: z.string().optional(),
  CUSTOS_HOST: z.string().default('127.0.0.1'),
  CUSTOS_PORT: z.coerce.number().int().min(0).max(65_535).default(8480),
  CUSTOS_DATA_DIR: z.string().min(1).default('var/custos'),
  CUSTOS_SCRATCH_DIR: z.string().min(1).optional(),
  CUSTOS_DATABASE_URL: z.string().min(1).optional(),
  CUSTOS_DATABASE_OWNER_URL: z.string().min(1).optional(),
  CUSTOS_ORIGIN: z
    .string()
    .regex(/^[^\s+]+$/)
    .default('custos.local/ledger'),
  CUSTOS_REGION: z
    .string()
    .regex(/^[a-z0-9-]{2,32}$/)
    .default('local'),
  CUSTOS_REGIONS_FILE: z.string().min(1).optional(),
  CUSTOS_S3_BUCKET: z.string().min(3).optional(),
  CUSTOS_S3_ENDPOINT: z.url().optional(),
  CUSTOS_S3_LOCK_MODE: z.enum(['COMPLIANCE', 'GOVERNANCE']).default('COMPLIANCE'),
  CUSTOS_AWS_REGION: z.string().min(1).optional(),
  CUSTOS_KMS_KEY_ID: z.string().min(1).optional(),
  CUSTOS_KMS_PREVIOUS_KEY_IDS: z.string().default(''),
  CUSTOS_KMS_MAC_KEY_ID: z.string().min(1).optional(),
  CUSTOS_KMS_ENDPOINT: z.url().optional(),
  CUSTOS_SWEEP_MINUTES: z.coerce.number().int().min(1).max(60).default(15),
  CUSTOS_KEY_BACKUP_DAYS: z.coerce.number().int().min(0).max(365).default(7),
  CUSTOS_MAX_CLIP_BYTES: z.coerce.number().int().positive().default(5_000_000_000),
  CUSTOS_WORKERS: z.coerce.number().int().min(1).max(64).optional(),
  CUSTOS_MODELS_DIR: z.string().min(1).optional(),
  CUSTOS_AGENCIES_FILE: z.string().min(1).optional(),
  CUSTOS_KEY_FILE: z.string().min(1).optional(),
  CUSTOS_LEDGER_KEY_FILE: z.string().min(1).optional(),
  CUSTOS_TOKEN_ISSUER: z.url().optional(),
  CUSTOS_TOKEN_JWKS_URL: z.url().optional(),
  CUSTOS_AUDIENCE: z.string().min(1).default('custos'),
})

/** Throws an Error that names every variable at fault, never its value. */
export function readConfig(environment: NodeJS.ProcessEnv = process.env): { config: Config; secrets: Secrets } {
  const parsed = Environment.safeParse(environment)
  if (!parsed.success) {
    throw new Error(`configuration: ${parsed.error.issues.map(i => `${i.path.join('.')}: ${i.message}`).join('; ')}`)
  }
  const env = parsed.data
  const dataDir = resolve(env.CUSTOS_DATA_DIR)
  const databaseUrl = env.CUSTOS_DATABASE_URL ?? join(dataDir, 'database')
  const oidc = env.CUSTOS_TOKEN_ISSUER !== undefined && env.CUSTOS_TOKEN_JWKS_URL !== undefined
  if (!oidc && (env.CUSTOS_TOKEN_ISSUER ?? env.CUSTOS_TOKEN_JWKS_URL) !== undefined) {
    throw new Error('configuration: CUSTOS_TOKEN_ISSUER and CUSTOS_TOKEN_JWKS_URL go together')
  }
  if ((env.CUSTOS_KMS_KEY_ID === undefined) !== (env.CUSTOS_KMS_MAC_KEY_ID === undefined)) {
    throw new Error('configuration: CUSTOS_KMS_KEY_ID and CUSTOS_KMS_MAC_KEY_ID go together')
  }
  if (env.CUSTOS_REGIONS_FILE !== undefined && (env.CUSTOS_S3_BUCKET ?? env.CUSTOS_KMS_KEY_ID) !== undefined) {
    throw new Error(
      'configuration: with CUSTOS_REGIONS_FILE, buckets and keys stand in that file and not in the environment',
    )
  }
  const production = env.NODE_ENV === 'production'
  if (production && !oidc) {
    throw new Error(
      'configuration: the development issuer does not run in production; set CUSTOS_TOKEN_ISSUER and CUSTOS_TOKEN_JWKS_URL',
    )
  }
  return {
    config: {
      production,
      host: env.CUSTOS_HOST,
      port: env.CUSTOS_PORT,
      dataDir,
      scratchDir: resolve(env.CUSTOS_SCRATCH_DIR ?? join(dataDir, 'scratch')),
      engine: isPostgres(databaseUrl) ? 'postgresql' : 'pglite',
      origin: env.CUSTOS_ORIGIN,
      region: env.CUSTOS_REGION,
      onlyRegion: regionOf(env),
      regionsFile: env.CUSTOS_REGIONS_FILE,
      sweepMinutes: env.CUSTOS_SWEEP_MINUTES,
      keyBackupDays: env.CUSTOS_KEY_BACKUP_DAYS,
      maxClipBytes: env.CUSTOS_MAX_CLIP_BYTES,
      workers: env.CUSTOS_WORKERS ?? availableParallelism(),
      modelsDir: env.CUSTOS_MODELS_DIR && resolve(env.CUSTOS_MODELS_DIR),
      agenciesFile: env.CUSTOS_AGENCIES_FILE,
      tokens: oidc
        ? { kind: 'oidc', issuer: env.CUSTOS_TOKEN_ISSUER!, jwksUrl: env.CUSTOS_TOKEN_JWKS_URL! }
        : { kind: 'development' },
      audience: env.CUSTOS_AUDIENCE,
    },
    secrets: {
      databaseUrl,
      databaseOwnerUrl: env.CUSTOS_DATABASE_OWNER_URL ?? databaseUrl,
      keyFile: resolve(env.CUSTOS_KEY_FILE ?? join(dataDir, 'keys', 'vault.json')),
      ledgerKeyFile: resolve(env.CUSTOS_LEDGER_KEY_FILE ?? join(dataDir, 'keys', 'ledger.json')),
      issuerKeyFile: join(dataDir, 'keys', 'issuer.json'),
    },
  }
}

function regionOf(env: z.infer<typeof Environment>): Region {
  const given = {
    bucket: env.CUSTOS_S3_BUCKET,
    s3Endpoint: env.CUSTOS_S3_ENDPOINT,
    lockMode: env.CUSTOS_S3_LOCK_MODE,
    awsRegion: env.CUSTOS_AWS_REGION,
    kmsKeyId: env.CUSTOS_KMS_KEY_ID,
    kmsMacKeyId: env.CUSTOS_KMS_MAC_KEY_ID,
    kmsPreviousKeyIds: env.CUSTOS_KMS_PREVIOUS_KEY_IDS.split(',')
      .map(id => id.trim())
      .filter(Boolean),
    kmsEndpoint: env.CUSTOS_KMS_ENDPOINT,
  }
  return Region.parse(Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined)))
}

/** What the verbs that talk to a running service need to know. */
export function readClientConfig(environment: NodeJS.ProcessEnv = process.env): { url: string; token: string } {
  return { url: environment.CUSTOS_URL ?? 'http://127.0.0.1:8480', token: environment.CUSTOS_TOKEN ?? '' }
}

/** The operator's own detectors, for the verbs that need nothing else of the service. */
export function readModelsDir(environment: NodeJS.ProcessEnv = process.env): string | undefined {
  return environment.CUSTOS_MODELS_DIR ? resolve(environment.CUSTOS_MODELS_DIR) : undefined
}
