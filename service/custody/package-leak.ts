import { z } from 'zod'
import type { Opening } from './commitment.ts'
import { type Files, fileAt, jsonAt, refuted } from './package-check.ts'
import { packagePath } from './package-layout.ts'
import { type LeakLimit, leakLimitOf, shownAs } from './package-record.ts'

const count = z.int().min(0)
const bound = z.looseObject({ framesPerMillion: count })
/** What is judged of a leak certificate; the rest of it is for people. */
const certificateSchema = z.looseObject({
  v: z.enum(['custos-leak-certificate/v1', 'custos-leak-certificate/v2']),
  clip: z.looseObject({ frames: count }),
  copy: z.looseObject({ sha256: z.string() }),
  plan: z.looseObject({ sha256: z.string() }),
  frames: z.looseObject({ decoded: count.optional(), farthestTickPerMille: count }),
  fill: z.looseObject({ framesBeyond: z.array(z.unknown()) }).optional(),
  metadata: z.array(z.unknown()),
  couldNotTell: z.looseObject({ frames: count, blanked: z.boolean() }),
  residual: z.looseObject({ tracks: count }).optional(),
  /** One in the first version; one for each family of detectors since. */
  bound: bound.optional(),
  bounds: z.array(bound).optional(),
})

/**
 * The certificate is about this copy and this plan, and keeps to the limit of the decision; or a person decided on what it found, released
 * the copy all the same, and the chain recorded that. Answers words for the latter.
 */
export function checkLeakLimit(files: Files, openings: readonly Opening[]): string | undefined {
  const file = fileAt(files, packagePath.certificate)
  const copy = fileAt(files, packagePath.redacted)
  const read = certificateSchema.safeParse(jsonAt(files, file.path))
  if (!read.success) refuted('file-malformed', `${file.path}: ${z.prettifyError(read.error)}`)
  const certificate = read.data
  if (certificate.copy.sha256 !== copy.sha256 || certificate.plan.sha256 !== fileAt(files, packagePath.plan).sha256)
    refuted('record-mismatch', `${file.path} is about another copy or plan`)
  const found = openPoints(certificate, leakLimitOf(files))
  if (found.length === 0) return undefined
  const review = shownAs(openings, 'redaction.reviewed').find(
    ({ from, pol }) =>
      from?.parent === copy.sha256 && from.certificate === file.sha256 && pol?.reasons?.includes('review.release'),
  )
  if (!review) refuted('leak-limit-exceeded', `${file.path}: ${found.join(', ')}`)
  return `${found.join(', ')}: a person released it all the same, entry ${review.index}`
}

function openPoints(certificate: z.infer<typeof certificateSchema>, limit: LeakLimit): string[] {
  const { clip, frames, fill, metadata, couldNotTell, residual, bound: only, bounds = only ? [only] : [] } = certificate
  const unsure = couldNotTell.blanked ? 0 : couldNotTell.frames
  const highest = Math.max(0, ...bounds.map(({ framesPerMillion }) => framesPerMillion))
  return [
    ...(frames.decoded === clip.frames && frames.farthestTickPerMille <= 1000 ? [] : ['frames are missing or moved']),
    ...(fill?.framesBeyond.length === 0 ? [] : ['a cover is not constant, or nobody measured it']),
    ...(metadata.length === 0 ? [] : ['metadata was left in']),
    ...(residual && bounds.length > 0 ? [] : ['nobody looked a second time']),
    ...(residual && residual.tracks > limit.residualTracks
      ? [`the second search found ${residual.tracks} uncovered`]
      : []),
    ...(unsure > limit.couldNotTellFrames ? [`${unsure} frames that nobody can vouch for were left in sight`] : []),
    ...(highest > limit.boundPerMillion ? [`the bound is ${highest} frames of a million`] : []),
  ]
}
