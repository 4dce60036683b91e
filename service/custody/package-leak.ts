import { z } from 'zod'
import type { Opening } from './commitment.ts'
import { type Files, fileAt, jsonAt, refuted } from './package-check.ts'
import { packagePath } from './package-layout.ts'
import { shownAs } from './package-record.ts'

const count = z.int().min(0)
/** What is judged of a leak certificate; the rest of it is for people. */
const certificateSchema = z.looseObject({
  v: z.literal('custos-leak-certificate/v1'),
  clip: z.looseObject({ frames: count }),
  copy: z.looseObject({ sha256: z.string() }),
  plan: z.looseObject({ sha256: z.string() }),
  frames: z.looseObject({ decoded: count, farthestTickPerMille: count }),
  fill: z.looseObject({ framesBeyond: z.array(z.unknown()) }),
  metadata: z.array(z.unknown()),
  residual: z.looseObject({ tracks: count }).optional(),
})

/**
 * The certificate is about this copy and this plan, and finds nothing; or a person looked at what it found, released the copy all the
 * same, and the chain recorded that. Answers words for the latter.
 */
export function checkLeakLimit(files: Files, openings: readonly Opening[]): string | undefined {
  const file = fileAt(files, packagePath.certificate)
  const copy = fileAt(files, packagePath.redacted)
  const read = certificateSchema.safeParse(jsonAt(files, file.path))
  if (!read.success) refuted('file-malformed', `${file.path}: ${z.prettifyError(read.error)}`)
  const certificate = read.data
  if (certificate.copy.sha256 !== copy.sha256 || certificate.plan.sha256 !== fileAt(files, packagePath.plan).sha256)
    refuted('record-mismatch', `${file.path} is about another copy or plan`)
  const found = openPoints(certificate)
  if (found.length === 0) return undefined
  const review = shownAs(openings, 'redaction.reviewed').find(
    ({ from, pol }) =>
      from?.parent === copy.sha256 && from.certificate === file.sha256 && pol?.reasons?.includes('review.release'),
  )
  if (!review) refuted('leak-limit-exceeded', `${file.path}: ${found.join(', ')}`)
  return `${found.join(', ')}: a person released it all the same, entry ${review.index}`
}

function openPoints({ clip, frames, fill, metadata, residual }: z.infer<typeof certificateSchema>): string[] {
  return [
    ...(frames.decoded === clip.frames && frames.farthestTickPerMille <= 1000 ? [] : ['frames are missing or moved']),
    ...(fill.framesBeyond.length === 0 ? [] : ['a cover is not constant']),
    ...(metadata.length === 0 ? [] : ['metadata was left in']),
    ...(residual ? [] : ['nobody looked a second time']),
    ...(residual && residual.tracks > 0 ? [`the second search found ${residual.tracks} uncovered`] : []),
  ]
}
