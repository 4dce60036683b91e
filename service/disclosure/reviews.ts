/** A certificate that is not clean waits for a person. What they decide, and why, is an entry before it has an effect. */
import { createHash, randomBytes } from 'node:crypto'
import { and, eq } from 'drizzle-orm'
import { canonicalJson } from '../custody/canonical.ts'
import type { Tx } from '../db.ts'
import { Problem } from '../http/problem.ts'
import { type Asker, keepDecision, type Permission, polOf, whoOf } from '../policy/judge.ts'
import type { Disclosing } from './disclosures.ts'
import { isOvertaken, lockRequest } from './plans.ts'
import { type Derivative, type Disclosure, disclosures } from './tables.ts'

export interface Review {
  readonly outcome: 'release' | 'withhold'
  /** Why, in the reviewer's words; committed to, never in clear. */
  readonly reason: string
}

/** Throws `conflict` when nothing waits for a person, or the plan was edited since this copy was made. A release goes back to the queue, and is packaged with this review in its chain. */
export async function reviewDisclosure(
  parts: Disclosing,
  asker: Asker,
  disclosure: Disclosure,
  derivative: Derivative,
  review: Review,
  { decision, req }: Permission,
  bind: (tx: Tx, req: string) => Promise<void>,
): Promise<void> {
  const { disclosureId, chain } = disclosure
  const nonce = randomBytes(16).toString('hex')
  const record = canonicalJson({ v: 'custos-review/v1', disclosureId, ...review, nonce })
  const said = { reviewedBy: asker.subject, reviewReason: review.reason, reviewNonce: nonce }
  const released = review.outcome === 'release'
  const staged = await parts.db.transaction(async tx => {
    await bind(tx, req)
    await lockRequest(tx, disclosure.requestId)
    if (released && (await isOvertaken(tx, disclosure.requestId, derivative)))
      throw new Problem('conflict', { detail: 'The plan was edited since this copy was made: render it again first.' })
    const changed = await tx
      .update(disclosures)
      .set(released ? { state: 'queued', ...said } : { state: 'failed', failure: 'withheld', ...said })
      .where(
        and(
          eq(disclosures.disclosureId, disclosureId),
          eq(disclosures.state, 'review'),
          // The copy that was decided on, and none that took its place meanwhile.
          eq(disclosures.derivative, derivative.exhibitNumber),
        ),
      )
      .returning({ id: disclosures.disclosureId })
    if (changed.length === 0)
      throw new Problem('conflict', { detail: `The disclosure is ${disclosure.state}; nothing waits for a review.` })
    await keepDecision(tx, req, decision)
    if (released) await parts.jobs.send(tx, 'disclosure.prepare', { id: disclosureId })
    return parts.ledger.stage(tx, {
      chain,
      req,
      ev: 'redaction.reviewed',
      who: whoOf(asker),
      pol: { ...polOf(decision), reasons: [`review.${review.outcome}`] },
      obj: { sha256: createHash('sha256').update(record).digest('hex'), len: record.length, role: 'review' },
      from: {
        parent: derivative.sha256,
        certificate: createHash('sha256').update(derivative.certificate).digest('hex'),
      },
    })
  })
  await parts.ledger.recorded(staged)
}
