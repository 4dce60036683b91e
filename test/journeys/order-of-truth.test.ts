/** When the ledger cannot record, nothing leaves and nothing is opened, on any route that can carry evidence. */
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { awaitDisclosure } from '../../service/cli/request.ts'
import { newId } from '../../service/custody/id.ts'
import { type Ledger, LedgerUnavailable } from '../../service/custody/ledger.ts'
import { prepareDisclosure } from '../../service/disclosure/prepare.ts'
import { findDisclosure } from '../../service/disclosure/store.ts'
import { disclosures } from '../../service/disclosure/tables.ts'
import { makeClip } from './clips.ts'
import { acquireClip, demand, type Estate, openEstate, type Receipt, recordIncident } from './estate.ts'

let estate: Estate
let receipt: Receipt
let ids: Record<string, string>
/** Which half of the ledger fails: `stage` before the act commits, `recorded` after it. */
let fails: 'no' | 'stage' | 'recorded' = 'no'

function breakable(real: Ledger): Ledger {
  const refuse = () => Promise.reject(new LedgerUnavailable('switched off by the test'))
  return {
    ...real,
    stage: (tx, act) => (fails === 'stage' ? refuse() : real.stage(tx, act)),
    recorded: staged => (fails === 'no' ? real.recorded(staged) : refuse()),
    append: act => (fails === 'no' ? real.append(act) : refuse()),
  }
}

beforeAll(async () => {
  estate = await openEstate({ ledger: breakable })
  await estate.service.startWorker()
  const incidentId = await recordIncident(estate)
  receipt = await acquireClip(estate, incidentId, await makeClip())
  const officer = await estate.as('officer', 'agency-a')
  const { requestId } = await officer.json<{ requestId: string }>('POST', '/v1/requests', demand(receipt.exhibitNumber))
  const { disclosureId } = await awaitDisclosure(officer, requestId, () => {})
  ids = {
    incidentId,
    exhibitNumber: receipt.exhibitNumber,
    requestId,
    disclosureId,
    index: '0',
    level: '0',
    path: '000.p/1',
  }
})
afterAll(() => estate[Symbol.asyncDispose]())

interface Operation {
  responses: Record<string, { content?: Record<string, unknown> }>
  security?: unknown[]
}

/** Every operation whose success is neither JSON nor text: bytes, so possibly evidence. Found in the document, so none can be forgotten. */
async function byteRoutes(): Promise<{ method: string; path: string; open: boolean }[]> {
  const document = (await (await estate.app.request('/openapi.json')).json()) as {
    paths: Record<string, Record<string, Operation>>
  }
  return Object.entries(document.paths).flatMap(([path, operations]) =>
    Object.entries(operations).flatMap(([method, { responses, security }]) => {
      const types = Object.entries(responses).flatMap(([status, r]) =>
        status.startsWith('2') ? Object.keys(r.content ?? {}) : [],
      )
      const bytes = types.some(type => !/json|^text\//.test(type))
      return bytes ? [{ method: method.toUpperCase(), path, open: security?.length === 0 }] : []
    }),
  )
}

test('the byte routes without a token are the hash tiles and nothing else', async () => {
  expect((await byteRoutes()).filter(r => r.open).map(r => r.path)).toEqual(['/v1/ledger/tile/{level}/{path}'])
})

for (const half of ['stage', 'recorded'] as const) {
  test(`with the ledger down at '${half}', every route that can carry evidence answers 503 with no byte of it, and the vault stays shut`, async () => {
    const routes = (await byteRoutes()).filter(r => !r.open)
    expect(routes.map(r => r.path)).toContain('/v1/disclosures/{disclosureId}/package')
    const opened = vi.spyOn(estate.service.vault, 'open')
    fails = half
    try {
      for (const { method, path } of routes) {
        for (const verb of method === 'GET' ? ['GET', 'HEAD'] : [method]) {
          for (const role of ['officer', 'auditor'] as const) {
            const token = await estate.token(role, role === 'officer' ? 'agency-a' : 'auditors')
            const url = path.replaceAll(/\{(\w+)\}/g, (_, name: string) => ids[name]!)
            const response = await estate.app.request(url, {
              method: verb,
              headers: { authorization: `Bearer ${token}` },
            })
            const body = await response.text()
            expect(response.status, `${verb} ${path}`).toBe(503)
            if (verb !== 'HEAD')
              expect(JSON.parse(body)).toMatchObject({
                type: expect.stringContaining('ledger-unavailable'),
                status: 503,
              })
          }
        }
      }
      expect(opened).not.toHaveBeenCalled()
    } finally {
      fails = 'no'
      opened.mockRestore()
    }
  })
}

test('no worker opens a master, or a kept copy, while the ledger is down', async () => {
  const { db, vault } = estate.service
  const ready = (await findDisclosure(db, ids.disclosureId!))!
  const disclosureId = 'DS-TEST'
  await db.insert(disclosures).values({
    ...ready,
    disclosureId,
    state: 'queued',
    packageRef: null,
    packageSha256: null,
    packageLen: null,
    req: newId(),
  })
  const opened = vi.spyOn(vault, 'open')
  fails = 'recorded'
  try {
    await expect(prepareDisclosure(estate.service, disclosureId, new AbortController().signal)).rejects.toThrow(
      LedgerUnavailable,
    )
    expect(opened).not.toHaveBeenCalled()
  } finally {
    fails = 'no'
    opened.mockRestore()
  }
})

test('an acquisition that cannot be recorded is not acknowledged, and a retry with the same key makes one exhibit', async () => {
  const clip = await makeClip({ seed: 90 })
  const incidentId = await recordIncident(estate)
  fails = 'recorded'
  const headers = { 'idempotency-key': 'retry-me-1' }
  await expect(acquireClip(estate, incidentId, clip, headers)).rejects.toThrow(/ledger cannot record/)
  fails = 'no'
  const first = await acquireClip(estate, incidentId, clip, headers)
  const second = await acquireClip(estate, incidentId, clip, headers)
  expect(second.exhibitNumber).toBe(first.exhibitNumber)
})
