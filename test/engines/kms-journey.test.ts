/** What a user of the API sees while the KMS is lost: 503 and when to come back, no evidence, no trace of the inside; then all as before. */
import { readFile } from 'node:fs/promises'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { awaitDisclosure } from '../../service/cli/request.ts'
import { checkLog } from '../custody/check-log.ts'
import { makeClip } from '../journeys/clips.ts'
import { acquireClip, demand, type Estate, openEstate, type Receipt, recordIncident } from '../journeys/estate.ts'
import { type Behaviour, type LoopbackKms, startLoopbackKms } from '../vault/loopback-kms.ts'
import { freshKmsKeys, kmsEngine } from './kms.ts'

let kms: LoopbackKms
let estate: Estate
let incidentId: string
let receipt: Receipt
let disclosureId: string
let clips: string[]

beforeAll(async () => {
  const engine = kmsEngine('MINISTACK')!
  kms = await startLoopbackKms(engine.endpoint)
  const { keyId, macKeyId } = await freshKmsKeys(engine)
  vi.stubEnv('AWS_ACCESS_KEY_ID', engine.credentials.accessKeyId)
  vi.stubEnv('AWS_SECRET_ACCESS_KEY', engine.credentials.secretAccessKey)
  estate = await openEstate(
    {},
    {
      CUSTOS_KMS_KEY_ID: keyId,
      CUSTOS_KMS_MAC_KEY_ID: macKeyId,
      CUSTOS_KMS_ENDPOINT: kms.endpoint,
      CUSTOS_AWS_REGION: engine.awsRegion,
    },
  )
  await estate.service.startWorker()
  clips = await Promise.all([1, 2, 3].map(seed => makeClip({ seed })))
  incidentId = await recordIncident(estate)
  receipt = await acquireClip(estate, incidentId, clips[0]!)
  const officer = await estate.as('officer', 'agency-a')
  const { requestId } = await officer.json<{ requestId: string }>('POST', '/v1/requests', demand(receipt.exhibitNumber))
  disclosureId = (await awaitDisclosure(officer, requestId, () => {})).disclosureId
})
afterAll(async () => {
  await estate?.[Symbol.asyncDispose]()
  await kms?.[Symbol.asyncDispose]()
  vi.unstubAllEnvs()
})

async function ask(role: 'store-operator' | 'officer', method: string, path: string, body?: Uint8Array<ArrayBuffer>) {
  const token = await estate.token(role, role === 'officer' ? 'agency-a' : 'custodian')
  const headers = { authorization: `Bearer ${token}`, ...(body && { 'content-type': 'application/octet-stream' }) }
  return await estate.app.request(path, { method, headers, ...(body && { body }) })
}

async function expectUnavailable(response: Response): Promise<void> {
  const text = await response.text()
  expect(response.status, text).toBe(503)
  expect(Number(response.headers.get('retry-after'))).toBeGreaterThan(0)
  expect(response.headers.get('content-type')).toContain('application/problem+json')
  expect(
    Object.keys(JSON.parse(text)).filter(key => !['type', 'title', 'status', 'ledgerIndex'].includes(key)),
  ).toEqual([])
  expect(text).not.toMatch(/kms|amazon|arn:|exception/i)
}

const lost: [string, Behaviour, number][] = [
  ['stalls', 'stall', 1],
  ['denies', { status: 400, name: 'AccessDeniedException' }, 2],
]
test.each(lost)(
  'while it %s a clip is not taken and a package not given, and both are afterwards',
  async (_, behaviour, n) => {
    const exhibits = `/v1/incidents/${incidentId}/exhibits`
    const clip = new Uint8Array(await readFile(clips[n]!))
    kms.behave(behaviour)
    await expectUnavailable(await ask('store-operator', 'POST', exhibits, clip))
    await expectUnavailable(await ask('officer', 'GET', `/v1/disclosures/${disclosureId}/package`))
    kms.behave('pass')
    const taken = await ask('store-operator', 'POST', exhibits, clip)
    expect(taken.status, await taken.clone().text()).toBe(201)
    expect(((await taken.json()) as Receipt).exhibitNumber).not.toBe(receipt.exhibitNumber)
    await checkLog(estate.service.ledger)
  },
)

test('the package comes whole once the KMS is back', async () => {
  const response = await ask('officer', 'GET', `/v1/disclosures/${disclosureId}/package`)
  expect(response.status).toBe(200)
  const bytes = new Uint8Array(await response.arrayBuffer())
  expect(bytes.length).toBe(Number(response.headers.get('content-length')))
  expect(Buffer.from(bytes.subarray(0, 2)).toString()).toBe('PK')
  await checkLog(estate.service.ledger)
})
