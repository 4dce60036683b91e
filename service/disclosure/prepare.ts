/** The job behind a disclosure: derivative, package, entry. Every step may be repeated after a crash; only the last one shows. */
import { createReadStream, createWriteStream } from 'node:fs'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { and, eq, inArray } from 'drizzle-orm'
import { newId } from '../custody/id.ts'
import { Problem } from '../http/problem.ts'
import { findExhibit } from '../intake/exhibits.ts'
import { findIncident } from '../intake/incidents.ts'
import { firstLock, pinExhibit } from '../intake/keeping.ts'
import { custodian, recipientOpenings } from '../intake/openings.ts'
import type { Decision } from '../policy/decision.ts'
import { whoOf } from '../policy/judge.ts'
import { acceptable } from '../redaction/certificate.ts'
import { IntegrityFailed } from '../vault/vault.ts'
import { type Deriving, derive, worker } from './derive.ts'
import { obligationsOf } from './facts.ts'
import { recordIntegrity } from './integrity.ts'
import { buildPackage } from './package/build.ts'
import { digestOf, newestVersion } from './plans.ts'
import { derivativeNumbered, findDisclosure, findRequest, reportProgress } from './store.ts'
import { type Derivative, type Disclosure, disclosures, type Request } from './tables.ts'

/** Prepares a queued disclosure. A problem that will not go away ends it as `failed`; anything else is thrown, and the job tried again. */
export async function prepareDisclosure(parts: Deriving, disclosureId: string, signal: AbortSignal): Promise<void> {
  const disclosure = await findDisclosure(parts.db, disclosureId)
  if (!disclosure || !['queued', 'running'].includes(disclosure.state)) return
  const request = (await findRequest(parts.db, disclosure.requestId))!
  await using work = await parts.vault.workFolder()
  const folder = work.path
  try {
    const tell = throttled((stage, fraction) => reportProgress(parts.db, disclosureId, stage, fraction))
    const obligations = obligationsOf(request)
    const reviewed = disclosure.reviewedBy !== null && disclosure.derivative
    // What a person released is that very copy, whatever the next one would be.
    const derivative = reviewed
      ? (await derivativeNumbered(parts.db, reviewed))!
      : await derive(parts, request, obligations, folder, tell, signal)
    if (
      !reviewed &&
      ((await newestVersion(parts.db, request.requestId)) || !acceptable(derivative.certificate, obligations.leakLimit))
    )
      return await finish(parts, disclosure, { state: 'review', derivative: derivative.exhibitNumber })
    tell('package', 0)
    await packageUp(parts, disclosure, request, derivative, folder)
  } catch (error) {
    const lost = error instanceof IntegrityFailed
    if (signal.aborted || !(lost || (error instanceof Problem && error.type !== 'unavailable'))) throw error
    await recordIntegrity(parts.ledger, { chain: disclosure.chain, who: whoOf(worker) }, error)
    await finish(parts, disclosure, { state: 'failed', failure: lost ? 'internal' : error.type })
    parts.log(
      JSON.stringify({
        time: new Date().toISOString(),
        level: 'error',
        disclosureId,
        error: String(error.cause ?? error),
      }),
    )
  }
}

/** The queue gave up on it: it ends as failed, on the record, and a new disclosure may be asked for. */
export async function abandonDisclosure(parts: Deriving, disclosureId: string): Promise<void> {
  const disclosure = await findDisclosure(parts.db, disclosureId)
  if (disclosure) await finish(parts, disclosure, { state: 'failed', failure: 'unavailable' })
}

