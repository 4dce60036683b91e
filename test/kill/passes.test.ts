/** A disclosure's job whose process, or one of whose programs alone, is killed with SIGKILL in each pass: nothing of it is out, and nothing is half there. */
import { randomUUID } from 'node:crypto'
import { readdir } from 'node:fs/promises'
import { setTimeout as delay } from 'node:timers/promises'
import { eq } from 'drizzle-orm'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { ApiProblem, Client } from '../../service/cli/client.ts'
import { awaitDisclosure, type DisclosureView, followDisclosure } from '../../service/cli/request.ts'
import { derivatives } from '../../service/disclosure/tables.ts'
import { acquireClip, demand, type Estate, openEstate, type Receipt, recordIncident } from '../journeys/estate.ts'
import { ffmpeg, scratch, x264 } from '../redaction/clips.ts'
import { ask, deliver, recordIncident as recordIncidentIn } from './acts.ts'
import { atWork, living, type Mark, programsOf } from './programs.ts'
import { makeWorld } from './world.ts'

/** Something is found in it, so that it is rendered, for long enough to be caught at that. */
async function picture(): Promise<string> {
  const path = folder.path(`${randomUUID()}.mp4`)
  await ffmpeg('-i', 'fixtures/shop.mp4', '-frames:v', '24', '-an', ...x264, path)
  return path
}

const folder = await scratch()
afterAll(() => folder[Symbol.asyncDispose]())

const patienceMs = 600_000

async function refusedPackage(officer: Client, disclosureId: string): Promise<unknown> {
  const problem = await officer.send('GET', `/v1/disclosures/${disclosureId}/package`).catch((e: unknown) => e)
  return (problem as ApiProblem).problem
}

/** Once the job has come as far as its `stage`, of which the first report is a finished frame. */
async function reaches(officer: Client, disclosureId: string, stage: string): Promise<void> {
  for (;;) {
    const view = await officer.json<DisclosureView>('GET', `/v1/disclosures/${disclosureId}`)
    if (view.stage === stage) return
    if (!['queued', 'running'].includes(view.state)) throw new Error(`it was ${view.state} before it came to ${stage}`)
    await delay(10)
  }
}

describe('the service, killed', () => {
  test.each<[string, Mark, string | undefined]>([
    ['while the detectors look', 'a detector', 'plan'],
    ['while it renders', 'the renderer', undefined],
    ['while the copy is proven', 'the reader of writing', 'prove'],
  ])(
    '%s: its programs end, and the next one makes one copy, of which nothing was out before',
    async (_, mark, stage) => {
      await using world = await makeWorld()
      const life = await world.start()
      const [incidentId, clip] = [await recordIncidentIn(world, life), await picture()]
      await deliver(world, life, { key: randomUUID(), seed: 1, incidentId, clip })
      const { disclosureId } = await ask(world, life)
      const officer = await life.as('officer', 'agency-a')
      if (stage) await reaches(officer, disclosureId, stage)
      await atWork(life.pid, mark)
      const programs = await programsOf(life.pid)
      await life.kill()
      await expect.poll(() => living(programs), { timeout: 20_000 }).toEqual([])

      const next = await world.start()
      const early = await refusedPackage(await next.as('officer', 'agency-a'), disclosureId)
      expect(early).toMatchObject({ status: 409 })
      const settled = await next.tell({ do: 'settle', acknowledged: world.acknowledged, daysOn: 1 })
      expect(settled).toMatchObject({ findings: [], derivatives: 1, temporary: 0 })
      const view = await (await next.as('officer', 'agency-a')).json('GET', `/v1/disclosures/${disclosureId}`)
      expect(view).toMatchObject({ state: expect.stringMatching(/^(ready|review)$/) })
    },
    patienceMs,
  )
})

describe('one of its programs, killed alone', () => {
  let estate: Estate
  beforeAll(async () => {
    estate = await openEstate({}, { CUSTOS_WORKERS: '1' })
    await estate.service.startWorker()
  })
  afterAll(() => estate[Symbol.asyncDispose]())

  async function entries({ chain }: Receipt, ev: string): Promise<number> {
    const all = (await estate.service.ledger.chain(chain)).flatMap(({ openings }) => openings)
    return all.filter(({ field, value }) => field === 'ev' && value === ev).length
  }
  const copies = ({ exhibitNumber }: Receipt) =>
    estate.service.db.$count(derivatives, eq(derivatives.rootExhibitNumber, exhibitNumber))

  test.each<[string, Mark, string | undefined]>([
    ['the decoder of pass 1', 'a decoder in pass 1', undefined],
    ['a detector of pass 1', 'a detector', 'plan'],
    ['the renderer', 'the renderer', undefined],
    ['a detector of the proof', 'a detector', 'prove'],
    ['the reader of writing', 'the reader of writing', undefined],
    ['the decoder of the copy', 'a decoder of the copy', undefined],
  ])(
    '%s: the disclosure fails, on the record, nothing of it is kept, and a second one is made',
    async (_, mark, stage) => {
      const receipt = await acquireClip(estate, await recordIncident(estate), await picture())
      const officer = await estate.as('officer', 'agency-a')
      const demanded = demand(receipt.exhibitNumber)
      const { requestId } = await officer.json<{ requestId: string }>('POST', '/v1/requests', demanded)
      const asked = await officer.json<DisclosureView>('POST', `/v1/requests/${requestId}/disclosures`)
      if (stage) await reaches(officer, asked.disclosureId, stage)
      process.kill((await atWork(process.pid, mark)).pid, 'SIGKILL')
      const view = await followDisclosure(officer, asked, () => {})
      expect(view).toMatchObject({ state: 'failed', failure: 'redaction-failed' })
      // One for the master that was opened for nothing, one for the disclosure.
      expect(await entries(receipt, 'access.aborted')).toBe(2)
      expect(await refusedPackage(officer, view.disclosureId)).toMatchObject({ status: 409 })
      expect(await copies(receipt)).toBe(0)
      await expect.poll(() => readdir(estate.service.scratchDir)).toEqual([])

      const second = await awaitDisclosure(officer, requestId, () => {})
      expect(second.state).toMatch(/^(ready|review)$/)
      expect(await copies(receipt)).toBe(1)
    },
    patienceMs,
  )
})
