/** What the second looks saw, in the words of the certificate. */
import { type Box, intersection, union } from './box.ts'
import { boundFor, type Hit, type LeakCertificate } from './certificate.ts'
import type { DetectorClass } from './plan.ts'
import type { SecondLook } from './second-look.ts'
import type { SeenTrack } from './sightings.ts'
import type { JudgedText } from './text-look.ts'
import { leastAlongPx } from './text-verdict.ts'

type Findings = Pick<LeakCertificate, 'looks' | 'residual' | 'harmless' | 'keptVisible' | 'bounds' | 'caveats'>
interface Size {
  readonly width: number
  readonly height: number
  readonly frames: number
}

export function findings(seen: SecondLook, size: Size, classes: readonly DetectorClass[]): Findings {
  const { looks, open, visible, text } = seen
  const tracks = [...open.map(track => ofDetectors(track, size)), ...text.open.map(one => ofText(one, size))]
  const residual = tracks.filter(hits => hits.some(blocks))
  // What stands open on a share of the frames stood open on that share of the looks.
  const hitBy = (family: Hit['family']) => framesIn(residual.flat().filter(hit => hit.family === family)) / size.frames
  const bounds = looks.map(({ family, framesScanned }) =>
    boundFor(family, framesScanned, Math.ceil(framesScanned * hitBy(family))),
  )
  return {
    looks,
    residual: { tracks: residual.length, frames: framesIn(residual.flat()), hits: residual.flat() },
    harmless: tracks.filter(hits => !hits.some(blocks)).flat(),
    keptVisible: [
      ...visible.flatMap(track => ofDetectors(track, size)),
      ...text.visible.flatMap(one => ofText(one, size)),
    ].map(({ verdict: _, ...hit }) => hit),
    bounds,
    caveats: caveatsOf(classes, looks, size),
  }
}

/** A face, and a plate unless writing told that it is none. */
function blocks({ verdict }: Hit): boolean {
  return verdict === undefined || verdict === 'plate-like' || verdict === 'could-not-tell'
}

/** Between two looks nobody looked. */
const longestGap = 15

/** One hit for each stretch of frames, with the box around what of its sightings lies in the frame. */
function ofDetectors(track: SeenTrack, size: Size): Hit[] {
  const hits: { first: number; last: number; box: Box }[] = []
  for (const { frame, box } of track.sightings) {
    const open = hits.at(-1)
    if (open && frame - open.last <= longestGap) Object.assign(open, { box: union(open.box, box), last: frame })
    else hits.push({ first: frame, last: frame, box })
  }
  return hits.map(({ first, last, box }) => ({
    family: 'detectors',
    class: track.class,
    first,
    last,
    ...inside(box, size),
    scorePerMille: track.confidence,
    ...(track.verdict && { verdict: track.verdict }),
  }))
}

function ofText({ first, last, box, verdict, scorePerMille }: JudgedText, size: Size): Hit[] {
  return [{ family: 'text', class: 'plate', first, last, ...inside(box, size), scorePerMille, verdict }]
}

/** What of a box lies in the frame, in whole pixels. */
function inside(box: Box, { width, height }: Size): Box {
  const { x, y, w, h } = intersection(box, { x: 0, y: 0, w: width, h: height })
  const [left, top] = [Math.max(0, Math.floor(x)), Math.max(0, Math.floor(y))]
  return { x: left, y: top, w: Math.max(0, Math.ceil(x + w) - left), h: Math.max(0, Math.ceil(y + h) - top) }
}

function framesIn(hits: readonly Hit[]): number {
  const frames = new Set<number>()
  for (const { first, last } of hits) for (let n = first; n <= last; n++) frames.add(n)
  return frames.size
}

/** Of a line of writing, in pixels of the picture that the text networks see: from there on they find nine plates of ten. */
const surelyFoundPx = 75

function caveatsOf(classes: readonly DetectorClass[], looks: SecondLook['looks'], { width }: Size): string[] {
  const text = looks.find(({ family }) => family === 'text')
  const found = text ? Math.ceil((surelyFoundPx * width) / text.view.width) : 0
  return [
    `Only these classes were looked for: ${classes.join(', ') || 'none'}.`,
    'Neighbouring frames are not independent, so a bound is lower than it would be for as many separate pictures.',
    'A bound speaks of what its family would find. What no family can see is in no number here.',
    'The detectors are those of the plan, mirrored and at another scale: they share its blind spots.',
    'What touches a cover counts only where the clip itself, looked at in the same way, shows the like in the open.',
    ...(text
      ? [
          `Writing is found as a rule from ${found} pixels of width on in this copy, smaller writing by chance, and none is judged below ${leastAlongPx}. Plates of letters alone count as words, and a plate that reads like a date, a time, a price or the label of a camera as one of these.`,
        ]
      : []),
  ]
}
