/** One agency learns nothing of another: unknown and foreign are answered alike, and neither is told from the other by words, headers or work. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { ApiProblem } from '../../service/cli/client.ts'
import { makeClip } from './clips.ts'
import { acquireClip, demand, type Estate, openEstate, type Receipt, recordIncident } from './estate.ts'

let estate: Estate
let receipt: Receipt
let requestId: string

beforeAll(async () => {
  estate = await openEstate()
  receipt = await acquireClip(estate, await recordIncident(estate), await makeClip())
  const officer = await estate.as('officer', 'agency-a')
  requestId = (await officer.json<{ requestId: string }>('POST', '/v1/requests', demand(receipt.exhibitNumber)))
    .requestId
})
afterAll(() => estate[Symbol.asyncDispose]())

async function answer(method: string, path: string, body?: unknown) {
  const token = await estate.token('officer', 'agency-b')
  const init = {
    method,
    headers: { authorization: `Bearer ${token}`, ...(body ? { 'content-type': 'application/json' } : {}) },
    ...(body ? { body: JSON.stringify(body) } : {}),
  }
  const response = await estate.app.request(path, init)
  return { status: response.status, headers: Object.fromEntries(response.headers), body: await response.text() }
}

test('another agency’s exhibit, chain, request and disclosure are answered exactly as ones that do not exist', async () => {
  const pairs: [string, string, unknown?, unknown?][] = [
    [`/v1/exhibits/${receipt.exhibitNumber}`, '/v1/exhibits/EX-0000-0000-0000'],
    [`/v1/exhibits/${receipt.exhibitNumber}/chain`, '/v1/exhibits/EX-0000-0000-0000/chain'],
    [`/v1/requests/${requestId}`, '/v1/requests/RQ-0000-0000-0000'],
  ]
  for (const [foreign, unknown] of pairs) {
    const answers = [await answer('GET', foreign), await answer('GET', unknown)]
    expect(answers[0]).toEqual(answers[1])
    expect(answers[0]!.status).toBe(404)
  }
  const filed = [
    await answer('POST', '/v1/requests', demand(receipt.exhibitNumber)),
    await answer('POST', '/v1/requests', demand('EX-0000-0000-0000')),
  ]
  expect(filed[0]).toEqual(filed[1])
  expect(filed[0]!.status).toBe(404)
  const prepared = [
    await answer('POST', `/v1/requests/${requestId}/disclosures`),
    await answer('POST', '/v1/requests/RQ-0000-0000-0000/disclosures'),
  ]
  expect(prepared[0]).toEqual(prepared[1])
  expect(prepared[0]!.status).toBe(404)
})

test('each of those attempts is in the ledger as a refused access', async () => {
  const before = await estate.service.ledger.size()
  await answer('GET', `/v1/exhibits/${receipt.exhibitNumber}`)
  await answer('GET', '/v1/exhibits/EX-0000-0000-0000')
  expect(await estate.service.ledger.size()).toBe(before + 2)
})

test('an agency sees its own acts and the acquisition; the custodian’s other acts and another agency’s attempts are closed entries', async () => {
  await answer('GET', `/v1/exhibits/${receipt.exhibitNumber}`)
  const officer = await estate.as('officer', 'agency-a')
  const chain = await officer.json<{
    entries: { index: number }[]
    openings: { index: number; field: string; value: unknown }[]
  }>('GET', `/v1/exhibits/${receipt.exhibitNumber}/chain`)
  const who = chain.openings.filter(o => o.field === 'who').map(o => (o.value as { organisation: string }).organisation)
  expect(new Set(who)).toEqual(new Set(['agency-a']))
  expect(chain.openings.filter(o => o.field === 'ev').map(o => o.value)).toContain('exhibit.acquired')
  expect(chain.entries.length).toBeGreaterThan(new Set(chain.openings.map(o => o.index)).size)
})

test('a person without the role is told no, with a reason and an entry', async () => {
  const device = await estate.as('device', 'custodian')
  const refused = await device.json('GET', `/v1/exhibits/${receipt.exhibitNumber}`).catch((e: unknown) => e)
  expect(refused).toBeInstanceOf(ApiProblem)
  expect((refused as ApiProblem).problem).toMatchObject({
    status: 403,
    reasons: ['role.not-allowed'],
    ledgerIndex: expect.any(Number),
  })
})
