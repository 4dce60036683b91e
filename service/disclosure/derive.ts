/** vault -> redaction -> vault: the master is opened under a recorded act, and its redacted copy is sealed beside it. Made once, then kept. */
import { createReadStream, createWriteStream } from 'node:fs'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { newId } from '../custody/id.ts'
import { type ExhibitOfIncident, findExhibit } from '../intake/exhibits.ts'
import { exhibitFacts } from '../intake/facts.ts'
import { firstLock, pinExhibit } from '../intake/keeping.ts'
import { newNumber } from '../intake/numbers.ts'
import { custodian } from '../intake/openings.ts'
import type { Obligations } from '../policy/decision.ts'
import { type Asker, demand, keepDecision, polOf, whoOf } from '../policy/judge.ts'
import { certificateVersion } from '../redaction/certificate.ts'
import { lensesFor, parametersOf } from '../redaction/make-plan.ts'
import { type Models, networksOf } from '../redaction/models.ts'
import { parsePlan } from '../redaction/plan.ts'
import type { ClipLimits } from '../redaction/probe.ts'
import { type Redaction, redact } from '../redaction/redact.ts'
import type { Disclosing } from './disclosures.ts'
import { requestFacts } from './facts.ts'
import { digestOf, newestVersion } from './plans.ts'
import { findDerivative } from './store.ts'
import { type Derivative, derivatives, type PlanVersion, type Request } from './tables.ts'

export interface Deriving extends Disclosing {
  readonly models: Models
  readonly workers: number
  readonly limits: ClipLimits
  /** One line for the operator. */
  readonly log: (line: string) => void
}

/** The part that works: no person, and named as such in every entry. */
export const worker: Asker = {
  subject: 'worker',
  organisation: custodian,
  roles: ['worker'],
  assurance: 1,
  credential: 'service',
}

/**
 * What shapes a derivative and what is known of it, models and thresholds included: equal recipes share one. A plan that a person edited is a recipe of
 * its own.
 */
function recipeOf(
  { redact: classes, audio, fill, couldNotTell, leastWidthPx }: Obligations,
  models: Models,
  edited: PlanVersion | undefined,
): string {
  const sorted = [...classes].sort()
  const digests = sorted.flatMap(wanted => networksOf(models.planning(wanted), [wanted]).map(({ sha256 }) => sha256))
  return digestOf(
    JSON.stringify({
      classes: sorted,
      audio,
      fill,
      couldNotTell,
      models: [...new Set(digests)].sort(),
      parameters: parametersOf(lensesFor(sorted, models), leastWidthPx),
      certificate: certificateVersion,
      ...(edited && { plan: edited.sha256 }),
    }),
  )
}

/** The derivative that the obligations ask for, by the plan that persons edited where they did. Throws what redaction throws; then nothing of it is kept, and `access.aborted` says so. */
export async function derive(
  parts: Deriving,
  request: Request,
  obligations: Obligations,
  folder: string,
  tell: (stage: string, fraction: number) => void,
  signal: AbortSignal,
): Promise<Derivative> {
  const { models } = parts
  const edited = await newestVersion(parts.db, request.requestId)
  const recipe = recipeOf(obligations, models, edited)
  const kept = await findDerivative(parts.db, request.exhibitNumber, recipe)
  if (kept) return kept
  const exhibit = (await findExhibit(parts, request.exhibitNumber))!
  const { recorded, req } = await recordOpening(parts, request, exhibit)
  const [input, output] = [join(folder, 'master'), join(folder, 'redacted.mp4')]
  try {
    const { stream } = await parts.vault.open(exhibit.clipRef, recorded)
    await pipeline(stream, createWriteStream(input, { flags: 'wx', mode: 0o600 }))
    const made = await redact({
      input,
      output,
      classes: obligations.redact,
      leastWidthPx: obligations.leastWidthPx,
      models,
      plan: edited && parsePlan(edited.plan),
      workers: parts.workers,
      limits: parts.limits,
      keepAudio: obligations.audio === 'keep',
      blankWhereUnsure: obligations.couldNotTell !== 'show',
      prove: true,
      onProgress: tell,
      signal,
    })
    return await keep(parts, exhibit, recipe, made, output, req, edited)
  } catch (error) {
    await parts.ledger.append({ chain: exhibit.chain, req, ev: 'access.aborted', who: whoOf(worker) })
    throw error
  }
}

/** After this `master.opened` is durable, and the vault gives the master to whoever holds its record. */
async function recordOpening(parts: Deriving, request: Request, exhibit: ExhibitOfIncident) {
  const { decision, req } = await demand(parts, worker, 'master.open', exhibit.chain, {
    exhibit: exhibitFacts(exhibit),
    ...requestFacts(request),
  })
  const staged = await parts.db.transaction(async tx => {
    await keepDecision(tx, req, decision)
    const obj = { sha256: exhibit.sha256, len: exhibit.len, role: 'master' } as const
    return parts.ledger.stage(tx, {
      chain: exhibit.chain,
      req,
      ev: 'master.opened',
      who: whoOf(worker),
      obj,
      pol: polOf(decision, request.filed.purpose),
    })
  })
  return { recorded: await parts.ledger.recorded(staged), req }
}

/** Seals the copy, and commits its row with `exhibit.redacted`, and with `redaction.planned` where no person's edit has said so before. */
async function keep(
  parts: Deriving,
  exhibit: ExhibitOfIncident,
  recipe: string,
  made: Redaction,
  output: string,
  req: string,
  edited: PlanVersion | undefined,
): Promise<Derivative> {
  const { plan, manifest, certificate } = made
  const spooled = await parts.vault.spool(createReadStream(output), {
    region: exhibit.region,
    maxBytes: Number.MAX_SAFE_INTEGER,
  })
  const { clipRef } = await parts.vault
    .store(spooled, { role: 'derivative', retainUntil: firstLock(parts, exhibit.retainUntil) })
    .finally(() => spooled.discard())
  const { sha256, len } = spooled
  const row = {
    exhibitNumber: newNumber('EX'),
    rootExhibitNumber: exhibit.exhibitNumber,
    agencyId: exhibit.agencyId,
    recipe,
    clipRef,
    sha256,
    len,
    plan,
    manifest,
    certificate,
    req: newId(),
  }
  const parent = exhibit.sha256
  const staged = await parts.db.transaction(async tx => {
    // Nothing of this may be disposed of before the row that asks for it stands.
    await pinExhibit(tx, exhibit.exhibitNumber)
    await parts.vault.pin(tx, exhibit.clipRef, clipRef)
    // Another disclosure of the same exhibit may have been as fast: then its copy serves both, and this one's object waits for the sweep.
    const inserted = await tx.insert(derivatives).values(row).onConflictDoNothing().returning()
    if (inserted.length === 0) return undefined
    const common = { chain: exhibit.chain, req, who: whoOf(worker) }
    if (!edited)
      await parts.ledger.stage(tx, {
        ...common,
        ev: 'redaction.planned',
        obj: { sha256: digestOf(plan), len: Buffer.byteLength(plan), role: 'plan' },
        from: { parent },
      })
    return parts.ledger.stage(tx, {
      ...common,
      ev: 'exhibit.redacted',
      obj: { sha256, len, role: 'derivative' },
      from: { parent, plan: digestOf(plan), manifest: digestOf(manifest), certificate: digestOf(certificate) },
    })
  })
  if (staged) await parts.ledger.recorded(staged)
  return (await findDerivative(parts.db, exhibit.exhibitNumber, recipe))!
}
