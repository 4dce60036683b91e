import { createHash } from 'node:crypto'
import { z } from 'zod'
import { Problem } from '../http/problem.ts'
import { canonicalText } from './canonical-text.ts'

/**
 * The redaction plan, `custos-plan/v1`: what is covered, on which frames, why, and on whose word.
 *
 * Pixels are those of the clip as displayed (after rotation). Frames are numbered from 0 in the order in which a decoder
 * presents them. Everything is an integer, so that the canonical form (RFC 8785) is the same everywhere.
 */
export const planVersion = 'custos-plan/v1'

const sha256 = z.string().regex(/^[0-9a-f]{64}$/)
export const count = z.int().min(0)
/** A word of policy data. */
export const token = z.string().regex(/^[a-z0-9][a-z0-9-]{0,63}$/)
export const trackId = z.int().min(1)

export const detectorClass = z.enum(['face', 'plate'])
export const coverClass = z.enum(['face', 'plate', 'region'])
const origin = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('detector'), models: z.array(sha256).min(1) }),
  z.strictObject({ kind: z.literal('person'), subject: z.string().min(1).max(256) }),
])

const frameRange = z.tuple([count, count])
const run = z.tuple([count, count, count, count, z.int().min(1), z.int().min(1)])

const track = z.strictObject({
  id: trackId,
  class: coverClass,
  ground: token.describe('Why it is covered, or kept visible: a ground that policy data names.'),
  origin,
  confidence: z
    .int()
    .min(0)
    .max(1000)
    .describe('The detector’s best score in thousandths, not a probability; 1000 for a person.'),
  runs: z
    .array(run)
    .min(1)
    .describe(
      '[first, last, x, y, w, h]: one box held on the frames first..last, both included; rising, never overlapping.',
    ),
  unseen: z
    .array(frameRange)
    .describe('Frames inside the runs on which no detector saw it: bridged gaps and extended ends.'),
  visible: z
    .literal(true)
    .exactOptional()
    .describe('A person chose to leave it in sight: it stands in the plan, and nothing of it is covered.'),
  couldNotTell: z
    .literal(true)
    .exactOptional()
    .describe(
      'Nowhere as wide as leastWidthPx of its class: nobody can tell what it is. It is covered like any other track.',
    ),
})

const plan = z.strictObject({
  v: z.literal(planVersion),
  clip: z.strictObject({ sha256, width: z.int().min(1), height: z.int().min(1), frames: z.int().min(1) }),
  tool: z.strictObject({
    models: z.array(z.strictObject({ name: z.string().min(1), sha256 })),
    parameters: z.record(token, z.record(z.string().regex(/^[a-z][A-Za-z]*$/), z.int())),
  }),
  classes: z
    .array(detectorClass)
    .describe('What was looked for; a class that is absent here was not looked for at all.'),
  tracks: z.array(track),
  deleted: z
    .array(trackId)
    .min(1)
    .exactOptional()
    .describe('Numbers of the tracks that a person deleted, rising; they are never given again.'),
  couldNotTell: z
    .array(frameRange)
    .describe(
      'Frames that nobody can vouch for: concealed by the decoder, or not scanned. Not the same as "nothing found".',
    ),
})

export type DetectorClass = z.infer<typeof detectorClass>
export type FrameRange = z.infer<typeof frameRange>
export type BoxRun = z.infer<typeof run>
export type PlanTrack = z.infer<typeof track>
export type RedactionPlan = z.infer<typeof plan>

/** A strict reading of a plan. Throws Problem `plan-does-not-fit` naming the first fault. */
export function parsePlan(json: string): RedactionPlan {
  let value: unknown
  try {
    value = JSON.parse(json)
  } catch (cause) {
    throw new Problem('plan-does-not-fit', { detail: 'The plan is not JSON.', cause })
  }
  const read = plan.safeParse(value)
  if (!read.success) {
    const issue = read.error.issues[0]!
    throw new Problem('plan-does-not-fit', { detail: `${issue.path.join('.') || 'plan'}: ${issue.message}` })
  }
  const fault = firstFault(read.data)
  if (fault) throw new Problem('plan-does-not-fit', { detail: fault })
  return read.data
}

