/** What a person does to a plan: pure, strict, and each step touches one track and nothing else. */
import { isDeepStrictEqual } from 'node:util'
import { z } from 'zod'
import { Problem } from '../http/problem.ts'
import {
  type BoxRun,
  count,
  coverClass,
  type FrameRange,
  type PlanTrack,
  type RedactionPlan,
  token,
  trackId,
} from './plan.ts'

/** One box at one moment, as a person drew it: pixels of the upright frame, any edges. */
const keyframe = z.strictObject({ frame: count, x: count, y: count, w: z.int().min(1), h: z.int().min(1) })

/** Why: policy data says for what each is good, and edits that cover or show something do not go without. */
const ground = token.optional()

/** What a person may do to a plan. */
export const planEdit = z.discriminatedUnion('operation', [
  z.strictObject({
    operation: z.literal('add'),
    class: coverClass,
    ground,
    /** Rising frames; between two of them the box moves evenly. */
    keyframes: z.array(keyframe).min(1).max(1000),
    /** The last box is held up to this frame. */
    last: count.optional(),
  }),
  z.strictObject({ operation: z.literal('blank'), first: count, last: count, ground }),
  z.strictObject({ operation: z.literal('delete'), track: trackId, ground }),
  z.strictObject({ operation: z.literal('visible'), track: trackId, ground }),
  z.strictObject({ operation: z.literal('cover'), track: trackId, ground }),
  z.strictObject({
    operation: z.literal('extend'),
    track: trackId,
    first: count.optional(),
    last: count.optional(),
    /** Pixels to every side of every box. */
    grow: z.int().min(1).max(10_000).optional(),
  }),
  z.strictObject({
    operation: z.literal('set'),
    track: trackId,
    class: coverClass.optional(),
    ground,
  }),
])

export type PlanEdit = z.infer<typeof planEdit>
type Keyframe = z.infer<typeof keyframe>
type Clip = RedactionPlan['clip']
type Edit<Name extends PlanEdit['operation']> = Extract<PlanEdit, { operation: Name }>

/**
 * The plan after the edit; `subject` is whoever draws a new region. Odd edges become even outward. Throws Problem
 * `edit-does-not-fit`, whose detail names the fault; then nothing was changed.
 */
export function editPlan(plan: RedactionPlan, edit: PlanEdit, subject: string): RedactionPlan {
  const edited = applied(plan, edit, subject)
  if (runsOf(edited) > Math.max(mostRuns, runsOf(plan)))
    throw misfit(`The plan would have more than ${mostRuns} boxes.`)
  return edited
}

function runsOf({ tracks }: RedactionPlan): number {
  return tracks.reduce((sum, { runs }) => sum + runs.length, 0)
}

/** A plan is read whole by whoever edits or renders it; one that detectors made larger may still be made smaller. */
const mostRuns = 1_000_000

function applied(plan: RedactionPlan, edit: PlanEdit, subject: string): RedactionPlan {
  switch (edit.operation) {
    case 'add':
      return withTrack(plan, newTrack(plan, edit.class, stated(edit.ground), subject, drawnRuns(plan.clip, edit)))
    case 'blank': {
      assertRange(plan.clip, edit.first, edit.last)
      const whole: BoxRun = [edit.first, edit.last, 0, 0, plan.clip.width, plan.clip.height]
      return withTrack(plan, newTrack(plan, 'region', stated(edit.ground), subject, [whole]))
    }
    case 'delete': {
      trackOf(plan, edit.track)
      stated(edit.ground)
      const deleted = [...(plan.deleted ?? []), edit.track].sort((a, b) => a - b)
      return { ...plan, tracks: plan.tracks.filter(({ id }) => id !== edit.track), deleted }
    }
    case 'visible':
      return replaced(plan, edit.track, track => keptVisible(track, edit))
    case 'cover':
      return replaced(plan, edit.track, track => coveredAgain(track, edit))
    case 'extend':
      return replaced(plan, edit.track, track => extended(plan.clip, track, edit))
    case 'set':
      return replaced(plan, edit.track, track => renamed(track, edit))
  }
}

/** The track that an edit is about. Throws Problem `edit-does-not-fit` when there is none of that number. */
export function trackOf(plan: RedactionPlan, id: number): PlanTrack {
  const track = plan.tracks.find(one => one.id === id)
  if (track) return track
  throw misfit(plan.deleted?.includes(id) ? `Track ${id} was deleted.` : `There is no track ${id}.`)
}

function newTrack(
  { tracks, deleted = [] }: RedactionPlan,
  kind: PlanTrack['class'],
  ground: string,
  subject: string,
  runs: BoxRun[],
): PlanTrack {
  const id = Math.max(0, ...tracks.map(one => one.id), ...deleted) + 1
  return { id, class: kind, ground, origin: { kind: 'person', subject }, confidence: 1000, runs, unseen: [] }
}

function withTrack(plan: RedactionPlan, track: PlanTrack): RedactionPlan {
  return { ...plan, tracks: [...plan.tracks, track] }
}

function replaced(plan: RedactionPlan, id: number, change: (track: PlanTrack) => PlanTrack): RedactionPlan {
  const made = change(trackOf(plan, id))
  return { ...plan, tracks: plan.tracks.map(track => (track.id === id ? made : track)) }
}

function keptVisible(track: PlanTrack, edit: Edit<'visible'>): PlanTrack {
  const ground = stated(edit.ground)
  if (track.visible && track.ground === ground)
    throw misfit(`Track ${track.id} is kept visible on that ground already.`)
  return { ...track, ground, visible: true }
}

