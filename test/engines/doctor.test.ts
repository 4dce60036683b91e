/** `custos doctor` on PostgreSQL, S3 and KMS: what is fit is ok, and each thing that is not is named with what mends it. */
import { DisableKeyCommand } from '@aws-sdk/client-kms'
import pg from 'pg'
import { beforeAll, expect, test } from 'vitest'
import { installDatabase } from '../../service/install.ts'
import { examine } from '../cli/examine.ts'
import { freshBucket, s3Servers } from './buckets.ts'
import { administer, freshKmsKeys, kmsEngine } from './kms.ts'
import { freshDatabase } from './postgres.ts'
import { makeRoles } from './postgres-roles.ts'

const s3 = s3Servers.versitygw!
const { accessKeyId, secretAccessKey, awsRegion } = s3
// One account and one region for both, as the SDK's own chain would find them.
const kms = { ...kmsEngine('MINISTACK')!, awsRegion, credentials: { accessKeyId, secretAccessKey } }
let superuser: string
let owner: string
let environment: Record<string, string>

beforeAll(async () => {
  superuser = (await freshDatabase())!
  const roles = await makeRoles(superuser)
  owner = roles.owner
  await installDatabase(owner)
  const keys = await freshKmsKeys(kms)
  environment = {
    CUSTOS_DATA_DIR: '/nonexistent/custos',
    CUSTOS_SCRATCH_DIR: '/dev/shm',
    CUSTOS_DATABASE_URL: roles.service,
    CUSTOS_S3_ENDPOINT: s3.endpoint,
    CUSTOS_S3_BUCKET: (await freshBucket(s3)).bucket,
    CUSTOS_KMS_ENDPOINT: kms.endpoint,
    CUSTOS_KMS_KEY_ID: keys.keyId,
    CUSTOS_KMS_MAC_KEY_ID: keys.macKeyId,
    CUSTOS_AWS_REGION: awsRegion,
    AWS_ACCESS_KEY_ID: accessKeyId,
    AWS_SECRET_ACCESS_KEY: secretAccessKey,
  }
})

async function asSuperuser(statement: string): Promise<void> {
  const client = new pg.Client({ connectionString: superuser })
  await client.connect()
  await client.query(statement).finally(() => client.end())
}

async function finding(name: string, change: Record<string, string> = {}) {
  const examined = await examine({ ...environment, ...change })
  return { code: examined.code, ...examined.finding(name) }
}

test('engines that are as docs/deploy.md makes them are ok, each on a line of its own', async () => {
  const { findings } = await examine(environment)
  const names = [
    'database',
    'durability',
    'connections',
    'migrations',
    'queue',
    'grants',
    'objects local',
    'keys local',
  ]
  expect(findings.filter(({ name }) => names.includes(name)).map(({ name, state }) => [name, state])).toEqual(
    names.map(name => [name, 'ok']),
  )
  expect(findings.find(({ name }) => name === 'grants')?.says).toMatch(/connected as custos_service/)
})

test('who connects as a superuser or as the owner is warned', async () => {
  expect(await finding('grants', { CUSTOS_DATABASE_URL: superuser })).toMatchObject({
    state: 'warn',
    says: expect.stringContaining('superuser'),
  })
  expect(await finding('grants', { CUSTOS_DATABASE_URL: owner })).toMatchObject({
    state: 'warn',
    says: expect.stringContaining('owner'),
  })
})

test('a right that is lacking fails, one too many is a warning, and `custos migrate` mends both', async () => {
  await asSuperuser('revoke insert on intake.exhibits from custos_service')
  expect(await finding('grants')).toMatchObject({
    code: 1,
    state: 'FAIL',
    says: expect.stringContaining('intake.exhibits: insert'),
  })
  await installDatabase(owner)
  await asSuperuser('grant delete on custody.entries to custos_service')
  expect(await finding('grants')).toMatchObject({
    state: 'warn',
    says: expect.stringContaining('custody.entries: delete'),
  })
  await installDatabase(owner)
  expect(await finding('grants')).toMatchObject({ state: 'ok' })
})

