/** What the plate detectors saw in the open, judged by the family that reads: enlarged, once for each track, where it is largest. */
import type { Box } from './box.ts'
import type { PlateVerdict } from './certificate.ts'
import { copyFrames, type Frame } from './copy-frames.ts'
import { scale } from './other-view.ts'
import type { Footage, SeenTrack, Sighting } from './sightings.ts'
import { writtenOn } from './text-card.ts'
import type { Grey } from './text-detector.ts'
import type { TextFamily } from './text-family.ts'

/** Of the enlarged part, in pixels: as wide as the text networks find a plate for sure. */
const enlargedTo = 256
const step = 32
/** Around the sighting, in its own sizes. */
const context = 0.25
/** A plate that is narrower than this is not sure to be found even when it is enlarged. */
const leastTellingPx = 45

/** Tracks of plates with a verdict, all others as they are. The copy is decoded again where there are any, as far as the last. */
export async function judgePlates(
  tracks: readonly SeenTrack[],
  copy: Footage,
  family: TextFamily,
  signal?: AbortSignal,
): Promise<SeenTrack[]> {
  const asked = new Map(tracks.filter(one => one.class === 'plate').map(one => [one, largest(one)]))
  const verdicts = new Map<SeenTrack, PlateVerdict>()
  let left = asked.size
  let n = 0
  if (left === 0) return [...tracks]
  for await (const frame of copyFrames(copy.path, copy.clip, signal)) {
    for (const [track, sighting] of asked) {
      if (sighting.frame !== n) continue
      verdicts.set(track, await verdictOn(sighting.box, frame, family))
      left--
    }
    if (left === 0) break
    n++
  }
  return tracks.map(track => {
    if (track.class !== 'plate') return track
    const verdict = verdicts.get(track) ?? 'could-not-tell'
    // What is too narrow to tell stays so, whatever is written beside it, unless it reads like a plate.
    return {
      ...track,
      verdict: track.verdict === 'could-not-tell' && verdict !== 'plate-like' ? track.verdict : verdict,
    }
  })
}

function largest({ sightings }: SeenTrack): Sighting {
  return sightings.reduce((a, b) => (b.box.w * b.box.h > a.box.w * a.box.h ? b : a))
}

async function verdictOn(box: Box, frame: Frame, family: TextFamily): Promise<PlateVerdict> {
  const grey = {
    width: frame.width,
    height: frame.height,
    pixels: frame.planes.subarray(0, frame.width * frame.height),
  }
  const part = around(box, frame)
  const times = { x: enlargedTo / part.w, y: Math.max(step, step * Math.round((part.h * enlargedTo) / part.w / step)) }
  const found = await family.look(enlarged(grey, part, enlargedTo, times.y))
  const down = part.h / times.y
  const lines = found.map(one => ({
    ...one,
    x: part.x + one.x / times.x,
    y: part.y + one.y * down,
    along: one.along / times.x,
    across: one.across * down,
  }))
  const verdicts = new Set<PlateVerdict>()
  for (const line of lines) verdicts.add(await family.judge(writtenOn(line, lines, grey)))
  const worst = (['plate-like', 'could-not-tell', 'other-text'] as const).find(one => verdicts.has(one))
  return worst ?? (box.w < leastTellingPx ? 'could-not-tell' : 'no-writing')
}

/** Whole pixels inside the frame. */
function around({ x, y, w, h }: Box, frame: Frame): Box {
  const left = Math.max(0, Math.floor(x - context * w))
  const top = Math.max(0, Math.floor(y - context * h))
  const right = Math.min(frame.width, Math.ceil(x + w + context * w))
  const bottom = Math.min(frame.height, Math.ceil(y + h + context * h))
  return { x: left, y: top, w: Math.max(1, right - left), h: Math.max(1, bottom - top) }
}

function enlarged({ width, pixels }: Grey, part: Box, toWidth: number, toHeight: number): Grey {
  const source = new Uint8Array(part.w * part.h)
  for (let row = 0; row < part.h; row++) {
    const from = (part.y + row) * width + part.x
    source.set(pixels.subarray(from, from + part.w), row * part.w)
  }
  const target = new Uint8Array(toWidth * toHeight)
  scale(source, part.w, part.h, target, toWidth, toHeight, false)
  return { width: toWidth, height: toHeight, pixels: target }
}