async function packageUp(
  parts: Deriving,
  disclosure: Disclosure,
  request: Request,
  derivative: Derivative,
  folder: string,
): Promise<void> {
  const { disclosureId, chain } = disclosure
  const exhibit = (await findExhibit(parts, request.exhibitNumber))!
  const incident = (await findIncident(parts.db, exhibit.incidentId))!
  const redacted = await openDerivative(parts, derivative, chain, folder)
  const opening = recipientOpenings(await parts.ledger.chain(chain), disclosure.agencyId, {
    sha256: derivative.sha256,
    certificate: digestOf(derivative.certificate),
  })
  const bundle = await parts.ledger.bundle(chain, { opening })
  const { purpose = '', authority } = request.filed
  const zip = join(folder, 'package.zip')
  const utf8 = new TextEncoder()
  const { sha256, len } = await buildPackage(
    {
      disclosureId,
      createdAt: disclosure.createdAt.toISOString(),
      redacted,
      plan: utf8.encode(derivative.plan),
      manifest: utf8.encode(derivative.manifest),
      certificate: utf8.encode(derivative.certificate),
      decision: JSON.parse(request.decision) as Decision,
      bundle,
      facts: {
        custodian,
        exhibitNumber: exhibit.exhibitNumber,
        derivativeNumber: derivative.exhibitNumber,
        incident: { type: incident.incidentType, timestampUtc: incident.timestampUtc.toISOString() },
        recipient: disclosure.agencyId,
        purpose,
        authority: authority!,
      },
    },
    zip,
  )
  const spooled = await parts.vault.spool(createReadStream(zip), {
    region: exhibit.region,
    maxBytes: Number.MAX_SAFE_INTEGER,
  })
  const { clipRef } = await parts.vault
    .store(spooled, { role: 'package', retainUntil: firstLock(parts, exhibit.retainUntil) })
    .finally(() => spooled.discard())
  const staged = await parts.db.transaction(async tx => {
    await pinExhibit(tx, exhibit.exhibitNumber)
    await parts.vault.pin(tx, exhibit.clipRef, clipRef)
    const finished = await tx
      .update(disclosures)
      .set({
        state: 'ready',
        stage: 'ready',
        progress: 1000,
        derivative: derivative.exhibitNumber,
        packageRef: clipRef,
        packageSha256: sha256,
        packageLen: len,
      })
      .where(unfinished(disclosureId))
      .returning({ id: disclosures.disclosureId })
    // Another worker was faster, or a person withheld it meanwhile: this package was never anybody's.
    if (finished.length === 0) return undefined
    return parts.ledger.stage(tx, {
      chain,
      req: disclosure.req,
      ev: 'disclosure.prepared',
      who: whoOf(worker),
      obj: { sha256, len, role: 'package' },
      from: { parent: derivative.sha256 },
    })
  })
  if (staged) await parts.ledger.recorded(staged)
}

/** The kept copy comes out of the vault as anything does: recorded first. */
async function openDerivative(
  parts: Deriving,
  { clipRef, sha256, len }: Derivative,
  chain: string,
  folder: string,
): Promise<string> {
  const obj = { sha256, len, role: 'derivative' } as const
  const recorded = await parts.ledger.append({ chain, req: newId(), ev: 'access.permitted', who: whoOf(worker), obj })
  const file = join(folder, 'derivative.mp4')
  const { stream } = await parts.vault.open(clipRef, recorded)
  await pipeline(stream, createWriteStream(file, { flags: 'wx', mode: 0o600 }))
  return file
}

async function finish(
  parts: Deriving,
  { disclosureId, chain }: Disclosure,
  change: Partial<Disclosure>,
): Promise<void> {
  const staged = await parts.db.transaction(async tx => {
    const changed = await tx
      .update(disclosures)
      .set(change)
      .where(unfinished(disclosureId))
      .returning({ id: disclosures.disclosureId })
    if (changed.length === 0) return undefined
    const reasons = [`disclosure.${change.state}`, ...(change.failure ? [change.failure] : [])]
    return parts.ledger.stage(tx, {
      chain,
      req: newId(),
      ev: 'access.aborted',
      who: whoOf(worker),
      pol: { bundle: '', data: '', input: '', outcome: 'refuse', reasons },
    })
  })
  if (staged) await parts.ledger.recorded(staged)
}

function unfinished(disclosureId: string) {
  return and(eq(disclosures.disclosureId, disclosureId), inArray(disclosures.state, ['queued', 'running']))
}

/** A report a quarter of a second is enough for any bar; a failed report is no reason to fail the job. */
function throttled(report: (stage: string, fraction: number) => Promise<void>) {
  let [last, at] = ['', 0]
  return (stage: string, fraction: number): void => {
    const now = performance.now()
    if (stage === last && now - at < 250) return
    ;[last, at] = [stage, now]
    report(stage, fraction).catch(() => {})
  }
}
