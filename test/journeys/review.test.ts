/** A copy in which the second look sees something open is not released until a person has decided, and that decision is an entry. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { ApiProblem } from '../../service/cli/client.ts'
import { awaitDisclosure, type DisclosureView, followDisclosure } from '../../service/cli/request.ts'
import { derivatives } from '../../service/disclosure/tables.ts'
import { makeClip } from './clips.ts'
import { acquireClip, demand, type Estate, openEstate, type Receipt, recordIncident } from './estate.ts'

let estate: Estate
let receipt: Receipt
beforeAll(async () => {
  estate = await openEstate()
  await estate.service.startWorker()
  receipt = await acquireClip(estate, await recordIncident(estate), await makeClip())
})
afterAll(() => estate[Symbol.asyncDispose]())

const events = async () =>
  (await estate.service.ledger.chain(receipt.chain)).map(e => e.openings.find(o => o.field === 'ev')?.value)
const review = { outcome: 'release', reason: 'Looked at all residual hits: price labels.' }

/** Prepared once to have a derivative, whose certificate then says that something was left open. */
async function waiting(): Promise<DisclosureView> {
  const officer = await estate.as('officer', 'agency-a')
  const { requestId } = await officer.json<{ requestId: string }>('POST', '/v1/requests', demand(receipt.exhibitNumber))
  await awaitDisclosure(officer, requestId, () => {})
  const [row] = await estate.service.db.select().from(derivatives)
  const certificate = JSON.parse(row!.certificate)
  const hit = { family: 'detectors', class: 'face', first: 0, last: 1, x: 0, y: 0, w: 8, h: 8, scorePerMille: 900 }
  certificate.residual = { tracks: 1, frames: 2, hits: [hit] }
  await estate.service.db.update(derivatives).set({ certificate: JSON.stringify(certificate) })
  return awaitDisclosure(officer, requestId, () => {})
}

test('a release over open hits waits for the custodian; the requester cannot wave it through', async () => {
  const view = await waiting()
  expect(view.state).toBe('review')
  const officer = await estate.as('officer', 'agency-a')
  const path = `/v1/disclosures/${view.disclosureId}`
  const own = await officer.json('POST', `${path}/reviews`, review).catch((e: unknown) => e)
  expect((own as ApiProblem).problem).toMatchObject({ status: 403, reasons: ['role.not-allowed'] })
  const early = await officer.send('GET', `${path}/package`).catch((e: unknown) => e)
  expect((early as ApiProblem).problem).toMatchObject({ status: 409 })

  const manager = await estate.as('records-manager', 'custodian')
  const released = await manager.json<DisclosureView>('POST', `${path}/reviews`, review)
  expect(await events()).toContain('redaction.reviewed')
  expect(released.state).not.toBe('review')
  const again = await manager.json('POST', `${path}/reviews`, review).catch((e: unknown) => e)
  expect((again as ApiProblem).problem).toMatchObject({ status: 409 })
  await followDisclosure(officer, released, () => {})
})

test('what a person withholds stays withheld', async () => {
  const officer = await estate.as('officer', 'agency-a')
  const { requestId } = await officer.json<{ requestId: string }>('POST', '/v1/requests', demand(receipt.exhibitNumber))
  const view = await awaitDisclosure(officer, requestId, () => {})
  expect(view.state).toBe('review')
  const manager = await estate.as('records-manager', 'custodian')
  const path = `/v1/disclosures/${view.disclosureId}`
  expect(await manager.json('POST', `${path}/reviews`, { ...review, outcome: 'withhold' })).toMatchObject({
    state: 'failed',
    failure: 'withheld',
  })
  const refused = await officer.send('GET', `${path}/package`).catch((e: unknown) => e)
  expect((refused as ApiProblem).problem).toMatchObject({ status: 409 })
})
