/**
 * The edge of a cover can look like a plate or a head. What was seen beside one counts only where the clip itself, looked at
 * in the same way, shows the like in the open.
 */
import { type Box, intersection, intersectionArea } from './box.ts'
import type { Standing } from './decided.ts'
import type { Finding } from './detector.ts'
import { pictures } from './frame-source.ts'
import { fineness, type Layout, wholeOf } from './layout.ts'
import type { Lens } from './onnx-detector.ts'
import { type Footage, type SeenTrack, touches } from './sightings.ts'
import { openPool } from './worker-pool.ts'

interface View {
  readonly layout: Layout
  readonly lenses: readonly Lens[]
  readonly workers: number
  readonly signal?: AbortSignal | undefined
}

/** A sighting is real when this share of the like that the clip shows there lies open. Not of the sighting, which takes in its neighbours in time. */
const realShare = 0.3

/** The tracks without what only a cover's edge made look so. The clip is looked at on the frames in question alone. */
export async function inTheOpen(
  tracks: readonly SeenTrack[],
  standing: readonly Standing[],
  original: Footage,
  view: View,
): Promise<SeenTrack[]> {
  const asked = new Set<number>()
  for (const { sightings } of tracks) {
    for (const { frame, box } of sightings) if (touches(standing[frame]!.covers, box)) asked.add(frame)
  }
  const shown = asked.size > 0 ? await findingsOn(asked, original, view) : new Map<number, Finding[]>()
  const { width, height } = original.clip
  return tracks
    .map(track => ({
      ...track,
      sightings: track.sightings.filter(({ frame, box }) => {
        const likes = (shown.get(frame) ?? [])
          .filter(one => one.class === track.class)
          .map(one => mirroredBack(one.box, width, height))
        return !asked.has(frame) || isReal(box, standing[frame]!.covers, likes)
      }),
    }))
    .filter(({ sightings }) => sightings.length > 0)
}

/** What all of these frames of the clip show, mirrored. Throws as openPool and the decoder do. */
async function findingsOn(
  frames: ReadonlySet<number>,
  { path, clip }: Footage,
  { layout, lenses, workers, signal }: View,
): Promise<Map<number, Finding[]>> {
  const last = Math.max(...frames)
  const answers: [number, Promise<Finding[]>][] = []
  // What is found here only ever speaks against a finding's being harmless: nothing is left to another look, and nothing is believed less.
  const credulous = lenses.map(({ model, floors }) => ({ model: { ...model, oversize: undefined }, floors }))
  await using pool = openPool(credulous, workers, { signal })
  const whole = wholeOf(layout)
  const fine = { x: 0, y: 0, w: whole.w * fineness, h: whole.h * fineness }
  const looks = [
    { scale: 'coarse', region: whole },
    { scale: 'fine', region: fine },
  ] as const
  let frame = 0
  for await (const picture of pictures(path, { ...clip, mirrored: !clip.mirrored }, layout, {
    signal,
  })) {
    const n = frame++
    if (!frames.has(n)) continue
    for (const look of looks) {
      const { findings } = await pool.submit({ ...picture, looks: [look] })
      answers.push([n, findings])
    }
    if (n === last) break
  }
  const found = new Map<number, Finding[]>()
  for (const [n, findings] of answers) found.set(n, [...(found.get(n) ?? []), ...(await findings)])
  return found
}

function mirroredBack({ x, y, w, h }: Box, width: number, height: number): Box {
  return { x: (1 - x - w) * width, y: y * height, w: w * width, h: h * height }
}

function isReal(box: Box, covers: readonly Box[], likes: readonly Box[]): boolean {
  if (!touches(covers, box)) return true
  const openPart = (part: Box) => part.w * part.h - Math.max(...covers.map(c => intersectionArea(c, part)))
  return likes.some(
    like => intersectionArea(like, box) > 0 && openPart(intersection(like, box)) >= realShare * like.w * like.h,
  )
}
