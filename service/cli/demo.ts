/** `npm run demo`: the whole job on one clip, with the real service and no server. What it prints it was told by the service and the ledger. */

import { createReadStream } from 'node:fs'
import { copyFile, mkdir, readFile, realpath, rm, stat, writeFile } from 'node:fs/promises'
import { basename, dirname, join, relative, resolve, sep } from 'node:path'
import { Readable } from 'node:stream'
import { parseArgs } from 'node:util'
import { createApp } from '../app.ts'
import { readConfig } from '../config.ts'
import { issueToken } from '../identity/development-issuer.ts'
import type { Role } from '../identity/person.ts'
import { parsePlan } from '../redaction/plan.ts'
import { openService } from '../service.ts'
import { ApiProblem, type Client, connect } from './client.ts'
import { finishDemo, showFlippedByte, showVerified } from './demo-package.ts'
import { say, step } from './demo-voice.ts'
import { progressBar } from './progress.ts'
import { awaitDisclosure, type DisclosureView, fetchPackage, followDisclosure } from './request.ts'

export const help = `npm run demo [-- CLIP] [--out DIR]

Takes a clip (default: the synthetic fixtures/shop.mp4) through the whole job: it is sealed, requested, refused, permitted, redacted,
packaged and verified offline; then one byte of the package is flipped.

The folder (default var/demo) afterwards holds original.mp4, redacted.mp4, plan.json, package.zip, package.zip.tlog-proof, key,
contact-sheet.png, summary.json and the folder state: database, sealed clip and private keys of the trial. What has one of these names
in it is deleted first, \`state\` with all that is in it, and all of it remains afterwards. A CLIP that is among them is refused.
Exit: 0 all as it should be, 1 not, 2 usage.
`

const made = [
  'original.mp4',
  'redacted.mp4',
  'plan.json',
  'package.zip',
  'package.zip.tlog-proof',
  'key',
  'contact-sheet.png',
  'summary.json',
  'state',
]
/** Written on the way, and gone at the end. */
const passing = ['certificate.json', 'package-flipped.zip', 'package.zip.part']

const fixture = new URL('../../fixtures/shop.mp4', import.meta.url).pathname

export async function run(args: string[]): Promise<number> {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: { out: { type: 'string', default: 'var/demo' } },
  })
  if (positionals.length > 1) {
    process.stderr.write(help)
    return 2
  }
  const clip = resolve(positionals[0] ?? fixture)
  const out = resolve(values.out)
  if (!(await stat(clip).catch(() => undefined))?.isFile()) {
    process.stderr.write(`custos demo: there is no file ${clip}\n`)
    return 2
  }
  if (await isReplaced(clip, out)) {
    process.stderr.write(
      `custos demo: ${clip} is one of the files that the demo replaces in ${out}; copy it elsewhere, or name another folder with --out\n`,
    )
    return 2
  }
  try {
    await demonstrate(clip, out)
    return 0
  } catch (error) {
    say.failed(
      error instanceof ApiProblem
        ? `${error.message} (ledger entry ${error.problem.ledgerIndex ?? 'none'})`
        : describe(error),
    )
    return 1
  }
}

/** The clip, as it is named or as its links lead to it, would be gone before it is read. */
async function isReplaced(clip: string, out: string): Promise<boolean> {
  const names = [clip, join(await realpath(dirname(clip)), basename(clip)), await realpath(clip)]
  const folders = [out, await realpath(out).catch(() => out)]
  const first = (folder: string, name: string) => relative(folder, name).split(sep)[0]!
  return folders.some(folder => names.some(name => [...made, ...passing].includes(first(folder, name))))
}

