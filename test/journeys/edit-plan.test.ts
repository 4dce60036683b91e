/** A copy waits for a person: one looks, edits the plan, has it rendered again without detecting; another releases it; all of it is on the record. */
import { createHash } from 'node:crypto'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { eq } from 'drizzle-orm'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import type { ApiProblem, Client } from '../../service/cli/client.ts'
import { extractFile } from '../../service/cli/extract.ts'
import { awaitDisclosure, type DisclosureView, fetchPackage, followDisclosure } from '../../service/cli/request.ts'
import { judge } from '../../service/cli/verify.ts'
import { newId } from '../../service/custody/id.ts'
import { derivatives, planVersions } from '../../service/disclosure/tables.ts'
import {
  canonicalPlan,
  type PlanTrack,
  parsePlan,
  planDigest,
  type RedactionPlan,
} from '../../service/redaction/plan.ts'
import type { PlanEdit } from '../../service/redaction/plan-edit.ts'
import { makeClip } from './clips.ts'
import { acquireClip, demand, type Estate, openEstate, type Receipt, recordIncident } from './estate.ts'

let estate: Estate
let receipt: Receipt
let officer: Client
let editor: Client
let releaser: Client
let path: string
let requestId: string

/** What the plan says that detectors saw, and nobody else would: a price label. */
const label: PlanTrack = {
  id: 900,
  class: 'face',
  ground: 'personal-data',
  origin: { kind: 'detector', models: ['ab'.repeat(32)] },
  confidence: 640,
  runs: [[0, 5, 100, 100, 40, 40]],
  unseen: [],
}
const reason = 'Looked at it frame by frame.'
const stages: string[] = []

beforeAll(async () => {
  estate = await openEstate()
  await estate.service.startWorker()
  receipt = await acquireClip(estate, await recordIncident(estate), await makeClip())
  officer = await estate.as('officer', 'agency-a')
  editor = await estate.as('records-manager', 'custodian', 'manager-1')
  releaser = await estate.as('records-manager', 'custodian', 'manager-2')
  requestId = (await officer.json<{ requestId: string }>('POST', '/v1/requests', demand(receipt.exhibitNumber)))
    .requestId
  await awaitDisclosure(officer, requestId, state => void stages.push(state))
  await spoilDerivative()
  const view = await awaitDisclosure(officer, requestId, () => {})
  expect(view.state).toBe('review')
  path = `/v1/disclosures/${view.disclosureId}`
})
afterAll(() => estate[Symbol.asyncDispose]())

/** From now on the kept copy is one whose plan holds a false track, and in which a second look saw something open. */
async function spoilDerivative(): Promise<void> {
  const [row] = await estate.service.db.select().from(derivatives)
  const certificate = JSON.parse(row!.certificate)
  const hit = { family: 'detectors', class: 'face', first: 0, last: 1, x: 0, y: 0, w: 8, h: 8, scorePerMille: 900 }
  certificate.residual = { ...certificate.residual, tracks: 1, frames: 2, hits: [hit] }
  const plan = parsePlan(row!.plan)
  const spoilt = canonicalPlan({ ...plan, tracks: [...plan.tracks, label] })
  await estate.service.db.update(derivatives).set({ certificate: JSON.stringify(certificate), plan: spoilt })
  await estate.service.ledger.append({
    chain: receipt.chain,
    req: newId(),
    ev: 'redaction.planned',
    who: { subject: 'worker', organisation: 'custodian', credential: 'service' },
    obj: { sha256: sha256(spoilt), len: Buffer.byteLength(spoilt), role: 'plan' },
    from: { parent: receipt.sha256 },
  })
}

const refusal = async (answer: Promise<unknown>) => {
  const error = await answer.catch((e: unknown) => e)
  expect(error).toHaveProperty('problem')
  return (error as ApiProblem).problem
}
const readPlan = async (): Promise<RedactionPlan> => parsePlan(await (await editor.send('GET', `${path}/plan`)).text())
const edit = (value: PlanEdit, planSha256: string, by = editor, why = reason) =>
  by.json<{ planSha256: string; editSha256: string; version: number; ledgerIndex: number }>(
    'POST',
    `${path}/plan/edits`,
    {
      edit: value,
      reason: why,
      planSha256,
    },
  )
const entries = async () =>
  (await estate.service.ledger.chain(receipt.chain)).map(({ index, openings }) => ({
    index,
    ...(Object.fromEntries(openings.map(({ field, value }) => [field, value])) as {
      ev: string
      who: { subject: string; organisation: string }
      obj?: { sha256: string; role: string }
      from?: Record<string, string>
      pol?: { reasons?: string[] }
    }),
  }))
