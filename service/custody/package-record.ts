/** What the chain's openings say of the package's files. Only openings that fit their commitments come here. */
import { z } from 'zod'
import { answerDigest } from './answer-digest.ts'
import type { Opening } from './commitment.ts'
import { toHex } from './encoding.ts'
import { sha256 } from './hash.ts'
import {
  canonicalAt,
  type Files,
  fileAt,
  jsonAt,
  type PackageFile,
  type PackageListing,
  refuted,
  someOf,
} from './package-check.ts'
import { packagePath } from './package-layout.ts'
import type { Receipt } from './receipt.ts'

const digest = z.string().regex(/^[0-9a-f]{64}$/)
const object = z.looseObject({ sha256: digest, len: z.number(), role: z.string() })
const origins = z.looseObject({
  parent: digest.optional(),
  plan: digest.optional(),
  edit: digest.optional(),
  certificate: digest.optional(),
  manifest: digest.optional(),
})
const policy = z.looseObject({
  bundle: digest,
  data: digest,
  input: digest,
  outcome: z.string(),
  reasons: z.array(z.string()).optional(),
  answer: digest.optional(),
})
const plan = z.looseObject({ classes: z.array(z.string()) })
const named = z.looseObject({ sha256: digest })
const manifest = z.looseObject({ copy: named, plan: named })

const most = z.int().min(0)
const leakLimit = z.looseObject({ residualTracks: most, couldNotTellFrames: most, boundPerMillion: most })
export type LeakLimit = z.infer<typeof leakLimit>

/** The decision as the package shows it. `input` is the canonical JSON that policy judged. */
const decisionSchema = z.strictObject({
  rule: z.literal('disclosure'),
  outcome: z.string(),
  reasons: z.array(z.string()),
  /** What must have been done; the rest of it is for people. */
  obligations: z.looseObject({ redact: z.array(z.string()), leakLimit: leakLimit.optional() }),
  bundle: digest,
  data: digest,
  inputDigest: digest,
  input: z.string(),
})

/** An entry as far as the recipient may see it. */
export interface Shown {
  readonly index: number
  readonly obj: z.infer<typeof object> | undefined
  readonly from: z.infer<typeof origins> | undefined
  readonly pol: z.infer<typeof policy> | undefined
}

/** Entries whose event was opened as `ev`, in ledger order. */
export function shownAs(openings: readonly Opening[], ev: string): Shown[] {
  const indices = openings.filter(({ field, value }) => field === 'ev' && value === ev).map(({ index }) => index)
  return indices
    .sort((a, b) => a - b)
    .map(index => {
      const value = (field: Opening['field']) => openings.find(o => o.index === index && o.field === field)?.value
      return {
        index,
        obj: object.safeParse(value('obj')).data,
        from: origins.safeParse(value('from')).data,
        pol: policy.safeParse(value('pol')).data,
      }
    })
}

/** The entry that recorded this copy. Where none names its bytes, the newest one, for the check to say so. */
export function redactionOf(openings: readonly Opening[], copy: PackageFile | undefined): Shown | undefined {
  const all = shownAs(openings, 'exhibit.redacted')
  return all.find(({ obj }) => obj?.sha256 === copy?.sha256) ?? all.at(-1)
}

export function checkAcquisition(openings: readonly Opening[]): void {
  const first = shownAs(openings, 'exhibit.acquired')[0]
  if (first?.obj?.role !== 'master') refuted('not-opened', 'no entry shows how the master was acquired')
}

export function checkRedactedCopy(files: Files, redaction: Shown | undefined): void {
  const copy = fileAt(files, packagePath.redacted)
  const recorded = redaction?.obj
  if (!redaction || !recorded) refuted('not-opened', 'no entry shows the redaction of this copy')
  if (recorded.sha256 !== copy.sha256 || recorded.len !== copy.len || recorded.role !== 'derivative')
    refuted('record-mismatch', `${copy.path} is not what entry ${redaction.index} recorded`)
}

/** The copy was made from the very master that this chain acquired. */
export function checkParent(openings: readonly Opening[], redaction: Shown | undefined): void {
  const parent = redaction?.from?.parent
  if (!redaction || !parent) refuted('not-opened', 'no entry shows what the copy was made from')
  const masters = shownAs(openings, 'exhibit.acquired').filter(({ obj }) => obj?.role === 'master')
  if (!masters.some(({ index, obj }) => index < redaction.index && obj?.sha256 === parent))
    refuted('record-mismatch', `entry ${redaction.index} was not made from the master of this chain`)
}

