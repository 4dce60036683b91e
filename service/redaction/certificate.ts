/** The leak certificate, `custos-leak-certificate/v2`: what was checked in a redacted copy, and what that is worth. */
import canonicalize from 'canonicalize'
import { z } from 'zod'
import { coverClass, detectorClass } from './plan.ts'
import { textVerdict } from './text-verdict.ts'

export const certificateVersion = 'custos-leak-certificate/v2'

const sha256 = z.string().regex(/^[0-9a-f]{64}$/)
const count = z.int().min(0)
const ranges = z.array(z.tuple([count, count]))
const models = z.array(z.strictObject({ name: z.string(), sha256 }))
/** Who looked: the networks that plan, in another view; or networks that read. */
const family = z.enum(['detectors', 'text'])
const place = { first: count, last: count, x: count, y: count, w: count, h: count }

/** What writing or the lack of it says about something that the plate detectors saw. */
export const plateVerdict = [...textVerdict, 'no-writing'] as const

const look = z.strictObject({
  family,
  classes: z.array(coverClass),
  models,
  /** `same-models` share their blind spots with the plan; `other-models` do not. */
  independence: z.enum(['same-models', 'other-models']),
  /** The frame as this family saw it. */
  view: z.strictObject({ mirrored: z.boolean(), width: count, height: count }),
  /** Frames that it looked at, in part or as a whole; all others were compared with what it had seen last. */
  framesScanned: count,
})

const hit = z.strictObject({
  family,
  class: coverClass,
  ...place,
  scorePerMille: count,
  /** Of plates, and of what is too narrow: `plate-like` and `could-not-tell` count as residual. */
  verdict: z.enum(plateVerdict).optional(),
})

const bound = z.strictObject({
  family,
  method: z.enum(['rule-of-three', 'poisson']),
  confidencePercent: z.literal(95),
  framesScanned: count,
  framesHit: count,
  framesPerMillion: count,
})

const certificate = z.strictObject({
  v: z.literal(certificateVersion),
  clip: z.strictObject({ sha256, frames: count }),
  copy: z.strictObject({ sha256, len: count, width: count, height: count }),
  plan: z.strictObject({ sha256, classes: z.array(coverClass), models }),
  /**
   * Frames of the copy as its index lists them, and as decoded; the farthest that one lies from its time in the clip, in
   * thousandths of a clip's tick. `decoded` and `fill` are absent where nobody decoded the whole copy.
   */
  frames: z.strictObject({ listed: count, decoded: count.optional(), farthestTickPerMille: count }),
  /** Measured in decoded frames, from `edgePixels` inside each box. */
  fill: z
    .strictObject({
      colour: z.string(),
      tolerance: count,
      edgePixels: count,
      frames: count,
      boxes: count,
      worst: count,
      framesBeyond: ranges,
    })
    .optional(),
  /** What the copy carries beside its pictures; empty when nothing. */
  metadata: z.array(z.string()),
  couldNotTell: z.strictObject({
    frames: count,
    blanked: z.boolean(),
    ranges,
    /** Narrower everywhere than the least width of their class, in pixels, by the plan: covered, whatever they are. */
    covered: z
      .strictObject({ tracks: count, frames: count, leastWidthPx: z.partialRecord(detectorClass, count) })
      .optional(),
  }),
  /** Absent, with what follows, where nobody looked at the copy: then nothing is said about what the plan may have missed. */
  looks: z.array(look).optional(),
  /** What lies open in the copy and is, or may be, what was to be covered. */
  residual: z.strictObject({ tracks: count, frames: count, hits: z.array(hit) }).optional(),
  /** What the looks saw in the open, and judged to be none of it: other writing, and shapes without any. No reading is kept. */
  harmless: z.array(hit).optional(),
  /** What they saw of tracks that a person chose to keep visible. */
  keptVisible: z.array(hit).optional(),
  /** For each family an upper bound of the share of frames with something open that it would find, were frames independent. */
  bounds: z.array(bound).optional(),
  caveats: z.array(z.string()).optional(),
})

export type LeakCertificate = z.infer<typeof certificate>
export type CertifiedLook = z.infer<typeof look>
export type Hit = z.infer<typeof hit>
export type Bound = z.infer<typeof bound>
export type PlateVerdict = (typeof plateVerdict)[number]

/** What a policy lets go without a person: each at most. */
export interface LeakLimit {
  readonly residualTracks: number
  /** Frames of which the plan could not tell and that were not blanked. */
  readonly couldNotTellFrames: number
  /** The largest of the families' bounds. */
  readonly boundPerMillion: number
}

const strictest: LeakLimit = { residualTracks: 0, couldNotTellFrames: 0, boundPerMillion: 1_000_000 }

/** RFC 8785 text; its UTF-8 bytes are what a digest is taken of. */
export function canonicalCertificate(value: LeakCertificate): string {
  return canonicalize(certificate.parse(value))!
}

/** Throws ZodError or SyntaxError on anything but a certificate. */
export function parseCertificate(text: string): LeakCertificate {
  return certificate.parse(JSON.parse(text))
}

/** JSON Schema (draft 2020-12) of a certificate; docs/formats/leak-certificate.schema.json is its committed copy. */
export function certificateSchema(): object {
  return { title: `Leak certificate, ${certificateVersion}`, ...z.toJSONSchema(certificate) }
}

/** True when a copy may be released without a person's decision: every check passed, and what was found keeps to the limit. */
export function acceptable(value: string | LeakCertificate, limit: LeakLimit = strictest): boolean {
  const c = typeof value === 'string' ? parseCertificate(value) : value
  if (!soundCopy(c) || !c.residual || !c.bounds) return false
  const unsure = c.couldNotTell.blanked ? 0 : c.couldNotTell.frames
  return (
    c.residual.tracks <= limit.residualTracks &&
    unsure <= limit.couldNotTellFrames &&
    c.bounds.every(({ framesPerMillion }) => framesPerMillion <= limit.boundPerMillion)
  )
}

/** True when a decoder shows that the copy is what the plan says, whatever the plan may have missed. */
export function soundCopy(value: LeakCertificate): boolean {
  const { clip, frames, fill } = value
  return wellFormed(value) && frames.decoded === clip.frames && fill?.framesBeyond.length === 0
}

/** True when the copy lists the clip's frames at their times and carries nothing else. Says nothing about its pictures. */
export function wellFormed({ clip, frames, metadata }: LeakCertificate): boolean {
  return frames.listed === clip.frames && frames.farthestTickPerMille <= 1000 && metadata.length === 0
}

/**
 * With no hit in n frames the share is below 3 / n (rule of three, 95%); with k hits below the Poisson limit for k, by
 * Wilson and Hilferty's approximation. Never above the whole.
 */
export function boundFor(family: Bound['family'], framesScanned: number, framesHit: number): Bound {
  const k = framesHit + 1
  const root = 1 - 1 / (9 * k) + 1.645 / (3 * Math.sqrt(k))
  const events = framesHit === 0 ? 3 : k * root * root * root
  return {
    family,
    method: framesHit === 0 ? 'rule-of-three' : 'poisson',
    confidencePercent: 95,
    framesScanned,
    framesHit,
    framesPerMillion: Math.min(1_000_000, Math.ceil((events * 1_000_000) / Math.max(1, framesScanned))),
  }
}
