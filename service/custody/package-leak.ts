import { z } from 'zod'
import { type Files, jsonAt, refuted } from './package-check.ts'
import { packagePath } from './package-layout.ts'

/** What is judged of a leak certificate; the rest of it is for people. */
const certificateSchema = z.looseObject({
  residualHits: z.int().min(0),
  limit: z.looseObject({ residualHits: z.int().min(0) }),
})

/** The second search stayed within the limit that the certificate itself states, and that `exhibit.redacted` recorded with it. */
export function checkLeakLimit(files: Files): void {
  const path = packagePath.certificate
  const read = certificateSchema.safeParse(jsonAt(files, path))
  if (!read.success) refuted('file-malformed', `${path}: ${z.prettifyError(read.error)}`)
  const { residualHits, limit } = read.data
  if (residualHits > limit.residualHits)
    refuted('leak-limit-exceeded', `${residualHits} residual hits are more than ${limit.residualHits}`)
}
