/** A person edits the redaction plan of a request, and has the copy rendered from it: judged, stored and recorded in one transaction. */
import { randomBytes } from 'node:crypto'
import { and, eq, inArray } from 'drizzle-orm'
import { canonicalJson } from '../custody/canonical.ts'
import type { Tx } from '../db.ts'
import { Problem } from '../http/problem.ts'
import type { Facts } from '../policy/facts.ts'
import { type Asker, demand, demandEarly, keepDecision, polOf, whoOf } from '../policy/judge.ts'
import { canonicalPlan, parsePlan, type RedactionPlan } from '../redaction/plan.ts'
import { editPlan, type PlanEdit } from '../redaction/plan-edit.ts'
import type { Disclosing } from './disclosures.ts'
import { digestOf, lockRequest, newestVersion, standingPlan } from './plans.ts'
import { disclosures, planVersions } from './tables.ts'
import { planned, traceDisclosure } from './trace.ts'

export interface EditDemand {
  readonly edit: PlanEdit
  /** Why, in the person's words; committed to, never in clear. */
  readonly reason: string
  /** The plan that the person saw. */
  readonly planSha256: string
}

export interface Edited {
  readonly version: number
  readonly planSha256: string
  /** Digest of the edit record, which the entry commits to. */
  readonly editSha256: string
  readonly ledgerIndex: number
}

/** Before anything of an edit is read: whoever may edit nothing learns nothing from how it reads, and costs no reading. */
export async function demandEditing(parts: Disclosing, asker: Asker, disclosureId: string): Promise<void> {
  const { chain, circumstances } = await traceDisclosure(parts, disclosureId)
  await demandEarly(parts, asker, 'plan.edit', chain, circumstances, ['edit.missing', 'edit.reason-missing'])
}

/**
 * Answers the id of the act. Throws `conflict` when the plan is not the one that was seen or a copy is just being made, and
 * `edit-does-not-fit`.
 */
export async function editPlanOf(
  parts: Disclosing,
  asker: Asker,
  disclosureId: string,
  { edit, reason, planSha256 }: EditDemand,
  bind: (tx: Tx, req: string) => Promise<void>,
): Promise<string> {
  const traced = await traceDisclosure(parts, disclosureId)
  const seen = traced.request && (await standingPlan(parts.db, traced.request.requestId, traced.derivative))
  // Before policy is asked of this edit: of a track that a twin has deleted meanwhile it would hear the strictest, and refuse what was done.
  if (seen && seen.sha256 !== planSha256) throw overtaken()
  const before = seen && parsePlan(seen.text)
  const { decision, req } = await demand(parts, asker, 'plan.edit', traced.chain, {
    ...traced.circumstances,
    justification: reason,
    edit: editFacts(before, edit),
  })
  const { disclosure, request, exhibit, standing } = planned(traced, seen)
  // The plan goes to the recipient: it names the house. Who in it did this, the entry says, and its opening can be destroyed.
  const plan = canonicalPlan(editPlan(before!, edit, asker.organisation))
  const { requestId } = request
  const sha256 = digestOf(plan)
  const nonce = randomBytes(16).toString('hex')
  const record = {
    v: 'custos-plan-edit/v1',
    requestId,
    disclosureId,
    edit,
    reason,
    before: planSha256,
    after: sha256,
    nonce,
  }
  const recordText = new TextDecoder().decode(canonicalJson(record, Number.POSITIVE_INFINITY))
  const version = standing.version + 1
  const staged = await parts.db.transaction(async tx => {
    // First, so that a twin that has read the same plan waits here.
    await bind(tx, req)
    await lockRequest(tx, requestId)
    await assertAtRest(tx, requestId)
    if (((await newestVersion(tx, requestId))?.version ?? 0) !== standing.version) throw overtaken()
    const row = {
      requestId,
      version,
      plan,
      sha256,
      parentSha256: planSha256,
      edit: recordText,
      editedBy: asker.subject,
      req,
    }
    await tx.insert(planVersions).values(row)
    await keepDecision(tx, req, decision)
    return parts.ledger.stage(tx, {
      chain: disclosure.chain,
      req,
      ev: 'redaction.planned',
      who: whoOf(asker),
      obj: { sha256, len: Buffer.byteLength(plan), role: 'plan' },
      from: { parent: exhibit.sha256, plan: planSha256, edit: digestOf(recordText) },
      pol: polOf(decision, request.filed.purpose),
    })
  })
  await parts.ledger.recorded(staged)
  return req
}

