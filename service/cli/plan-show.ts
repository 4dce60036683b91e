/** A plan as people read it. */
import { coveredFrames, type PlanTrack, planDigest, type RedactionPlan } from '../redaction/plan.ts'
import { type ClipInfo, secondsAt } from '../redaction/probe.ts'

export interface TrackSummary {
  readonly id: number
  readonly class: PlanTrack['class']
  readonly ground: string
  readonly origin: string
  readonly first: number
  readonly last: number
  /** Where the clip was at hand: seconds from its first frame. */
  readonly seconds?: readonly [from: number, to: number]
  readonly frames: number
  readonly unseenFrames: number
  readonly confidencePerMille: number
  /** Mean share of the picture on the frames where it stands. */
  readonly areaPerMille: number
  readonly visible: boolean
  readonly couldNotTell: boolean
}

export interface PlanSummary {
  readonly sha256: string
  readonly clip: RedactionPlan['clip']
  readonly classes: readonly string[]
  readonly coveredFrames: number
  readonly couldNotTell: RedactionPlan['couldNotTell']
  readonly deleted: readonly number[]
  readonly tracks: readonly TrackSummary[]
}

/** With the clip, tracks are told in seconds too. */
export function summaryOf(plan: RedactionPlan, clip?: ClipInfo): PlanSummary {
  const names = new Map(plan.tool.models.map(({ name, sha256 }) => [sha256, name]))
  return {
    sha256: planDigest(plan),
    clip: plan.clip,
    classes: plan.classes,
    coveredFrames: coveredFrames(plan),
    couldNotTell: plan.couldNotTell,
    deleted: plan.deleted ?? [],
    tracks: plan.tracks.map(track => {
      const [first, last] = [track.runs[0]![0], track.runs.at(-1)![1]]
      const frames = framesIn(track.runs)
      const pixels = track.runs.reduce((sum, [from, to, , , w, h]) => sum + (to - from + 1) * w * h, 0)
      return {
        id: track.id,
        class: track.class,
        ground: track.ground,
        origin: originOf(track, names),
        first,
        last,
        ...(clip && { seconds: [rounded(secondsAt(clip, first)), rounded(secondsAt(clip, last))] as const }),
        frames,
        unseenFrames: framesIn(track.unseen),
        confidencePerMille: track.confidence,
        areaPerMille: Math.round((pixels * 1000) / (frames * plan.clip.width * plan.clip.height)),
        visible: track.visible === true,
        couldNotTell: track.couldNotTell === true,
      }
    }),
  }
}

const head = ['id', 'class', 'ground', 'origin', 'frames', 'time', 'confidence', 'area', 'unseen', '']

export function planTable(plan: PlanSummary): string {
  const rows = plan.tracks.map(t => [
    String(t.id),
    t.class,
    t.ground,
    t.origin,
    `${t.first}-${t.last}`,
    t.seconds ? `${t.seconds[0].toFixed(2)}-${t.seconds[1].toFixed(2)} s` : '',
    (t.confidencePerMille / 1000).toFixed(3),
    `${(t.areaPerMille / 10).toFixed(1)} %`,
    String(t.unseenFrames),
    [t.visible ? 'KEPT VISIBLE' : '', t.couldNotTell ? 'TOO SMALL TO TELL' : ''].filter(Boolean).join(', '),
  ])
  const columns = head.map((_, i) => i).filter(i => rows.some(row => row[i] !== ''))
  const widths = columns.map(i => Math.max(head[i]!.length, ...rows.map(row => row[i]!.length)))
  const line = (cells: readonly string[]) =>
    columns
      .map((i, at) => cells[i]!.padEnd(widths[at]!))
      .join('  ')
      .trimEnd()
  const unsure = framesIn(plan.couldNotTell)
  return [
    `${plan.clip.width}x${plan.clip.height}, ${plan.clip.frames} frames, ${plan.coveredFrames} covered, ${unsure} could not tell; looked for: ${plan.classes.join(', ') || 'nothing'}`,
    `SHA-256 ${plan.sha256}`,
    ...(plan.deleted.length > 0 ? [`deleted by a person: ${plan.deleted.join(', ')}`] : []),
    ...(rows.length > 0 ? ['', line(head), ...rows.map(line)] : ['no tracks']),
    '',
  ].join('\n')
}

function originOf({ origin }: PlanTrack, names: ReadonlyMap<string, string>): string {
  if (origin.kind === 'person') return origin.subject
  return origin.models.map(sha256 => names.get(sha256) ?? sha256.slice(0, 12)).join('+')
}

function framesIn(ranges: readonly (readonly [number, number, ...number[]])[]): number {
  return ranges.reduce((sum, [first, last]) => sum + last - first + 1, 0)
}

function rounded(seconds: number): number {
  return Math.round(seconds * 1000) / 1000
}
