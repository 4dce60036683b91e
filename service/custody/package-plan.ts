import { z } from 'zod'
import type { Opening } from './commitment.ts'
import { type Files, fileAt, jsonAt, refuted } from './package-check.ts'
import { packagePath } from './package-layout.ts'
import { type Shown, shownAs } from './package-record.ts'

const planSchema = z.looseObject({
  tracks: z.array(z.looseObject({ origin: z.looseObject({ kind: z.string() }), visible: z.boolean().optional() })),
  deleted: z.array(z.number()).optional(),
})

/**
 * The plan is one that the chain recorded before the copy was made: as detectors made it, or edit by edit from there, and then a person
 * released the copy that came of it. Answers words for the latter; undefined where detectors alone made the plan.
 */
export function checkPlanned(
  files: Files,
  openings: readonly Opening[],
  redaction: Shown | undefined,
): string | undefined {
  const file = fileAt(files, packagePath.plan)
  const read = planSchema.safeParse(jsonAt(files, file.path))
  if (!read.success) refuted('file-malformed', `${file.path}: ${z.prettifyError(read.error)}`)
  const { edits, whole } = recordedBefore(redaction, file.sha256, openings)
  if (edits.length === 0) {
    if (isHandmade(read.data)) refuted('not-opened', `${file.path}: a person edited it, and no entry says so`)
    if (!whole) refuted('not-opened', `${file.path}: no entry shows that it was planned before the copy was made`)
    return undefined
  }
  if (!whole) refuted('not-opened', `${file.path}: no entry shows the plan that was edited first`)
  const certificate = fileAt(files, packagePath.certificate)
  const copy = fileAt(files, packagePath.redacted)
  const review = shownAs(openings, 'redaction.reviewed').find(
    ({ from, pol }) =>
      from?.parent === copy.sha256 &&
      from.certificate === certificate.sha256 &&
      pol?.reasons?.includes('review.release'),
  )
  if (!review) refuted('not-opened', `${file.path} was edited, and no entry shows that a person released the copy`)
  return `edited by persons, entries ${edits.join(', ')}, and released by one, entry ${review.index}`
}

/**
 * Indices of the entries that led to the plan, each naming the plan that it was made on, oldest first; whole when they begin at a plan of
 * detectors. What was planned after the copy was made led to nothing.
 */
function recordedBefore(
  redaction: Shown | undefined,
  plan: string,
  openings: readonly Opening[],
): { edits: number[]; whole: boolean } {
  const recorded = shownAs(openings, 'redaction.planned').filter(({ obj }) => obj?.role === 'plan')
  const edits: number[] = []
  let [wanted, end] = [plan, redaction?.index ?? 0]
  while (true) {
    const saying = recorded.filter(({ index, obj }) => index < end && obj?.sha256 === wanted)
    if (saying.some(({ from }) => from && from.edit === undefined)) return { edits, whole: true }
    const edit = saying.at(-1)
    if (!edit?.from?.plan) return { edits, whole: false }
    edits.unshift(edit.index)
    ;[wanted, end] = [edit.from.plan, edit.index]
  }
}

function isHandmade({ tracks, deleted = [] }: z.infer<typeof planSchema>): boolean {
  return deleted.length > 0 || tracks.some(({ origin, visible }) => origin.kind !== 'detector' || visible)
}