const sha256 = (bytes: Uint8Array | string) => createHash('sha256').update(bytes).digest('hex')
const remove: PlanEdit = { operation: 'delete', track: 900, ground: 'false-detection' }
const region: PlanEdit = {
  operation: 'add',
  class: 'region',
  ground: 'third-party',
  keyframes: [{ frame: 0, x: 0, y: 0, w: 8, h: 8 }],
  last: 1,
}

describe('while a disclosure waits for a person', () => {
  test('the reviewer reads plan and certificate, and sees the copy; each look is an entry', async () => {
    const plan = await editor.send('GET', `${path}/plan`)
    const text = await plan.text()
    expect(plan.headers.get('etag')).toBe(`"${sha256(text)}"`)
    expect(parsePlan(text).tracks.map(({ id }) => id)).toContain(900)
    const certificate = await editor.json<{ residual: { tracks: number } }>('GET', `${path}/certificate`)
    expect(certificate.residual.tracks).toBe(1)

    const before = (await entries()).length
    const head = await editor.send('HEAD', `${path}/copy`)
    const copy = await editor.send('GET', `${path}/copy`)
    const bytes = Buffer.from(await copy.arrayBuffer())
    expect(copy.headers.get('content-type')).toBe('video/mp4')
    expect(bytes.subarray(4, 8).toString('latin1')).toBe('ftyp')
    expect(Number(head.headers.get('content-length'))).toBe(bytes.length)
    const part = await editor.send('GET', `${path}/copy`, { headers: { range: 'bytes=4-7' } })
    expect(part.status).toBe(206)
    expect(await part.text()).toBe('ftyp')
    const [one] = await estate.service.db.select().from(derivatives)
    expect(sha256(bytes)).toBe(one!.sha256)
    const added = (await entries()).slice(before)
    expect(added.map(({ ev }) => ev)).toEqual([
      'access.permitted',
      'access.permitted',
      'access.completed',
      'access.permitted',
      'access.completed',
    ])
    expect(added.every(({ obj, who }) => obj?.sha256 === one!.sha256 && who.subject === 'manager-1')).toBe(true)
  })

  test('the one who asked for it sees and edits nothing, and each attempt is recorded', async () => {
    const standing = planDigest(await readPlan())
    const attempts = [
      () => edit(remove, standing, officer),
      () => officer.json('POST', `${path}/renderings`, { planSha256: standing }),
      () => officer.send('GET', `${path}/plan`),
      () => officer.send('GET', `${path}/certificate`),
      () => officer.send('GET', `${path}/copy`),
    ]
    for (const attempt of attempts) {
      const { status, reasons, ledgerIndex } = await refusal(attempt())
      expect({ status, reasons }).toEqual({ status: 403, reasons: ['role.not-allowed'] })
      const entry = (await entries()).find(({ index }) => index === ledgerIndex)
      expect(entry).toMatchObject({ ev: 'access.refused', who: { organisation: 'agency-a' } })
    }
    const stranger = await estate.as('officer', 'agency-b')
    for (const what of ['plan', 'certificate', 'copy'])
      expect((await refusal(stranger.send('GET', `${path}/${what}`))).status).toBe(404)
    expect(planDigest(await readPlan())).toBe(standing)
  })

  test('nothing is shown without a ground that policy holds for it', async () => {
    const standing = planDigest(await readPlan())
    for (const [operation, ground, reasons] of [
      ['delete', undefined, ['edit.ground-missing']],
      ['visible', undefined, ['edit.ground-missing']],
      ['delete', 'because', ['edit.ground-unknown']],
      ['delete', 'personal-data', ['edit.ground-not-for-edit']],
      ['delete', 'drawn-in-error', ['edit.ground-not-for-edit']],
      ['visible', 'party-visible', ['edit.ground-not-for-purpose']],
    ] as const) {
      const value = { operation, track: 900, ...(ground && { ground }) } as PlanEdit
      expect(await refusal(edit(value, standing))).toMatchObject({ status: 403, reasons })
    }
    expect(await refusal(edit(remove, standing, editor, '          '))).toMatchObject({
      status: 403,
      reasons: ['edit.reason-missing'],
    })
    expect(await refusal(edit({ ...remove, track: 901 } as PlanEdit, standing))).toMatchObject({
      status: 422,
      detail: 'There is no track 901.',
    })
    expect(planDigest(await readPlan())).toBe(standing)
  })

  test('an unchanged plan is not rendered again', async () => {
    const planSha256 = planDigest(await readPlan())
    expect((await refusal(editor.json('POST', `${path}/renderings`, { planSha256 }))).status).toBe(409)
  })

  test('of two edits at once one wins, and whoever saw an older plan is told so', async () => {
    const standing = planDigest(await readPlan())
    const both = await Promise.allSettled([edit(remove, standing), edit(region, standing, releaser)])
    const won = both.filter(({ status }) => status === 'fulfilled')
    expect(won).toHaveLength(1)
    const lost = both.find(({ status }) => status === 'rejected') as PromiseRejectedResult
    expect((lost.reason as ApiProblem).problem.status).toBe(409)
    expect(await refusal(edit({ operation: 'blank', first: 0, last: 0, ground: 'child' }, standing))).toMatchObject({
      status: 409,
    })
    expect((await estate.service.db.select().from(planVersions)).length).toBe(1)
  })
})

