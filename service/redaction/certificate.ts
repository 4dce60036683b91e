/** The leak certificate, `custos-leak-certificate/v1`: what was checked in a redacted copy, and what that is worth. */
import canonicalize from 'canonicalize'
import { z } from 'zod'
import { coverClass, type DetectorClass } from './plan.ts'

export const certificateVersion = 'custos-leak-certificate/v1'

const sha256 = z.string().regex(/^[0-9a-f]{64}$/)
const count = z.int().min(0)
const ranges = z.array(z.tuple([count, count]))

const certificate = z.strictObject({
  v: z.literal(certificateVersion),
  clip: z.strictObject({ sha256, frames: count }),
  copy: z.strictObject({ sha256, len: count, width: count, height: count }),
  plan: z.strictObject({ sha256, classes: z.array(coverClass) }),
  /** Frames of the copy as decoded; the farthest that one lies from its time in the clip, in thousandths of a clip's tick. */
  frames: z.strictObject({ decoded: count, farthestTickPerMille: count }),
  /** Measured in decoded frames, from `edgePixels` inside each box. */
  fill: z.strictObject({
    colour: z.string(),
    tolerance: count,
    edgePixels: count,
    frames: count,
    boxes: count,
    worst: count,
    framesBeyond: ranges,
  }),
  /** What the copy carries beside its pictures; empty when nothing. */
  metadata: z.array(z.string()),
  couldNotTell: z.strictObject({ frames: count, blanked: z.boolean() }),
  /** Absent where no detector looked at the copy: then nothing is said about what the plan may have missed. */
  secondLook: z
    .strictObject({
      models: z.array(z.strictObject({ name: z.string(), sha256 })),
      /** The networks of the plan again, seeing another picture: they share their blind spots with the first look. */
      independence: z.literal('same-models'),
      view: z.strictObject({ mirrored: z.boolean(), width: count, height: count }),
      framesScanned: count,
    })
    .optional(),
  /** What the second look found in the copy and no box covers; beside a box only where the clip shows the like in the open. */
  residual: z
    .strictObject({
      tracks: count,
      frames: count,
      hits: z.array(
        z.strictObject({
          class: coverClass,
          first: count,
          last: count,
          x: count,
          y: count,
          w: count,
          h: count,
          scorePerMille: count,
        }),
      ),
    })
    .optional(),
  /** Upper bound of the share of frames with something that the second look would find, were frames independent. */
  bound: z
    .strictObject({
      method: z.enum(['rule-of-three', 'poisson']),
      confidencePercent: z.literal(95),
      framesPerMillion: count,
      caveats: z.array(z.string()),
    })
    .optional(),
})

export type LeakCertificate = z.infer<typeof certificate>
export type Hit = NonNullable<LeakCertificate['residual']>['hits'][number]

/** RFC 8785 text; its UTF-8 bytes are what a digest is taken of. */
export function canonicalCertificate(value: LeakCertificate): string {
  return canonicalize(certificate.parse(value))!
}

/** Throws ZodError or SyntaxError on anything but a certificate. */
export function parseCertificate(text: string): LeakCertificate {
  return certificate.parse(JSON.parse(text))
}

/** True when a copy may be released without a person's decision: every check passed, and the second look found nothing open. */
export function acceptable(value: string | LeakCertificate): boolean {
  const c = typeof value === 'string' ? parseCertificate(value) : value
  return soundCopy(c) && c.residual?.tracks === 0
}

/** True when the copy is what the plan says, whatever the plan may have missed. */
export function soundCopy({ clip, frames, fill, metadata }: LeakCertificate): boolean {
  const timed = frames.decoded === clip.frames && frames.farthestTickPerMille <= 1000
  return timed && fill.framesBeyond.length === 0 && metadata.length === 0
}

/**
 * With no hit in n frames the share is below 3 / n (rule of three, 95%); with k hits below the Poisson limit for k, by
 * Wilson and Hilferty's approximation. Never above the whole.
 */
export function boundFor(
  framesScanned: number,
  framesHit: number,
  classes: readonly DetectorClass[],
): LeakCertificate['bound'] {
  const k = framesHit + 1
  const root = 1 - 1 / (9 * k) + 1.645 / (3 * Math.sqrt(k))
  const events = framesHit === 0 ? 3 : k * root * root * root
  return {
    method: framesHit === 0 ? 'rule-of-three' : 'poisson',
    confidencePercent: 95,
    framesPerMillion: Math.min(1_000_000, Math.ceil((events * 1_000_000) / Math.max(1, framesScanned))),
    caveats: [
      'Neighbouring frames are not independent, so the bound is lower than it would be for as many separate pictures.',
      'The second look uses the models of the plan: what they cannot see in either view is in no number here.',
      'What touches a cover counts only where the clip itself, looked at in the same way, shows the like in the open.',
      `Only these classes were looked for: ${classes.join(', ') || 'none'}.`,
    ],
  }
}
