/** What policy answered. docs/formats/decision.md is the page for it. */
import { z } from 'zod'

export const rules = { access: 'custos/access/answer', disclosure: 'custos/disclosure/answer' } as const
export type Rule = keyof typeof rules

const LeakLimit = z.strictObject({
  boundPerMillion: z.int().min(0).max(1_000_000),
  couldNotTellFrames: z.int().min(0),
  residualTracks: z.int().min(0),
})
/** What a permitted disclosure demands before anything is released. */
const Release = z.strictObject({
  approvals: z.int().min(0),
  audio: z.enum(['drop', 'keep']),
  couldNotTell: z.enum(['blank', 'show']),
  expiresAfterDays: z.int().min(1),
  fill: z.literal('constant'),
  leakLimit: LeakLimit,
  leastWidthPx: z.strictObject({ face: z.int().min(0), plate: z.int().min(0) }),
  maxDownloads: z.int().min(1),
  redact: z.array(z.enum(['face', 'plate'])).min(1),
  region: z.string().min(1),
  retentionDays: z.int().min(1),
})
/** What a permitted acquisition demands. */
const Keeping = z.strictObject({ lockDays: z.int().min(1), retentionDays: z.int().min(1) })
/** What a permitted hold, or its extension, is given; nothing where it stays until it is lifted. */
const Holding = z.strictObject({ holdDays: z.int().min(1) })

// Sets come out of WASM in the order of their hashes; an answer that forgot to sort would change without its facts changing.
const reasons = z
  .array(z.string().regex(/^[a-z-]+\.[a-z-]+$/))
  .min(1)
  .refine(list => list.every((reason, i) => i === 0 || list[i - 1]! < reason), 'not in rising order')
const Refusal = z.strictObject({ outcome: z.literal('refuse'), reasons })
const permit = { outcome: z.literal('permit'), reasons: z.tuple([]) }

/** The only shapes that an answer may have. A permit that carries a reason, or a disclosure without its obligations, is none of them. */
export const answers = {
  access: z.union([
    z.strictObject({ ...permit, obligations: z.union([Keeping, Holding, z.strictObject({})]) }),
    Refusal,
  ]),
  disclosure: z.union([z.strictObject({ ...permit, obligations: Release }), Refusal]),
} as const
export type Answer = z.infer<(typeof answers)[Rule]>

export interface Obligations {
  /** Distinct persons of the custodian who must approve before anything is prepared. */
  readonly approvals: number
  readonly audio: 'drop' | 'keep'
  /** What becomes of the frames of which the redaction plan could not tell. */
  readonly couldNotTell: 'blank' | 'show'
  /** From the decision to the last download. */
  readonly expiresAfterDays: number
  /** How what is covered is covered. */
  readonly fill: 'constant'
  /** From the placing, or from the former end: until a hold lapses. 0 where it stays until it is lifted. */
  readonly holdDays: number
  /** The most that a leak certificate may say for a copy to be released without a person's decision. */
  readonly leakLimit: {
    /** The bound, in frames of a million. */
    readonly boundPerMillion: number
    /** Frames that were not blanked although nobody can vouch for them. */
    readonly couldNotTellFrames: number
    readonly residualTracks: number
  }
  /** By class: of what detectors see nowhere as wide nobody can tell what it is. It is covered all the same. */
  readonly leastWidthPx: { readonly face: number; readonly plate: number }
  /** From the acquisition: the end of the first lock, which is lengthened later while anything asks for it. */
  readonly lockDays: number
  readonly maxDownloads: number
  readonly redact: readonly ('face' | 'plate')[]
  /** Where derivative and package are made and kept. */
  readonly region: string
  /** From the acquisition: how long the master, and with it the derivative, is kept. */
  readonly retentionDays: number
}

/** Where policy laid down nothing: no time, no download, no place, everything covered, and nothing too small to count. */
export const nothing: Obligations = {
  approvals: 0,
  audio: 'drop',
  couldNotTell: 'blank',
  expiresAfterDays: 0,
  fill: 'constant',
  holdDays: 0,
  leakLimit: { boundPerMillion: 0, couldNotTellFrames: 0, residualTracks: 0 },
  leastWidthPx: { face: 0, plate: 0 },
  lockDays: 0,
  maxDownloads: 0,
  redact: ['face', 'plate'],
  region: '',
  retentionDays: 0,
}

export interface Decision {
  readonly rule: Rule
  readonly outcome: 'permit' | 'refuse'
  /** Every rule that failed, as stable codes in rising order; empty exactly when permitted. */
  readonly reasons: readonly string[]
  /** What the rule laid down; the rest, and all of a refusal's, is as in `nothing`. */
  readonly obligations: Obligations
  /** {outcome, reasons, obligations} as RFC 8785 JSON: what a replay must give again, byte for byte. */
  readonly answer: string
  /** SHA-256 of policy.wasm, hex. */
  readonly bundle: string
  /** SHA-256 of data.json, which is canonical, hex. */
  readonly data: string
  /** SHA-256 of `input`, hex. */
  readonly inputDigest: string
  /** The facts as RFC 8785 JSON; `null` when they were too far from facts to be written down. */
  readonly input: string
}