/** JSON Schema (draft 2020-12) of a plan; docs/formats/plan.schema.json is its committed copy. Order, borders and even edges it cannot say. */
export function planSchema(): object {
  return { title: 'Redaction plan, custos-plan/v1', ...z.toJSONSchema(plan, { io: 'input' }) }
}

/** RFC 8785 bytes of the plan, as text. Its UTF-8 bytes are what `planDigest` hashes. */
export function canonicalPlan(value: RedactionPlan): string {
  return canonicalText(value)
}

/** Hex SHA-256 of the canonical plan. */
export function planDigest(value: RedactionPlan): string {
  return createHash('sha256').update(canonicalPlan(value)).digest('hex')
}

/** Throws Problem `plan-does-not-fit` unless the plan was made for exactly this clip. */
export function assertPlanFits(value: RedactionPlan, clip: RedactionPlan['clip']): void {
  for (const key of ['sha256', 'width', 'height', 'frames'] as const) {
    if (value.clip[key] !== clip[key]) {
      throw new Problem('plan-does-not-fit', {
        detail: `clip.${key} is ${clip[key]}, the plan says ${value.clip[key]}.`,
      })
    }
  }
}

/** The tracks that are covered: all but those that a person left in sight. */
export function coveredTracks({ tracks }: RedactionPlan): PlanTrack[] {
  return tracks.filter(({ visible }) => !visible)
}

/** Those among them that are too narrow for anybody to tell what they are. */
export function unsureTracks(plan: RedactionPlan): PlanTrack[] {
  return coveredTracks(plan).filter(({ couldNotTell }) => couldNotTell)
}

/** The number of frames on which at least one box covers something: one of all that cover, or of these tracks. */
export function coveredFrames(value: RedactionPlan, tracks: readonly PlanTrack[] = coveredTracks(value)): number {
  const covered = new Uint8Array(value.clip.frames)
  for (const { runs } of tracks) for (const [first, last] of runs) covered.fill(1, first, last + 1)
  return covered.reduce((sum, flag) => sum + flag, 0)
}

/** What the schema's shape cannot say: order, the frame's borders, even edges (4:2:0 chroma has no half pixels). */
function firstFault({ clip, tracks, deleted = [], couldNotTell }: RedactionPlan): string | undefined {
  if (deleted.some((id, i) => i > 0 && id <= deleted[i - 1]!)) return 'deleted: the numbers do not rise.'
  const ids = new Set(deleted)
  for (const { id, runs, unseen } of tracks) {
    if (ids.has(id)) return `Track ${id} stands there twice, or was deleted.`
    ids.add(id)
    if (!rising(runs, clip.frames) || !rising(unseen, clip.frames))
      return `Track ${id}: frames do not rise within the clip.`
    for (const [, , x, y, w, h] of runs) {
      if (x + w > clip.width || y + h > clip.height) return `Track ${id}: a box leaves the frame.`
      if (x % 2 || y % 2 || odd(x + w, clip.width) || odd(y + h, clip.height))
        return `Track ${id}: a box has odd edges.`
    }
  }
  return rising(couldNotTell, clip.frames) ? undefined : 'couldNotTell: frames do not rise within the clip.'
}

/** Only the frame's own border may be odd. */
function odd(edge: number, border: number): boolean {
  return edge % 2 === 1 && edge !== border
}

function rising(ranges: readonly (readonly [number, number, ...number[]])[], frames: number): boolean {
  let next = 0
  for (const [first, last] of ranges) {
    if (first < next || last < first || last >= frames) return false
    next = last + 1
  }
  return true
}
