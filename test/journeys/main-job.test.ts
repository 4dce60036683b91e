/** The officer, the lawyer's package and the auditor: one clip from acquisition to a verified package. */
import { createHash } from 'node:crypto'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { ApiProblem } from '../../service/cli/client.ts'
import { extractFile } from '../../service/cli/extract.ts'
import { awaitDisclosure, fetchPackage } from '../../service/cli/request.ts'
import { judge } from '../../service/cli/verify.ts'
import { makeClip } from './clips.ts'
import { acquireClip, demand, type Estate, openEstate, type Receipt, recordIncident } from './estate.ts'

let estate: Estate
let receipt: Receipt
let clip: string

beforeAll(async () => {
  estate = await openEstate()
  await estate.service.startWorker()
  clip = await makeClip({ extra: ['-metadata', 'title=secret-title', '-metadata', 'location=+51.5-0.1/'] })
  receipt = await acquireClip(estate, await recordIncident(estate), clip)
})
afterAll(() => estate[Symbol.asyncDispose]())

test('a receipt names the clip by its digest and its keyed reference, and the reference is not the digest', async () => {
  expect(receipt.sha256).toBe(
    createHash('sha256')
      .update(await readFile(clip))
      .digest('hex'),
  )
  expect(receipt.clipRef).toMatch(/^[a-z2-7]{52}$/)
  expect(receipt.clipRef).not.toContain(receipt.sha256)
})

test('a request without a purpose is refused with every reason, and the refusal is an entry of the exhibit’s chain', async () => {
  const officer = await estate.as('officer', 'agency-a')
  const refused = (await officer
    .json('POST', '/v1/requests', { exhibitNumber: receipt.exhibitNumber })
    .catch((e: unknown) => e)) as ApiProblem
  expect(refused).toBeInstanceOf(ApiProblem)
  expect(refused.problem).toMatchObject({
    status: 403,
    reasons: expect.arrayContaining(['authority.missing', 'justification.missing', 'purpose.missing']),
  })
  const chain = await estate.service.ledger.chain(receipt.chain)
  const entry = chain.find(e => e.index === refused.problem.ledgerIndex)
  expect(entry?.openings.find(o => o.field === 'ev')?.value).toBe('request.refused')
})

test('a permitted request becomes a package that verifies offline and holds no metadata of the master', async () => {
  const officer = await estate.as('officer', 'agency-a')
  const request = await officer.json<{ requestId: string; state: string }>(
    'POST',
    '/v1/requests',
    demand(receipt.exhibitNumber),
  )
  expect(request.state).toBe('permitted')
  const disclosure = await awaitDisclosure(officer, request.requestId, () => {})
  const zip = join(estate.folder, 'package.zip')
  await fetchPackage(officer, disclosure.disclosureId, zip)
  const key = join(estate.folder, 'key')
  await writeFile(key, `${estate.service.ledger.verifierKey}\n`)
  const { result } = await judge(zip, { key, checkpoint: undefined, proof: `${zip}.tlog-proof` })
  expect(result.checks.filter(c => !c.ok)).toEqual([])
  expect(result.verdict).toBe('verified')
  const video = join(estate.folder, 'redacted.mp4')
  await extractFile(zip, 'data/redacted.mp4', video)
  expect((await readFile(video)).includes('secret-title')).toBe(false)

  const events = (await estate.service.ledger.chain(receipt.chain)).map(
    e => e.openings.find(o => o.field === 'ev')?.value,
  )
  for (const ev of [
    'exhibit.acquired',
    'request.received',
    'request.approved',
    'master.opened',
    'redaction.planned',
    'exhibit.redacted',
    'disclosure.prepared',
    'access.permitted',
    'access.completed',
  ]) {
    expect(events).toContain(ev)
  }
})

test('each access is recorded before it is answered, HEAD included, and the last download is the last', async () => {
  const officer = await estate.as('officer', 'agency-a')
  const request = await officer.json<{ requestId: string }>('POST', '/v1/requests', demand(receipt.exhibitNumber))
  const { disclosureId } = await awaitDisclosure(officer, request.requestId, () => {})
  const path = `/v1/disclosures/${disclosureId}/package`
  const before = (await estate.service.ledger.chain(receipt.chain)).length
  const head = await officer.send('HEAD', path)
  expect(head.status).toBe(200)
  expect((await head.arrayBuffer()).byteLength).toBe(0)
  expect((await estate.service.ledger.chain(receipt.chain)).length).toBeGreaterThan(before)

  const part = await officer.send('GET', path, { headers: { range: 'bytes=0-3' } })
  expect(part.status).toBe(206)
  expect(Buffer.from(await part.arrayBuffer()).toString('latin1')).toBe('PK\u0003\u0004')
  const answers = await Promise.allSettled(
    Array.from({ length: 8 }, async () => (await officer.send('GET', path)).arrayBuffer()),
  )
  expect(answers.filter(a => a.status === 'fulfilled')).toHaveLength(4)
  for (const answer of answers) {
    if (answer.status === 'rejected')
      expect((answer.reason as ApiProblem).problem.reasons).toEqual(['request.downloads-spent'])
  }
})

test('the redacted copy is made once and kept: a second disclosure opens no master', async () => {
  const events = (await estate.service.ledger.chain(receipt.chain)).map(
    e => e.openings.find(o => o.field === 'ev')?.value,
  )
  expect(events.filter(ev => ev === 'disclosure.prepared')).toHaveLength(2)
  expect(events.filter(ev => ev === 'master.opened')).toHaveLength(1)
})

test('every decision can be decided again from the record, byte for byte', async () => {
  const { db, policy } = estate.service
  const { decisions } = await import('../../service/policy/tables.ts')
  const rows = await db.select().from(decisions)
  expect(rows.length).toBeGreaterThan(5)
  for (const row of rows) {
    const again = policy.decide(row.rule as 'access', JSON.parse(row.input))
    expect(again.answer).toBe(row.answer)
    expect(again.inputDigest).toBe(row.inputDigest)
  }
})