/** What an edit came to, by the id of its act; waits until its entry is durable. */
export async function findEdit(parts: Disclosing, req: string): Promise<Edited> {
  const { version, sha256: planSha256, edit } = planVersions
  const columns = { version, planSha256, edit }
  const [row] = await parts.db.select(columns).from(planVersions).where(eq(planVersions.req, req))
  const { index: ledgerIndex } = await parts.ledger.entryOf(req, 'redaction.planned')
  return { version: row!.version, planSha256: row!.planSha256, editSha256: digestOf(row!.edit), ledgerIndex }
}

/** An edit or a rendering that is asked for once more is judged as a reading of the plan. */
export async function readPlanAgain(parts: Disclosing, asker: Asker, disclosureId: string): Promise<void> {
  const { chain, circumstances } = await traceDisclosure(parts, disclosureId)
  await demand(parts, asker, 'plan.read', chain, circumstances)
}

/** Sends a disclosure that waits for a person back to the queue, to be rendered from the plan of that digest. Nothing is detected again. Answers the id of the act. */
export async function renderAgain(
  parts: Disclosing,
  asker: Asker,
  disclosureId: string,
  planSha256: string,
  bind: (tx: Tx, req: string) => Promise<void>,
): Promise<string> {
  const traced = await traceDisclosure(parts, disclosureId)
  const { decision, req } = await demand(parts, asker, 'plan.render', traced.chain, traced.circumstances)
  const standing = traced.request && (await standingPlan(parts.db, traced.request.requestId, traced.derivative))
  const { disclosure, request, derivative } = planned(traced, standing)
  const { requestId, filed } = request
  const staged = await parts.db.transaction(async tx => {
    await bind(tx, req)
    await lockRequest(tx, requestId)
    const newest = await newestVersion(tx, requestId)
    if (!newest) throw new Problem('conflict', { detail: 'Nobody has edited the plan: the copy is what it says.' })
    if (newest.sha256 !== planSha256) throw overtaken()
    if (derivative && digestOf(derivative.plan) === planSha256)
      throw new Problem('conflict', { detail: 'The copy was rendered from this plan already.' })
    const queued = await tx
      .update(disclosures)
      .set({ state: 'queued', stage: 'queued', progress: 0 })
      .where(and(eq(disclosures.disclosureId, disclosureId), eq(disclosures.state, 'review')))
      .returning({ id: disclosures.disclosureId })
    if (queued.length === 0)
      throw new Problem('conflict', {
        detail: `The disclosure is ${disclosure.state}; only one that waits for a review is rendered again.`,
      })
    await keepDecision(tx, req, decision)
    await parts.jobs.send(tx, 'disclosure.prepare', { id: disclosureId })
    return parts.ledger.stage(tx, {
      chain: disclosure.chain,
      req,
      ev: 'access.permitted',
      who: whoOf(asker),
      obj: { sha256: planSha256, len: Buffer.byteLength(newest.plan), role: 'plan' },
      pol: polOf(decision, filed.purpose),
    })
  })
  await parts.ledger.recorded(staged)
  return req
}

/** Of a track that is not there policy hears the strictest: no ground lets a person's slip pass for a detector's. */
function editFacts(plan: RedactionPlan | undefined, edit: PlanEdit): NonNullable<Facts['edit']> {
  const ground = 'ground' in edit && edit.ground !== undefined ? { ground: edit.ground } : {}
  if (edit.operation === 'add' || edit.operation === 'blank') {
    const kind = edit.operation === 'add' ? edit.class : 'region'
    return { operation: edit.operation, class: kind, origin: 'person', ...ground }
  }
  const track = plan?.tracks.find(({ id }) => id === edit.track)
  const { class: kind = 'face', origin = { kind: 'detector' as const } } = track ?? {}
  return { operation: edit.operation, class: kind, origin: origin.kind, ...ground }
}

/** A copy that is just being made would not follow the edit. */
async function assertAtRest(tx: Tx, requestId: string): Promise<void> {
  const moving = await tx
    .select({ id: disclosures.disclosureId })
    .from(disclosures)
    .where(and(eq(disclosures.requestId, requestId), inArray(disclosures.state, ['queued', 'running'])))
    .limit(1)
  if (moving.length > 0)
    throw new Problem('conflict', {
      detail: 'A disclosure of this request is being prepared; edit the plan after that.',
    })
}

function overtaken(): Problem {
  return new Problem('conflict', { detail: 'This is not the plan that stands now: read it again.' })
}
