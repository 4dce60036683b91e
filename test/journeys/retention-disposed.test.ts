/** What was permitted once is judged again: a disposal and a move to another region end it, at every step. */
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { awaitDisclosure } from '../../service/cli/request.ts'
import { newId } from '../../service/custody/id.ts'
import { derive } from '../../service/disclosure/derive.ts'
import { obligationsOf } from '../../service/disclosure/facts.ts'
import { findRequest } from '../../service/disclosure/store.ts'
import { findExhibit, markDisposed } from '../../service/intake/exhibits.ts'
import { newNumber } from '../../service/intake/numbers.ts'
import { exhibits, holds } from '../../service/intake/tables.ts'
import { demandAt, entriesOf, type Held, openHeld, refusal } from './holding.ts'

let held: Held
let paths: { readonly prepare: string; readonly download: string; readonly requestId: string }
beforeAll(async () => {
  held = await openHeld(new Date().toISOString())
  const { service } = held.estate
  await service.startWorker()
  const filed = demandAt(held.clock, held.receipt.exhibitNumber)
  const { requestId } = await held.officer.json<{ requestId: string }>('POST', '/v1/requests', filed)
  const { disclosureId } = await awaitDisclosure(held.officer, requestId, () => {})
  paths = {
    requestId,
    prepare: `/v1/requests/${requestId}/disclosures`,
    download: `/v1/disclosures/${disclosureId}/package`,
  }
})
afterAll(() => held[Symbol.asyncDispose]())

test('an agency that has moved to another region is given nothing more, at preparation and at download', async () => {
  const agencies = held.estate.service.agencies as Map<string, { status: 'active'; region: string; mouUntil: string }>
  const here = agencies.get('agency-a')!
  agencies.set('agency-a', { ...here, region: 'elsewhere' })
  try {
    for (const [method, path] of [
      ['POST', paths.prepare],
      ['GET', paths.download],
      ['HEAD', paths.download],
    ] as const) {
      const problem = await refusal(held.officer.send(method, path))
      expect(problem.status, `${method} ${path}`).toBe(403)
      if (method !== 'HEAD') expect(problem.reasons).toEqual(['region.crossing-without-basis'])
    }
  } finally {
    agencies.set('agency-a', here)
  }
  expect((await held.officer.send('GET', paths.download)).status).toBe(200)
})

test('of what was disposed of the record stays, and no byte: it is neither requested, prepared, opened nor downloaded', async () => {
  const { service } = held.estate
  const { exhibitNumber, chain } = held.receipt
  await service.db.update(holds).set({ liftedBy: 'test', liftedAt: held.clock.date(), liftReason: 'It is over.' })
  expect(await service.db.transaction(tx => markDisposed(tx, exhibitNumber, held.clock.date()))).toBe(true)

  const opened = vi.spyOn(service.vault, 'open')
  for (const [method, path, body] of [
    ['POST', '/v1/requests', demandAt(held.clock, exhibitNumber)],
    ['POST', paths.prepare],
    ['GET', paths.download],
  ] as const) {
    const problem = await refusal(held.officer.json(method, path, body))
    expect(problem, `${method} ${path}`).toMatchObject({ status: 403, reasons: ['exhibit.disposed'] })
    const entry = (await entriesOf(held)).find(e => e.index === problem.ledgerIndex)
    expect(entry?.ev).toMatch(/^(access|request)\.refused$/)
  }
  const request = (await findRequest(service.db, paths.requestId))!
  const anew = { ...obligationsOf(request), audio: 'keep' as const }
  await using folder = await service.vault.workFolder()
  const deriving = derive(service, request, anew, folder.path, () => {}, new AbortController().signal)
  expect(await refusalOf(deriving)).toEqual(['exhibit.disposed'])
  expect(opened).not.toHaveBeenCalled()

  expect(await held.manager.json('GET', `/v1/exhibits/${exhibitNumber}`)).toMatchObject({
    disposedAt: expect.any(String),
  })
  expect(await held.officer.json('GET', `/v1/exhibits/${exhibitNumber}/chain`)).toMatchObject({ chain })
})

test('an exhibit that went between the judgement and the act holds nothing and files nothing', async () => {
  const { service } = held.estate
  const [row] = await service.db.select().from(exhibits)
  const exhibitNumber = newNumber('EX')
  await service.db.insert(exhibits).values({ ...row!, exhibitNumber, chain: newId(), req: newId(), disposedAt: null })
  const { fileRequest } = await import('../../service/disclosure/requests.ts')
  const before = (await findExhibit(service, exhibitNumber))!
  await service.db.transaction(tx => markDisposed(tx, exhibitNumber, held.clock.date()))
  const asker = { subject: 'officer-1', organisation: 'agency-a', roles: ['officer'], assurance: 2, credential: 't' }
  const filed = demandAt(held.clock, exhibitNumber)
  const size = await service.ledger.size()
  await expect(fileRequest(service, service.agencies, asker, before, filed, async () => {})).rejects.toThrow(
    'disposed of',
  )
  expect(await service.ledger.size()).toBe(size)
})

async function refusalOf(answer: Promise<unknown>): Promise<unknown> {
  return await answer.then(
    () => 'not refused',
    (error: { details?: { reasons?: unknown } }) => error.details?.reasons ?? error,
  )
}