describe('then', () => {
  let final: RedactionPlan
  let edits: { planSha256: string; editSha256: string }[]

  test('the rest is edited, and each edit is an entry that names who, and commits to why without saying it', async () => {
    let plan = await readPlan()
    const steps = [remove, region].filter(({ operation }) =>
      operation === 'delete'
        ? plan.tracks.some(({ id }) => id === 900)
        : plan.tracks.every(t => t.origin.kind === 'detector'),
    )
    for (const step of steps) {
      const { planSha256 } = await edit(step, planDigest(plan))
      plan = await readPlan()
      expect(planDigest(plan)).toBe(planSha256)
    }
    final = plan
    expect(final.deleted).toEqual([900])
    expect(final.tracks.at(-1)).toMatchObject({ class: 'region', runs: [[0, 1, 0, 0, 8, 8]] })

    const rows = await estate.service.db.select().from(planVersions).orderBy(planVersions.version)
    edits = rows.map(({ sha256: planSha256, edit: record }) => ({ planSha256, editSha256: sha256(record) }))
    const said = (await entries()).filter(({ ev, from }) => ev === 'redaction.planned' && from?.edit)
    expect(said.map(({ obj, from, who }) => [obj?.sha256, from?.plan, from?.edit, who.subject])).toEqual(
      rows.map(row => [row.sha256, row.parentSha256, sha256(row.edit), row.editedBy]),
    )
    expect(JSON.parse(rows[0]!.edit)).toMatchObject({ reason, requestId, after: rows[0]!.sha256 })
    expect(JSON.stringify(await entries())).not.toContain(reason)
  })

  test('the copy of before is not released any more', async () => {
    const review = { outcome: 'release', reason: 'It looked clean to me.' }
    const refused = await refusal(
      (await estate.as('records-manager', 'custodian', 'manager-3')).json('POST', `${path}/reviews`, review),
    )
    expect(refused).toMatchObject({ status: 409, detail: expect.stringContaining('render it again') })
  })

  test('it is rendered from the edited plan, and nothing is detected', async () => {
    const opened = (await entries()).length
    const view = await editor.json<DisclosureView>('POST', `${path}/renderings`, { planSha256: planDigest(final) })
    const seen: string[] = []
    const after = await followDisclosure(editor, view, state => void seen.push(state))
    expect(after.state).toBe('review')
    expect(seen.join()).not.toContain('plan')
    const rows = await estate.service.db.select().from(derivatives)
    expect(rows).toHaveLength(2)
    const copy = rows.find(({ plan }) => plan === canonicalPlan(final))!
    expect(copy.recipe).not.toBe(rows.find(one => one !== copy)!.recipe)
    const made = (await entries()).slice(opened)
    expect(made.find(({ ev }) => ev === 'exhibit.redacted')).toMatchObject({
      obj: { sha256: copy.sha256 },
      from: { plan: planDigest(final) },
    })
    // Whoever detects says so.
    expect(made.filter(({ ev }) => ev === 'redaction.planned')).toEqual([])
    expect(JSON.parse(copy.manifest).regions.map((one: { track: number }) => one.track)).toEqual(
      final.tracks.map(t => t.id),
    )
  })

  test('nobody releases what they edited; somebody else does, and the package shows the edits by digest', async () => {
    const review = { outcome: 'release', reason: 'The label was none, and the corner is covered.' }
    const editors = new Set((await estate.service.db.select().from(planVersions)).map(({ editedBy }) => editedBy))
    for (const subject of editors) {
      const own = await estate.as('records-manager', 'custodian', subject)
      expect(await refusal(own.json('POST', `${path}/reviews`, review))).toMatchObject({
        status: 403,
        reasons: ['review.own-edit'],
      })
    }
    const other = await estate.as('records-manager', 'custodian', 'manager-3')
    const released = await other.json<DisclosureView>('POST', `${path}/reviews`, review)
    const ready = await followDisclosure(officer, released, () => {})
    expect(ready.state).toBe('ready')

    const zip = join(estate.folder, 'package.zip')
    await fetchPackage(officer, ready.disclosureId, zip)
    const key = join(estate.folder, 'key')
    await writeFile(key, `${estate.service.ledger.verifierKey}\n`)
    const { result } = await judge(zip, { key, checkpoint: undefined, proof: `${zip}.tlog-proof` })
    expect(result.checks.filter(check => !check.ok)).toEqual([])
    expect(result.verdict).toBe('verified')
    const [plan, openings] = [join(estate.folder, 'plan.json'), join(estate.folder, 'openings.json')]
    await extractFile(zip, 'data/plan.json', plan)
    await extractFile(zip, 'data/custody/openings.json', openings)
    expect(await readFile(plan, 'utf8')).toBe(canonicalPlan(final))
    const shown = JSON.parse(await readFile(openings, 'utf8')) as { field: string; value: { edit?: string } }[]
    expect(shown.filter(({ field }) => field === 'from').flatMap(({ value }) => value.edit ?? [])).toEqual(
      edits.map(({ editSha256 }) => editSha256),
    )
    expect(JSON.stringify(shown)).not.toContain('manager-')
  })

  test('the edited plan counts for the request from now on, and for no other', async () => {
    const again = await awaitDisclosure(officer, requestId, () => {})
    expect(again.state).toBe('review')
    const copies = await estate.service.db.select().from(derivatives)
    expect(copies).toHaveLength(2)
    const other = await officer.json<{ requestId: string }>('POST', '/v1/requests', demand(receipt.exhibitNumber))
    const view = await awaitDisclosure(officer, other.requestId, () => {})
    const kept = await estate.service.db
      .select()
      .from(derivatives)
      .where(eq(derivatives.exhibitNumber, view.derivative!))
    expect(kept[0]!.plan).not.toBe(canonicalPlan(final))
  })

  test('a plan that makes the same bytes as another has a package of its own', async () => {
    const before = await readPlan()
    const track = before.tracks.find(({ origin }) => origin.kind === 'person')!.id
    const { planSha256 } = await edit({ operation: 'set', track, ground: 'victim' }, planDigest(before))
    const view = await awaitDisclosure(officer, requestId, () => {})
    const copies = await estate.service.db.select().from(derivatives)
    const same = copies.find(({ exhibitNumber }) => exhibitNumber === view.derivative)!
    expect(planDigest(parsePlan(same.plan))).toBe(planSha256)
    expect(copies.filter(({ sha256: digest }) => digest === same.sha256)).toHaveLength(2)
    const other = await estate.as('records-manager', 'custodian', 'manager-3')
    const review = { outcome: 'release', reason: 'Only the ground was another one.' }
    const released = await other.json<DisclosureView>('POST', `/v1/disclosures/${view.disclosureId}/reviews`, review)
    const ready = await followDisclosure(officer, released, () => {})
    expect(ready.state).toBe('ready')
    const zip = join(estate.folder, 'same.zip')
    await fetchPackage(officer, ready.disclosureId, zip)
    const { result } = await judge(zip, {
      key: join(estate.folder, 'key'),
      checkpoint: undefined,
      proof: `${zip}.tlog-proof`,
    })
    expect(result.checks.filter(check => !check.ok)).toEqual([])
  })

  test('a package whose plan was edited since it was made is not to be had, and each attempt is recorded', async () => {
    const counted = async () =>
      (await officer.json<{ downloads: number }>('GET', `/v1/requests/${requestId}`)).downloads
    const before = await counted()
    const { packageSha256 } = await officer.json<DisclosureView>('GET', path)
    const opened = vi.spyOn(estate.service.vault, 'open')
    for (const headers of [undefined, { range: 'bytes=0-3' }]) {
      const refused = await refusal(officer.send('GET', `${path}/package`, headers && { headers }))
      expect(refused).toMatchObject({ status: 409, type: expect.stringContaining('#package-overtaken') })
      const entry = (await entries()).find(({ index }) => index === refused.ledgerIndex)
      expect(entry).toMatchObject({
        ev: 'access.refused',
        who: { subject: 'officer-1' },
        obj: { sha256: packageSha256 },
        pol: { outcome: 'refuse', reasons: ['package.overtaken'] },
      })
    }
    const token = await estate.token('officer', 'agency-a')
    const head = { method: 'HEAD', headers: { authorization: `Bearer ${token}` } }
    expect((await estate.app.request(`${path}/package`, head)).status).toBe(409)
    expect(opened).not.toHaveBeenCalled()
    opened.mockRestore()
    expect(await counted()).toBe(before)
  })

  test('what was prepared can be edited for the next copy, and not while one is being made', async () => {
    const planSha256 = planDigest(await readPlan())
    const made = await officer.json<DisclosureView>('POST', `/v1/requests/${requestId}/disclosures`)
    const blank: PlanEdit = { operation: 'blank', first: 0, last: 0, ground: 'child' }
    const early = await refusal(edit(blank, planSha256))
    expect(early).toMatchObject({ status: 409, detail: expect.stringContaining('being prepared') })
    await followDisclosure(officer, made, () => {})
    expect((await edit(blank, planSha256)).version).toBe(4)
  })
})
