/** A whole service for one test: real database, vault, policy and ledger in a temporary folder, spoken to as its users do. */

import { createReadStream } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { createApp } from '../../service/app.ts'
import { type Client, connect } from '../../service/cli/client.ts'
import { readConfig } from '../../service/config.ts'
import { issueToken } from '../../service/identity/development-issuer.ts'
import type { Role } from '../../service/identity/person.ts'
import { installDatabase } from '../../service/install.ts'
import { type Overrides, openService, type Service } from '../../service/service.ts'
import { freshBucket, s3Servers } from '../engines/buckets.ts'
import { freshKmsKeys, kmsEngine } from '../engines/kms.ts'
import { freshDatabase } from '../engines/postgres.ts'

export interface Estate extends AsyncDisposable {
  readonly folder: string
  readonly service: Service
  readonly app: ReturnType<typeof createApp>
  readonly logged: string[]
  as(role: Role, organisation: string, subject?: string): Promise<Client>
  token(role: Role, organisation: string, subject?: string): Promise<string>
  /** Ends the process's parts and starts them again on the same folder and database. */
  restart(): Promise<Estate>
}

/** On PostgreSQL, S3 and KMS when the engine tests started them; on the embedded parts otherwise. */
export async function openEstate(overrides: Overrides = {}, environment: Record<string, string> = {}): Promise<Estate> {
  const folder = await mkdtemp(join(tmpdir(), 'custos-estate-'))
  const database = await freshDatabase()
  if (database) await installDatabase(database)
  const env = {
    CUSTOS_DATA_DIR: folder,
    CUSTOS_WORKERS: '2',
    ...(database && { CUSTOS_DATABASE_URL: database }),
    // A clock that a test moves is not an S3 server's, which alone says when a lock ends.
    ...(!overrides.nowSeconds && !environment.CUSTOS_REGIONS_FILE && (await rentedEngines())),
    ...environment,
  }
  return await inhabit(folder, env, overrides)
}

async function rentedEngines(): Promise<Record<string, string>> {
  const rented: Record<string, string> = {}
  const s3 = s3Servers.versitygw
  if (s3) {
    const { bucket, endpoint, awsRegion } = await freshBucket(s3)
    Object.assign(rented, { CUSTOS_S3_BUCKET: bucket, CUSTOS_S3_ENDPOINT: endpoint, CUSTOS_AWS_REGION: awsRegion })
    // The service finds credentials where the SDK looks; the KMS of the tests takes any.
    process.env.AWS_ACCESS_KEY_ID = s3.accessKeyId
    process.env.AWS_SECRET_ACCESS_KEY = s3.secretAccessKey
  }
  const kms = kmsEngine('MINISTACK')
  if (kms) {
    const { keyId, macKeyId, endpoint } = await freshKmsKeys(kms)
    Object.assign(rented, { CUSTOS_KMS_KEY_ID: keyId, CUSTOS_KMS_MAC_KEY_ID: macKeyId, CUSTOS_KMS_ENDPOINT: endpoint })
  }
  return rented
}

async function inhabit(folder: string, env: Record<string, string>, overrides: Overrides): Promise<Estate> {
  const logged: string[] = []
  const { config, secrets } = readConfig(env)
  const service = await openService(config, secrets, { log: line => void logged.push(line), ...overrides })
  const app = createApp(service)
  const token = (role: Role, organisation: string, subject = `${role}-1`) =>
    issueToken(secrets.issuerKeyFile, {
      subject,
      organisation,
      roles: [role],
      audience: config.audience,
      lifetimeSeconds: 600,
    })
  return {
    folder,
    service,
    app,
    logged,
    token,
    as: async (role, organisation, subject) =>
      connect(await token(role, organisation, subject), '', (url, init) => app.request(url, init)),
    async restart() {
      await service[Symbol.asyncDispose]()
      return await inhabit(folder, env, overrides)
    },
    async [Symbol.asyncDispose]() {
      await service[Symbol.asyncDispose]()
      await rm(folder, { recursive: true, force: true })
    },
  }
}

export const incident = {
  timestamp_utc: '2026-03-01T12:00:00Z',
  location_id: 'store-0142',
  device_ids: ['cam-03'],
  reporter_id: 'anon_6f1c2a9be07d4c35',
  incident_type: 'shoplifting',
  severity: 'medium',
  agency_id: 'agency-a',
}

export async function recordIncident(estate: Estate, change: Partial<typeof incident> = {}): Promise<string> {
  const operator = await estate.as('store-operator', 'custodian')
  return (await operator.json<{ incident_id: string }>('POST', '/v1/incidents', { ...incident, ...change })).incident_id
}

export interface Receipt {
  readonly exhibitNumber: string
  readonly clipRef: string
  readonly sha256: string
  readonly chain: string
  readonly ledgerIndex: number
  readonly proof: string
}

export async function acquireClip(
  estate: Estate,
  incidentId: string,
  clip: string,
  headers: Record<string, string> = {},
): Promise<Receipt> {
  const operator = await estate.as('store-operator', 'custodian')
  const body = Readable.toWeb(createReadStream(clip)) as ReadableStream
  const all = { 'content-type': 'application/octet-stream', ...headers }
  return (await (
    await operator.send('POST', `/v1/incidents/${incidentId}/exhibits`, { body, duplex: 'half', headers: all })
  ).json()) as Receipt
}

/** A demand that policy permits; leave something out to see it refused. */
export const demand = (exhibitNumber: string) => ({
  exhibitNumber,
  purpose: 'criminal-investigation',
  authority: {
    type: 'warrant',
    identifier: 'W-1',
    issuer: 'district-court',
    issuedAt: new Date(Date.now() - 3_600_000).toISOString(),
    scope: 'general',
    documentSha256: 'a'.repeat(64),
  },
  justification: 'The clip shows the aisle in which the goods were taken.',
})
