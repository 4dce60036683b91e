/** The detectors look once more, at the finished copy, mirrored and smaller: so they see other pictures than the plan was made from. */
import { type Box, intersectionArea, union } from './box.ts'
import type { Hit, LeakCertificate } from './certificate.ts'
import type { Cover } from './covers.ts'
import { layoutFor } from './layout.ts'
import { makePlan } from './make-plan.ts'
import type { Models } from './models.ts'
import type { DetectorClass, PlanTrack } from './plan.ts'
import type { ClipInfo } from './probe.ts'

export interface LookOptions {
  readonly classes: readonly DetectorClass[]
  readonly models: Models
  readonly workers: number
  readonly onProgress?: ((done: number, total: number) => void) | undefined
  readonly signal?: AbortSignal | undefined
}

export interface SecondLook {
  readonly secondLook: NonNullable<LeakCertificate['secondLook']>
  readonly residual: NonNullable<LeakCertificate['residual']>
}

interface Footage {
  readonly path: string
  readonly clip: ClipInfo
}

interface Sighting extends Box {
  readonly class: PlanTrack['class']
}

/** Added on each side: what was s pixels wide in the plan's pictures is 0.8 s in these. */
const borderShare = 1 / 8
/** A sighting is open when less than this share of it lies under one cover. */
const coveredShare = 0.5
/** A sighting beside a cover is real when the clip itself shows the like on this share of what lies open of it. */
const realShare = 0.3

/**
 * What the linked detectors see in the copy outside the covers. The edge of a cover can look like a plate or a head: a
 * sighting that touches a cover counts only where the clip, seen in the same way, shows one there too. Throws as makePlan does.
 */
export async function lookAgain(
  copy: Footage,
  original: Footage,
  covers: readonly Cover[],
  options: LookOptions,
): Promise<SecondLook> {
  const view = viewOf(copy.clip)
  const { plan } = await makePlan(copy.path, view, options)
  const standing = byFrame(covers, copy.clip.frames)
  const open = openTracks(plan.tracks, view, standing)
  const shown = open.some(track => track.sightings.some(({ frame, box }) => touches(standing[frame]!, box)))
    ? sightingsByFrame(
        (await makePlan(original.path, viewOf(original.clip), options)).plan.tracks,
        viewOf(original.clip),
      )
    : []
  const real = open.map(track => ({
    ...track,
    sightings: track.sightings.filter(s => isReal(track.class, s.box, standing[s.frame]!, shown[s.frame] ?? [])),
  }))
  const hits = real.flatMap(track => hitsOf(track, copy.clip))
  const { width, height } = layoutFor(view.width, view.height)
  return {
    secondLook: {
      models: plan.tool.models,
      independence: 'same-models',
      view: { mirrored: true, width, height },
      framesScanned: copy.clip.frames,
    },
    residual: {
      tracks: real.filter(track => track.sightings.length > 0).length,
      frames: new Set(real.flatMap(track => track.sightings.map(s => s.frame))).size,
      hits,
    },
  }
}

function viewOf(clip: ClipInfo): ClipInfo {
  const border = {
    x: 2 * Math.round((clip.width * borderShare) / 2),
    y: 2 * Math.round((clip.height * borderShare) / 2),
  }
  return {
    ...clip,
    mirrored: !clip.mirrored,
    border,
    width: clip.width + 2 * border.x,
    height: clip.height + 2 * border.y,
  }
}

interface OpenTrack {
  readonly class: PlanTrack['class']
  readonly confidence: number
  readonly sightings: readonly { readonly frame: number; readonly box: Box }[]
}

function openTracks(
  tracks: readonly PlanTrack[],
  view: ClipInfo,
  standing: readonly (readonly Cover[])[],
): OpenTrack[] {
  return tracks
    .map(track => ({
      class: track.class,
      confidence: track.confidence,
      sightings: seenOn(track, view).filter(
        ({ frame, box }) => !standing[frame]!.some(c => intersectionArea(c, box) >= coveredShare * box.w * box.h),
      ),
    }))
    .filter(track => track.sightings.length > 0)
}

/** The frames on which a detector saw the track, with the box as it lies in the copy. */
function seenOn({ runs, unseen }: PlanTrack, { width, border }: ClipInfo): { frame: number; box: Box }[] {
  const { x: left, y: top } = border!
  return runs.flatMap(([first, last, x, y, w, h]) => {
    const box = { x: width - x - w - left, y: y - top, w, h }
    const frames = Array.from({ length: last - first + 1 }, (_, i) => first + i)
    return frames.filter(n => !unseen.some(([from, to]) => from <= n && n <= to)).map(frame => ({ frame, box }))
  })
}

function sightingsByFrame(tracks: readonly PlanTrack[], view: ClipInfo): Sighting[][] {
  const shown: Sighting[][] = Array.from({ length: view.frames }, () => [])
  for (const track of tracks)
    for (const { frame, box } of seenOn(track, view)) shown[frame]?.push({ class: track.class, ...box })
  return shown
}

function isReal(kind: PlanTrack['class'], box: Box, covers: readonly Cover[], shown: readonly Sighting[]): boolean {
  if (!touches(covers, box)) return true
  const openPart = (part: Box) => part.w * part.h - Math.max(...covers.map(c => intersectionArea(c, part)))
  const likes = shown.filter(s => s.class === kind && intersectionArea(s, box) > 0)
  return likes.some(s => openPart(overlap(s, box)) >= realShare * openPart(box))
}

function touches(covers: readonly Cover[], box: Box): boolean {
  return covers.some(cover => intersectionArea(cover, box) > 0)
}

/** Where two boxes that meet lie over one another. */
function overlap(a: Box, b: Box): Box {
  const x = Math.max(a.x, b.x)
  const y = Math.max(a.y, b.y)
  return { x, y, w: Math.min(a.x + a.w, b.x + b.w) - x, h: Math.min(a.y + a.h, b.y + b.h) - y }
}

/** One hit for each stretch of frames, with the box around what of its sightings lies in the frame. */
function hitsOf({ class: kind, confidence, sightings }: OpenTrack, { width, height }: ClipInfo): Hit[] {
  const hits: Hit[] = []
  for (const { frame, box } of sightings) {
    const inside = overlap(box, { x: 0, y: 0, w: width, h: height })
    if (inside.w <= 0 || inside.h <= 0) continue
    const open = hits.at(-1)
    if (open?.last === frame - 1) Object.assign(open, union(open, inside), { last: frame })
    else hits.push({ class: kind, first: frame, last: frame, ...inside, scorePerMille: confidence })
  }
  return hits
}

function byFrame(covers: readonly Cover[], frames: number): Cover[][] {
  const standing: Cover[][] = Array.from({ length: frames }, () => [])
  for (const cover of covers) for (let n = cover.first; n <= cover.last; n++) standing[n]?.push(cover)
  return standing
}