function coveredAgain({ visible, ...track }: PlanTrack, { ground }: Edit<'cover'>): PlanTrack {
  if (!visible) throw misfit(`Track ${track.id} is covered already.`)
  return { ...track, ground: stated(ground) }
}

function extended(clip: Clip, track: PlanTrack, { first, last, grow = 0 }: Edit<'extend'>): PlanTrack {
  assertCovered(track)
  const [from, to] = [track.runs[0]![0], track.runs.at(-1)![1]]
  if (first === undefined && last === undefined && grow === 0) throw misfit('Nothing says how to extend it.')
  assertRange(clip, first ?? from, last ?? to)
  if (first !== undefined && first >= from) throw misfit(`Track ${track.id} begins on frame ${from} already.`)
  if (last !== undefined && last <= to) throw misfit(`Track ${track.id} ends on frame ${to}, not before ${last}.`)
  const runs = track.runs.map(([begin, end, x, y, w, h], i): BoxRun => {
    const box = outward(clip, { left: x - grow, top: y - grow, right: x + w + grow, bottom: y + h + grow })
    const since = i === 0 ? (first ?? begin) : begin
    return [since, i === track.runs.length - 1 ? (last ?? end) : end, ...box]
  })
  if (isDeepStrictEqual(runs, track.runs)) throw misfit(`Track ${track.id} covers the whole frame already.`)
  if (track.origin.kind === 'person') return { ...track, runs }
  const added: FrameRange[] = [
    ...(first === undefined ? [] : [[first, from - 1] as FrameRange]),
    ...(last === undefined ? [] : [[to + 1, last] as FrameRange]),
  ]
  return { ...track, runs, unseen: joined([...track.unseen, ...added]) }
}

function renamed(track: PlanTrack, { class: kind = track.class, ground = track.ground }: Edit<'set'>): PlanTrack {
  assertCovered(track)
  if (kind === track.class && ground === track.ground) throw misfit(`Track ${track.id} is that already.`)
  // Too narrow for its class is not too narrow for another, and a person has just said what it is.
  const { couldNotTell, ...told } = track
  return { ...(kind === track.class ? track : told), class: kind, ground }
}

/** What is in sight was released on a ground of its own, and neither grows nor gets another name by the way. */
function assertCovered({ id, visible }: PlanTrack): void {
  if (visible) throw misfit(`Track ${id} is kept visible: cover it first.`)
}

/** A box for every frame from the first keyframe on, as few runs as can be. */
function drawnRuns(clip: Clip, { keyframes, last = keyframes.at(-1)!.frame }: Edit<'add'>): BoxRun[] {
  for (const [i, { frame, x, y, w, h }] of keyframes.entries()) {
    if (x + w > clip.width || y + h > clip.height) throw misfit(`Frame ${frame}: the box leaves the frame.`)
    if (i > 0 && frame <= keyframes[i - 1]!.frame) throw misfit(`Frame ${frame}: keyframes rise.`)
  }
  assertRange(clip, keyframes[0]!.frame, last)
  if (last < keyframes.at(-1)!.frame) throw misfit(`The last keyframe stands behind frame ${last}.`)
  const runs: BoxRun[] = []
  let next = 1
  for (let frame = keyframes[0]!.frame; frame <= last; frame++) {
    while (next < keyframes.length && keyframes[next]!.frame <= frame) next++
    const box = outward(clip, between(keyframes[next - 1]!, keyframes[next] ?? keyframes[next - 1]!, frame))
    const open = runs.at(-1)
    if (open && box.every((value, i) => value === open[i + 2])) open[1] = frame
    else runs.push([frame, frame, ...box])
  }
  return runs
}

interface Edges {
  readonly left: number
  readonly top: number
  readonly right: number
  readonly bottom: number
}

function between(a: Keyframe, b: Keyframe, frame: number): Edges {
  const share = a === b ? 0 : (frame - a.frame) / (b.frame - a.frame)
  const at = (from: number, to: number) => from + (to - from) * share
  return {
    left: at(a.x, b.x),
    top: at(a.y, b.y),
    right: at(a.x + a.w, b.x + b.w),
    bottom: at(a.y + a.h, b.y + b.h),
  }
}

/** Never smaller, with even edges but where the frame itself ends on an odd one, and within it. */
function outward({ width, height }: Clip, edges: Edges): [x: number, y: number, w: number, h: number] {
  const low = (edge: number) => Math.max(0, 2 * Math.floor(edge / 2))
  const high = (edge: number, border: number) => Math.min(border, 2 * Math.ceil(edge / 2))
  const [x, y] = [low(edges.left), low(edges.top)]
  return [x, y, high(edges.right, width) - x, high(edges.bottom, height) - y]
}

function assertRange({ frames }: Clip, first: number, last: number): void {
  if (last < first) throw misfit(`Frame ${last} does not come after frame ${first}.`)
  if (last >= frames) throw misfit(`The clip ends on frame ${frames - 1}, before frame ${last}.`)
}

function joined(ranges: readonly FrameRange[]): FrameRange[] {
  const made: FrameRange[] = []
  for (const [first, last] of ranges.toSorted((a, b) => a[0] - b[0])) {
    const open = made.at(-1)
    if (open && first <= open[1] + 1) open[1] = Math.max(open[1], last)
    else made.push([first, last])
  }
  return made
}

function stated(ground: string | undefined): string {
  if (ground === undefined) throw misfit('It states no ground.')
  return ground
}

function misfit(detail: string): Problem {
  return new Problem('edit-does-not-fit', { detail })
}
