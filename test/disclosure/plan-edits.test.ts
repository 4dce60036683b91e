/** What an edit and a review are worth on the wire: done once, judged before they are read, and not to be guessed from the ledger. */
import { createHash } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { ApiProblem } from '../../service/cli/client.ts'
import { canonicalJson } from '../../service/custody/canonical.ts'
import { disclosures, planVersions } from '../../service/disclosure/tables.ts'
import { parsePlan, planDigest } from '../../service/redaction/plan.ts'
import { type Estate, openEstate } from '../journeys/estate.ts'
import { type HeldCopy, holdCopy, saidIn } from './held-copy.ts'

let estate: Estate
let held: HeldCopy
let path: string
beforeAll(async () => {
  estate = await openEstate()
  held = await holdCopy(estate, 'review')
  path = `/v1/disclosures/${held.disclosureId}`
})
afterAll(() => estate[Symbol.asyncDispose]())

const manager = (subject = 'manager-1') => estate.as('records-manager', 'custodian', subject)
const said = () => saidIn(estate, held.receipt.chain)
const refusal = async (answer: Promise<unknown>) => {
  const error = await answer.catch((e: unknown) => e)
  expect(error).toHaveProperty('problem')
  return (error as ApiProblem).problem
}
const standing = async () => planDigest(parsePlan(await (await (await manager()).send('GET', `${path}/plan`)).text()))
const edit = async (body: unknown, key?: string, by = manager()) =>
  (await by).json<{ version: number }>('POST', `${path}/plan/edits`, body, key ? { 'idempotency-key': key } : {})
const reason = 'Looked at it frame by frame.'
const removal = (planSha256: string) => ({
  edit: { operation: 'delete', track: 1, ground: 'false-detection' },
  reason,
  planSha256,
})

describe('whoever may not edit', () => {
  const bodies: [what: string, body: unknown][] = [
    ['is no edit', { edit: { operation: 'uncover' } }],
    ['is empty', {}],
    ['is an edit of a plan that stands no more', removal('0'.repeat(64))],
  ]
  test.each(bodies)('hears the same of a body that %s, and it is recorded', async (_what, body) => {
    for (const [by, reasons] of [
      [estate.as('officer', 'agency-a'), ['role.not-allowed']],
      [estate.as('auditor', 'custodian'), ['role.not-allowed']],
    ] as const) {
      const refused = await refusal(edit(body, undefined, by))
      expect(refused).toMatchObject({ status: 403, reasons })
      const entry = (await said()).find(({ index }) => index === refused.ledgerIndex)
      expect(entry).toMatchObject({ ev: 'access.refused', pol: { reasons: expect.arrayContaining([...reasons]) } })
    }
    expect((await refusal(edit(body, undefined, estate.as('officer', 'agency-b')))).status).toBe(404)
  })

  test('hears it also of a body that is no JSON; whoever may is told what is wrong with it', async () => {
    const headers = { 'content-type': 'application/json' }
    const send = async (by: ReturnType<typeof manager>) =>
      refusal((await by).send('POST', `${path}/plan/edits`, { body: '{"edit":', headers }))
    expect((await send(estate.as('officer', 'agency-a'))).status).toBe(403)
    expect((await send(manager())).status).toBe(400)
    expect(await refusal(edit({}))).toMatchObject({ status: 400, detail: expect.stringContaining('planSha256') })
  })

  test('of a disclosure that cannot be and one that is not there hears what anybody hears', async () => {
    const officer = await estate.as('officer', 'agency-a')
    for (const [id, status] of [
      ['%00', 400],
      ['DS-NONE', 404],
    ] as const)
      expect((await refusal(officer.json('POST', `/v1/disclosures/${id}/plan/edits`, {}))).status).toBe(status)
  })
})

describe('an edit with an idempotency key', () => {
  const key = 'edit-me-once'
  test('is made once, and answered alike', async () => {
    const body = removal(await standing())
    const first = await edit(body, key)
    expect(first).toMatchObject({ version: 1, planSha256: await standing() })
    const before = (await said()).length
    expect(await edit(body, key)).toEqual(first)
    expect(await said()).toHaveLength(before)
    expect(await estate.service.db.select().from(planVersions)).toHaveLength(1)
    expect((await refusal(edit(body))).status).toBe(409)
    expect(await refusal(edit({ ...body, reason: 'Another reason than that.' }, key))).toMatchObject({
      status: 422,
      type: expect.stringContaining('idempotency-key-reused'),
    })
    expect((await refusal(edit(body, key, manager('manager-2')))).status).toBe(409)
  })

  test('that comes twice at once is made once, and no key is spent on an edit that was not made', async () => {
    const blank = { edit: { operation: 'blank', first: 0, last: 0, ground: 'child' }, reason }
    expect((await refusal(edit({ ...blank, planSha256: '0'.repeat(64) }, 'edit-me-twice'))).status).toBe(409)
    const body = { ...blank, planSha256: await standing() }
    const both = await Promise.all([edit(body, 'edit-me-twice'), edit(body, 'edit-me-twice')])
    for (const one of both) expect(one).toEqual(await edit(body, 'edit-me-twice'))
    expect(await estate.service.db.select().from(planVersions)).toHaveLength(2)
  })
})

test('an edit of a plan that stands no more hears so, and no refusal of it is recorded: what it names may be gone', async () => {
  const before = (await said()).length
  const gone = { operation: 'delete', track: 1, ground: 'drawn-in-error' }
  expect((await refusal(edit({ edit: gone, reason, planSha256: planDigest(held.plan) }))).status).toBe(409)
  expect(await said()).toHaveLength(before)
  expect((await refusal(edit({ edit: gone, reason, planSha256: await standing() }))).status).toBe(403)
})

test('what a reviewer said opens with what the custodian kept, and is not to be guessed without', async () => {
  const review = { outcome: 'withhold', reason: 'A face is open.' }
  await (await manager('manager-3')).json('POST', `${path}/reviews`, review)
  const { obj } = (await said()).find(({ ev }) => ev === 'redaction.reviewed')!
  const digestOf = (record: object) => {
    const bytes = canonicalJson(record)
    return { sha256: createHash('sha256').update(bytes).digest('hex'), len: bytes.length, role: 'review' }
  }
  const { disclosureId } = held
  const [kept] = await estate.service.db.select().from(disclosures)
  const nonce = kept!.reviewNonce
  expect(nonce).toMatch(/^[0-9a-f]{32}$/)
  expect(obj).toEqual(digestOf({ v: 'custos-review/v1', disclosureId, ...review, nonce }))
  expect(JSON.stringify(await said())).not.toContain(nonce)
})
