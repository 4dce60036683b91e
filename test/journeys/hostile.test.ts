/** What a hostile or unlucky caller tries: repeats, doubles, borrowed roles. Each of these once had an effect that it must not have. */
import { mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { ApiProblem, Client } from '../../service/cli/client.ts'
import { awaitDisclosure } from '../../service/cli/request.ts'
import { prepareDisclosure } from '../../service/disclosure/prepare.ts'
import { findDisclosure } from '../../service/disclosure/store.ts'
import { lockFolder } from '../../service/lock.ts'
import { makeClip } from './clips.ts'
import { acquireClip, demand, type Estate, openEstate, type Receipt, recordIncident } from './estate.ts'

let estate: Estate
let receipt: Receipt
let officer: Client

beforeAll(async () => {
  estate = await openEstate()
  officer = await estate.as('officer', 'agency-a')
  receipt = await acquireClip(estate, await recordIncident(estate), await makeClip())
})
afterAll(() => estate[Symbol.asyncDispose]())

const problemOf = (promise: Promise<unknown>) =>
  promise.then(
    () => undefined,
    (error: unknown) => (error as ApiProblem).problem,
  )
const file = async (body: object = demand(receipt.exhibitNumber), headers = {}) =>
  officer.json<{ requestId: string }>('POST', '/v1/requests', body, headers)

test('a disclosure can be asked for before any worker ran, and the service goes on answering', async () => {
  const { requestId } = await file()
  expect((await officer.json<{ state: string }>('POST', `/v1/requests/${requestId}/disclosures`)).state).toBe('queued')
  expect((await estate.app.request('/readyz')).status).toBe(200)
})

test('two workers on one job release one package, and its digest is the one in the ledger', async () => {
  const { requestId } = await file()
  const { disclosureId } = await officer.json<{ disclosureId: string }>('POST', `/v1/requests/${requestId}/disclosures`)
  const signal = new AbortController().signal
  await Promise.all([1, 2].map(() => prepareDisclosure(estate.service, disclosureId, signal)))
  const row = (await findDisclosure(estate.service.db, disclosureId))!
  expect(row.state).toBe('ready')
  const entry = await estate.service.ledger.entryOf(row.req, 'disclosure.prepared')
  const { openings } = (await estate.service.ledger.chain(receipt.chain)).find(e => e.index === entry.index)!
  expect(openings.find(o => o.field === 'obj')?.value).toMatchObject({ sha256: row.packageSha256 })
})

test('a refusal repeated with its key is refused again, with the same entry', async () => {
  const key = { 'idempotency-key': 'refused-once-1' }
  const body = { exhibitNumber: receipt.exhibitNumber }
  const [first, second] = [await problemOf(file(body, key)), await problemOf(file(body, key))]
  expect(first?.status).toBe(403)
  expect(second).toEqual(first)
})

test('the most downloads bind the request, however many disclosures it has', async () => {
  await estate.service.startWorker()
  const { requestId } = await file()
  const statuses: number[] = []
  for (let i = 0; i < 2; i++) {
    const { disclosureId } = await awaitDisclosure(officer, requestId, () => {})
    for (let n = 0; n < 4; n++) {
      const problem = await problemOf(
        officer.send('GET', `/v1/disclosures/${disclosureId}/package`).then(r => r.arrayBuffer()),
      )
      statuses.push(problem?.status ?? 200)
    }
  }
  expect(statuses.filter(status => status === 200)).toHaveLength(5)
})

test('approval is for the custodian’s own people, and never for the one who asked', async () => {
  const critical = await acquireClip(
    estate,
    await recordIncident(estate, { severity: 'critical' }),
    await makeClip({ seed: 5 }),
  )
  const { requestId } = await file(demand(critical.exhibitNumber))
  const approve = async (organisation: string, subject: string) => {
    const manager = await estate.as('records-manager', organisation, subject)
    return problemOf(manager.json('POST', `/v1/requests/${requestId}/approvals`))
  }
  for (const agency of ['agency-a', 'agency-b'])
    expect((await approve(agency, 'm-1'))?.status).toBeGreaterThanOrEqual(403)
  expect((await approve('custodian', 'officer-1'))?.status).toBe(409)
  expect(await approve('custodian', 'm-1')).toBeUndefined()
  expect((await approve('custodian', 'm-1'))?.status).toBe(409)
})

test('what no table can hold is refused as malformed, and words of a request never reach the log', async () => {
  const nul = { ...demand(receipt.exhibitNumber), justification: 'a nul \u0000 in the middle of it all' }
  expect((await problemOf(file(nul)))?.status).toBe(400)
  expect((await problemOf(officer.send('GET', '/v1/exhibits/%00')))?.status).toBe(400)
  expect(estate.logged.join('\n')).not.toContain('in the middle of it all')
})

test('an incident cannot be reported to an agency that nobody knows', async () => {
  expect((await problemOf(recordIncident(estate, { agency_id: 'custodian' })))?.status).toBe(400)
})

test('of many that open one folder at once, one gets it', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'custos-lock-'))
  const held = await Promise.allSettled(Array.from({ length: 5 }, () => lockFolder(folder)))
  const winners = held.flatMap(h => (h.status === 'fulfilled' ? [h.value] : []))
  expect(winners).toHaveLength(1)
  await winners[0]![Symbol.asyncDispose]()
  await (await lockFolder(folder))[Symbol.asyncDispose]()
})