async function demonstrate(clip: string, out: string): Promise<void> {
  await mkdir(out, { recursive: true })
  for (const name of made) await rm(join(out, name), { recursive: true, force: true })
  await copyFile(clip, join(out, 'original.mp4'))
  const { config, secrets } = readConfig({ CUSTOS_DATA_DIR: join(out, 'state') })
  await using service = await openService(config, secrets, {
    log: line => line.includes('"error"') && process.stderr.write(`${line}\n`),
  })
  const app = createApp(service)
  const as = async (role: Role, organisation: string): Promise<Client> => {
    const lifetimeSeconds = 4 * 3600
    const token = await issueToken(secrets.issuerKeyFile, {
      subject: `${role}-1`,
      organisation,
      roles: [role],
      audience: config.audience,
      lifetimeSeconds,
    })
    return connect(token, '', (url, init) => app.request(url, init))
  }
  await writeFile(join(out, 'key'), `${service.ledger.verifierKey}\n`)

  const receipt = await acquireClip(await as('store-operator', 'custodian'), clip)
  const officer = await as('officer', 'agency-a')
  const auditor = await as('auditor', 'auditors')
  const refusal = await askWithoutPurpose(officer, auditor, receipt.exhibitNumber)
  const request = await askProperly(officer, receipt.exhibitNumber)

  step('The redacted copy is made, proven and packaged')
  await service.startWorker()
  const bar = progressBar()
  let stage = ''
  const show = (_: string, view: DisclosureView) => {
    // Where no bar can be drawn, the stages are named as they come.
    if (!process.stderr.isTTY && view.stage !== stage) say.item(view.stage)
    stage = view.stage
    bar.show(view.stage, view.progress / 1000)
  }
  let disclosure = await awaitDisclosure(officer, request.requestId, show)
  bar.done()
  if (disclosure.state === 'review')
    disclosure = await reviewed(await as('records-manager', 'custodian'), officer, disclosure, show)
  bar.done()
  if (disclosure.state !== 'ready')
    throw new Error(`the disclosure ended as ${disclosure.state}: ${disclosure.failure ?? ''}`)
  const zip = join(out, 'package.zip')
  await fetchPackage(officer, disclosure.disclosureId, zip)
  const { plan, certificate } = await finishDemo(out, clip)
  say.fact('tracks', plan.tracks)
  say.fact('frames', `${plan.frames}, of which ${plan.covered} covered, ${plan.couldNotTell} "could not tell"`)
  say.fact('second look', certificate)
  say.fact(
    'package',
    `${basename(zip)}, ${((await stat(zip)).size / 1e6).toFixed(1)} MB, SHA-256 ${disclosure.packageSha256}`,
  )

  await showVerified(out)
  const broken = await showFlippedByte(out)
  const entries = await chainLength(auditor, receipt.exhibitNumber)
  const summary = { receipt, refusal, request, disclosure, plan, flipped: broken, entriesInChain: entries }
  await writeFile(join(out, 'summary.json'), `${JSON.stringify(summary, null, 2)}\n`)
  parsePlan(await readFile(join(out, 'plan.json'), 'utf8'))
  await rm(join(out, 'state', 'scratch'), { recursive: true, force: true })
  say.end(out, entries)
}

/** The second look saw something that no box covers. Nothing is released until somebody of the custodian has decided, on the record. */
async function reviewed(
  manager: Client,
  officer: Client,
  waiting: DisclosureView,
  show: (state: string, view: DisclosureView) => void,
): Promise<DisclosureView> {
  say.fact('second look', 'not clean: the release waits for a person of the custodian')
  const reason =
    'Demonstration: the residual hits are listed in the certificate; look at them before you do this for real.'
  const view = await manager.json<DisclosureView>('POST', `/v1/disclosures/${waiting.disclosureId}/reviews`, {
    outcome: 'release',
    reason,
  })
  say.fact('review', 'released by records-manager-1; the decision is an entry (redaction.reviewed)')
  return followDisclosure(officer, view, show)
}

interface Receipt {
  readonly exhibitNumber: string
  readonly sha256: string
  readonly ledgerIndex: number
  readonly clipRef: string
}

