/** What a person decides over a connection that breaks: asked again with the same key it is answered, and was done and recorded once. */
import { eq } from 'drizzle-orm'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { ApiProblem } from '../../service/cli/client.ts'
import { disclosures } from '../../service/disclosure/tables.ts'
import { planDigest } from '../../service/redaction/plan.ts'
import { type Estate, openEstate } from '../journeys/estate.ts'
import { type HeldCopy, holdCopy, saidIn } from './held-copy.ts'

let estate: Estate
let held: HeldCopy
beforeAll(async () => {
  estate = await openEstate()
  held = await holdCopy(estate, 'review')
})
afterAll(() => estate[Symbol.asyncDispose]())

const manager = (subject = 'manager-1') => estate.as('records-manager', 'custodian', subject)
const recorded = async (ev: string) => (await saidIn(estate, held.receipt.chain)).filter(said => said.ev === ev)
const status = async (answer: Promise<unknown>) => {
  const { problem } = (await answer.catch((e: unknown) => e)) as ApiProblem
  return problem.status
}

/** Twice at once and once more with one key; then with the key and something else, without it, and by somebody else with it. */
async function thrice<T>(path: string, ev: string, body: object | undefined, other?: object): Promise<T[]> {
  const before = (await recorded(ev)).length
  const [key, person] = [`once-${ev}`, await manager()]
  const send = () => person.json<T>('POST', path, body, { 'idempotency-key': key })
  const answers = [...(await Promise.all([send(), send()])), await send()]
  expect(await recorded(ev)).toHaveLength(before + 1)
  if (other) expect(await status(person.json('POST', path, other, { 'idempotency-key': key }))).toBe(422)
  expect(await status(person.json('POST', path, body))).toBe(409)
  expect(
    await status((await estate.as('auditor', 'custodian')).json('POST', path, body, { 'idempotency-key': key })),
  ).toBe(403)
  expect(await recorded(ev)).toHaveLength(before + 1)
  return answers
}

test('an approval counts once', async () => {
  const path = `/v1/requests/${held.requestId}/approvals`
  const [first, ...others] = await thrice<{ requestId: string }>(path, 'request.approved', undefined)
  expect(first).toMatchObject({ requestId: held.requestId })
  for (const other of others) expect(other).toEqual(first)
})

test('a copy is rendered again once', async () => {
  const path = `/v1/disclosures/${held.disclosureId}`
  const edit = { operation: 'delete', track: 1, ground: 'false-detection' }
  const planSha256 = planDigest(held.plan)
  const edited = await (await manager()).json<{ planSha256: string }>('POST', `${path}/plan/edits`, {
    edit,
    reason: 'It is a poster.',
    planSha256,
  })
  const wanted = { planSha256: edited.planSha256 }
  const answers = await thrice<{ state: string }>(`${path}/renderings`, 'access.permitted', wanted, { planSha256 })
  for (const answer of answers) expect(answer).toMatchObject({ state: 'queued' })
})

test('a review is decided once', async () => {
  const { db } = estate.service
  await db.update(disclosures).set({ state: 'review' }).where(eq(disclosures.disclosureId, held.disclosureId))
  const path = `/v1/disclosures/${held.disclosureId}/reviews`
  const review = { outcome: 'withhold', reason: 'A face is open.' }
  const answers = await thrice<{ state: string }>(path, 'redaction.reviewed', review, {
    ...review,
    reason: 'No face is open.',
  })
  for (const answer of answers) expect(answer).toMatchObject({ state: 'failed', failure: 'withheld' })
})
