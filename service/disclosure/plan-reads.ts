/** Plan and certificate, for whoever reviews a copy: they say where faces are, so that each reading is recorded. */
import { Problem } from '../http/problem.ts'
import { type Asker, demand, keepDecision, polOf, whoOf } from '../policy/judge.ts'
import type { Disclosing } from './disclosures.ts'
import { digestOf, standingPlan } from './plans.ts'
import { planned, traceDisclosure } from './trace.ts'

export interface Reading {
  /** Canonical JSON. */
  readonly text: string
  readonly sha256: string
}

/** The plan that the next copy of the request is rendered from. Throws `not-ready` while there is none. */
export async function readPlan(parts: Disclosing, asker: Asker, disclosureId: string): Promise<Reading> {
  return read(parts, asker, disclosureId, 'plan')
}

/** The certificate of the copy that the disclosure holds now. Throws `not-ready` while there is none. */
export async function readCertificate(parts: Disclosing, asker: Asker, disclosureId: string): Promise<Reading> {
  return read(parts, asker, disclosureId, 'certificate')
}

async function read(
  parts: Disclosing,
  asker: Asker,
  disclosureId: string,
  role: 'plan' | 'certificate',
): Promise<Reading> {
  const traced = await traceDisclosure(parts, disclosureId)
  const { decision, req } = await demand(parts, asker, 'plan.read', traced.chain, traced.circumstances)
  const standing = traced.request && (await standingPlan(parts.db, traced.request.requestId, traced.derivative))
  const { disclosure, request, derivative, standing: plan } = planned(traced, standing)
  if (role === 'certificate' && !derivative) throw new Problem('not-ready', { detail: 'There is no copy yet.' })
  const text = role === 'plan' ? plan.text : derivative!.certificate
  const sha256 = digestOf(text)
  const staged = await parts.db.transaction(async tx => {
    await keepDecision(tx, req, decision)
    return parts.ledger.stage(tx, {
      chain: disclosure.chain,
      req,
      ev: 'access.permitted',
      who: whoOf(asker),
      obj: { sha256, len: Buffer.byteLength(text), role },
      pol: polOf(decision, request.filed.purpose),
    })
  })
  await parts.ledger.recorded(staged)
  return { text, sha256 }
}