test('a right to what is not listed is seen: a table, a column, a schema, the database; that to a stranger’s table is not ours', async () => {
  await asSuperuser(`create table custody.unlisted (id int); alter table custody.unlisted owner to custos_owner;
    grant insert on custody.unlisted to custos_service;
    grant update (retain_until) on intake.exhibits to custos_service;
    grant update on vault.object_keys to custos_service;
    grant truncate on jobs.job to custos_service;
    grant create on schema intake to custos_service;
    create table public.theirs (id int); grant select on public.theirs to custos_service;
    do $$ begin execute format('grant create on database %I to custos_service', current_database()); end $$`)
  const { state, says } = await finding('grants')
  await asSuperuser(`drop table public.theirs;
    do $$ begin execute format('revoke create on database %I from custos_service', current_database()); end $$`)
  expect(state).toBe('warn')
  expect(says?.replace(/.*needs: /, '').split(', ')).toEqual([
    'custody.unlisted: insert',
    'database: create',
    'intake.exhibits: update (retain_until)',
    'jobs.job: truncate',
    'schema intake: create',
    'vault.object_keys: update',
  ])
  await installDatabase(owner)
  expect(await finding('grants')).toMatchObject({ state: 'ok' })
  await asSuperuser('drop table custody.unlisted')
})

test('an owner that can log in is a warning', async () => {
  await asSuperuser('alter role custos_owner login')
  const found = await finding('grants')
  await asSuperuser('alter role custos_owner nologin')
  expect(found).toMatchObject({ state: 'warn', mend: 'alter role custos_owner nologin' })
})

test('a database that lacks a migration or the queue fails, and the mending verb is named', async () => {
  const { findings, code } = await examine({ ...environment, CUSTOS_DATABASE_URL: (await freshDatabase())! })
  for (const name of ['migrations', 'queue'])
    expect(JSON.stringify(findings.find(found => found.name === name))).toMatch(/FAIL.*custos migrate/)
  expect(code).toBe(1)
})

test('commits that are not waited for fail', async () => {
  const url = (await freshDatabase())!
  await installDatabase(url)
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  await client.query(`alter database ${new URL(url).pathname.slice(1)} set synchronous_commit = off`)
  await client.end()
  expect(await finding('durability', { CUSTOS_DATABASE_URL: url })).toMatchObject({ code: 1, state: 'FAIL' })
})

test('a bucket without object lock, and one that is not there, fail', async () => {
  const unlocked = await freshBucket(s3, { lock: false, versions: true })
  expect(await finding('objects local', { CUSTOS_S3_BUCKET: unlocked.bucket })).toMatchObject({
    code: 1,
    state: 'FAIL',
    says: expect.stringContaining('object lock'),
  })
  expect(await finding('objects local', { CUSTOS_S3_BUCKET: 'there-is-none' })).toMatchObject({ state: 'FAIL' })
})

test('a store that cannot be reached fails, and everything else is still looked at', async () => {
  const { findings } = await examine({ ...environment, CUSTOS_S3_ENDPOINT: 'http://127.0.0.1:9' })
  expect(findings.find(({ name }) => name === 'objects local')?.state).toBe('FAIL')
  expect(findings.find(({ name }) => name === 'keys local')?.state).toBe('ok')
})

test('a disabled key fails', async () => {
  const keys = await freshKmsKeys(kms)
  await administer(kms).send(new DisableKeyCommand({ KeyId: keys.keyId }))
  expect(
    await finding('keys local', { CUSTOS_KMS_KEY_ID: keys.keyId, CUSTOS_KMS_MAC_KEY_ID: keys.macKeyId }),
  ).toMatchObject({ code: 1, state: 'FAIL', says: expect.stringContaining('Disabled') })
})