export function checkSource(
  files: Files,
  redaction: Shown | undefined,
  source: 'plan' | 'manifest' | 'certificate',
): void {
  const file = fileAt(files, packagePath[source])
  const recorded = redaction?.from?.[source]
  if (!redaction || !recorded) refuted('not-opened', `no entry shows the digest of ${file.path}`)
  if (recorded !== file.sha256) refuted('record-mismatch', `${file.path} is not what entry ${redaction.index} recorded`)
}

/** The manifest tells of this copy and of this plan. */
export function checkManifest(files: Files): void {
  const { path } = fileAt(files, packagePath.manifest)
  const read = manifest.safeParse(jsonAt(files, path))
  if (!read.success) refuted('file-malformed', `${path}: ${z.prettifyError(read.error)}`)
  const [copy, plan] = [fileAt(files, packagePath.redacted), fileAt(files, packagePath.plan)]
  if (read.data.copy.sha256 !== copy.sha256 || read.data.plan.sha256 !== plan.sha256)
    refuted('record-mismatch', `${path} is about another copy or plan`)
}

export function checkDecision(files: Files, openings: readonly Opening[]): void {
  const path = packagePath.decision
  const decision = readDecision(files)
  if (toHex(sha256(new TextEncoder().encode(decision.input))) !== decision.inputDigest)
    refuted('record-mismatch', `${path}: the input is not the one that was judged`)
  if (decision.outcome !== 'permit') refuted('record-mismatch', `${path}: the outcome is ${decision.outcome}`)
  const approvals = shownAs(openings, 'request.approved').filter(({ pol }) => pol)
  if (approvals.length === 0) refuted('not-opened', 'no entry shows the approval')
  if (!approvals.some(({ pol }) => restsOn(decision, pol!)))
    refuted('record-mismatch', `${path} is not the decision that entry ${approvals.at(-1)!.index} recorded`)
}

/** Every class that the decision wants covered was looked for. */
export function checkObligations(files: Files): void {
  const { redact } = readDecision(files).obligations
  const read = plan.safeParse(jsonAt(files, packagePath.plan))
  if (!read.success) refuted('file-malformed', `${packagePath.plan}: ${z.prettifyError(read.error)}`)
  const absent = redact.filter(name => !read.data.classes.includes(name))
  if (absent.length > 0) refuted('record-mismatch', `${packagePath.plan}: nobody looked for ${someOf(absent)}`)
}

/** What the decision lets go without a person; an older one than limits were lets go no track, and says nothing else. */
export function leakLimitOf(files: Files): LeakLimit {
  const none = { residualTracks: 0, couldNotTellFrames: Number.POSITIVE_INFINITY, boundPerMillion: 1_000_000 }
  return readDecision(files).obligations.leakLimit ?? none
}

function readDecision(files: Files): z.infer<typeof decisionSchema> {
  const read = decisionSchema.safeParse(canonicalAt(files, packagePath.decision))
  return read.success ? read.data : refuted('file-malformed', `${packagePath.decision}: ${z.prettifyError(read.error)}`)
}

function restsOn(decision: z.infer<typeof decisionSchema>, pol: z.infer<typeof policy>): boolean {
  return (
    pol.bundle === decision.bundle &&
    pol.data === decision.data &&
    pol.input === decision.inputDigest &&
    pol.outcome === decision.outcome &&
    JSON.stringify(pol.reasons ?? []) === JSON.stringify(decision.reasons) &&
    (pol.answer === undefined || pol.answer === answerDigest(decision))
  )
}

/** The act that prepared this very ZIP, as the receipt beside it proves. */
export function checkPrepared(
  { index, entry, openings }: Receipt,
  listing: PackageListing,
  chain: string | undefined,
): void {
  const prepared = shownAs(openings, 'disclosure.prepared')[0]
  if (!prepared?.obj) refuted('not-opened', `entry ${index} does not show the preparation of a package`)
  if (entry.chain !== chain) refuted('record-mismatch', `entry ${index} belongs to another exhibit`)
  const { sha256: recorded, len, role } = prepared.obj
  if (role !== 'package' || recorded !== listing.zip.sha256 || len !== listing.zip.len)
    refuted('record-mismatch', `the ZIP is not the one that entry ${index} recorded`)
}