async function acquireClip(operator: Client, clip: string): Promise<Receipt> {
  step(`A store's clip is sealed: ${basename(clip)}`)
  const incident = await operator.json<{ incident_id: string }>('POST', '/v1/incidents', {
    timestamp_utc: new Date().toISOString(),
    location_id: 'store-0142',
    device_ids: ['cam-03'],
    reporter_id: 'anon_6f1c2a9be07d4c35',
    incident_type: 'shoplifting',
    severity: 'medium',
    agency_id: 'agency-a',
  })
  const body = Readable.toWeb(createReadStream(clip)) as ReadableStream
  const headers = { 'content-type': 'application/octet-stream' }
  const receipt = (await (
    await operator.send('POST', `/v1/incidents/${incident.incident_id}/exhibits`, { body, duplex: 'half', headers })
  ).json()) as Receipt
  say.fact('exhibit', receipt.exhibitNumber)
  say.fact('SHA-256', receipt.sha256)
  say.fact('ledger index', receipt.ledgerIndex)
  return receipt
}

const demand = (exhibitNumber: string) => ({
  exhibitNumber,
  authority: {
    type: 'warrant',
    identifier: 'W-2026-0815',
    issuer: 'district-court',
    issuedAt: new Date(Date.now() - 86_400_000).toISOString(),
    scope: 'general',
    documentSha256: 'a'.repeat(64),
  },
  justification: 'The clip shows the aisle in which the goods were taken, at the time of the theft.',
})

async function askWithoutPurpose(officer: Client, auditor: Client, exhibitNumber: string) {
  step('An officer asks for it without a purpose')
  const { authority: _, justification: __, ...bare } = demand(exhibitNumber)
  const refused = await officer.json('POST', '/v1/requests', bare).then(
    () => undefined,
    (error: unknown) => error,
  )
  if (!(refused instanceof ApiProblem) || refused.problem.status !== 403)
    throw refused ?? new Error('policy permitted a request without a purpose')
  const { reasons = [], ledgerIndex } = refused.problem
  if (!reasons.includes('purpose.missing'))
    throw new Error(`refused, but not for want of a purpose: ${reasons.join(', ')}`)
  const { ev, outcome } = await openEntry(auditor, exhibitNumber, ledgerIndex)
  if (ev !== 'request.refused') throw new Error(`the refusal is not in the ledger: entry ${ledgerIndex} says ${ev}`)
  say.fact('outcome', `${outcome}  (${ev}, ledger index ${ledgerIndex})`)
  for (const reason of reasons) say.item(reason)
  return { reasons, ledgerIndex }
}

async function askProperly(officer: Client, exhibitNumber: string) {
  step('The same officer asks with warrant, purpose and justification')
  const request = await officer.json<{
    requestId: string
    state: string
    decision: { outcome: string; obligations: Record<string, unknown>; bundle: string }
  }>('POST', '/v1/requests', { ...demand(exhibitNumber), purpose: 'criminal-investigation' })
  say.fact('outcome', `${request.decision.outcome}  (policy ${request.decision.bundle.slice(0, 16)}…)`)
  for (const [name, value] of Object.entries(request.decision.obligations))
    say.item(`${name}: ${Array.isArray(value) ? value.join(', ') : value}`)
  return { requestId: request.requestId, ...request.decision }
}

/** What the ledger itself says of an entry, opened by an auditor. */
async function openEntry(auditor: Client, exhibitNumber: string, index: number | undefined) {
  const { openings } = await auditor.json<{ openings: { index: number; field: string; value: unknown }[] }>(
    'GET',
    `/v1/exhibits/${exhibitNumber}/chain`,
  )
  const value = (field: string) => openings.find(o => o.index === index && o.field === field)?.value
  return { ev: value('ev'), outcome: (value('pol') as { outcome?: string } | undefined)?.outcome }
}

async function chainLength(auditor: Client, exhibitNumber: string): Promise<number> {
  return (await auditor.json<{ entries: unknown[] }>('GET', `/v1/exhibits/${exhibitNumber}/chain`)).entries.length
}

function describe(error: unknown): string {
  return error instanceof Error
    ? `${error.message}${error.cause instanceof Error ? ` (${error.cause.message})` : ''}`
    : String(error)
}
