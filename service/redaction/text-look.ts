/** Another family's look at the copy: writing outside the covers, followed, and judged once on its best sighting. */
import { type Box, intersectionArea } from './box.ts'
import { blockSide, changedRegion, watchChanges } from './changes.ts'
import type { Frame } from './copy-frames.ts'
import { type Standing, stateOf } from './decided.ts'
import { greyOf } from './other-view.ts'
import { type TextBox, upright } from './text-boxes.ts'
import { writtenOn } from './text-card.ts'
import type { Grey } from './text-detector.ts'
import type { TextFamily } from './text-family.ts'
import { type TextSighting, type TextTrack, trackText } from './text-tracks.ts'
import { leastAlongPx, type TextVerdict } from './text-verdict.ts'

/** Frames and pixels of the copy. */
export interface JudgedText {
  readonly first: number
  readonly last: number
  readonly box: Box
  readonly verdict: TextVerdict
  readonly scorePerMille: number
}

export interface TextLook {
  /**
   * The next frame of the copy, in order. Resolves when the frame is no longer needed, while what is on it may still be read: rejects with
   * what ended the reading of an earlier one.
   */
  take(frame: Frame, seconds: number): Promise<void>
  /** Rejects as `take` does. */
  end(): Promise<{ readonly tracks: JudgedText[]; readonly visible: JudgedText[]; readonly framesScanned: number }>
  readonly view: { readonly width: number; readonly height: number }
}

interface Reading {
  /** At the view's size. */
  readonly picture: Grey
  /** At the frame's own size; without pixels where nothing is read. */
  readonly grey: Grey
  readonly region?: Box
}

/** Small writing is found only where the picture is large enough; frames of less than this are looked at enlarged. */
const sides = { enlarge: 2, least: 640, most: 1920, step: 32 } as const
const strips = { mostPixels: 800_000, shared: 128 } as const
/** After a look at all of the frame the next one follows this much later, after one at a small part sooner. */
const wait = { part: 250, whole: 1500 } as const
/** What changes too slowly to be noticed is seen this often. */
const wholeSeconds = 10
/** Writing is looked at with this much around it, in blocks of change. */
const contextBlocks = 2

export function lookForText(
  copy: { readonly width: number; readonly height: number },
  standing: readonly Standing[],
  family: TextFamily,
): TextLook {
  const view = viewFor(copy)
  const layout = { width: view.width / 2, height: view.height / 2 }
  const watch = watchChanges(layout)
  const open = trackText()
  const visible = trackText()
  const judged = { open: [] as JudgedText[], visible: [] as JudgedText[] }
  let due = Number.NEGATIVE_INFINITY
  let lastWhole = Number.NEGATIVE_INFINITY
  let frames = 0
  let framesScanned = 0
  /** One frame at a time, while the detectors look at those after it. */
  let reading: Promise<void> = Promise.resolve()

  async function keep(ended: readonly TextTrack[], seen: readonly TextTrack[]): Promise<void> {
    for (const track of ended) judged.open.push({ ...of(track), verdict: await verdictOf(track) })
    for (const track of seen) judged.visible.push({ ...of(track), verdict: 'other-text' })
  }
  const verdictOf = ({ best }: TextTrack) => family.judge(best.written)

  async function linesIn(picture: Grey, region: Box): Promise<TextBox[]> {
    const lines: TextBox[] = []
    for (const strip of stripsOf(region)) {
      const found = await family.look(cut(picture, strip))
      lines.push(...found.map(box => ({ ...box, x: box.x + strip.x, y: box.y + strip.y })))
    }
    return withoutDoubles(lines)
  }

  /** What of a frame is to be read, and what it is read from: the frame itself will be overwritten. */
  function choose(pixels: Frame, seconds: number): Reading {
    const picture = greyOf(pixels, view.width, view.height)
    const whole = { x: 0, y: 0, w: view.width, h: view.height }
    const changed = changedRegion(watch.compare(picture.pixels), layout.width / blockSide)
    const region = seconds - lastWhole >= wholeSeconds ? whole : changed && widened(changed, view)
    const { width, height, planes } = pixels
    const grey = { width, height, pixels: region ? planes.slice(0, width * height) : planes.subarray(0, 0) }
    if (!region) return { picture, grey }
    framesScanned++
    watch.seen(picture.pixels, { x: region.x / 2, y: region.y / 2, w: region.w / 2, h: region.h / 2 })
    const share = (region.w * region.h) / (whole.w * whole.h)
    if (share === 1) lastWhole = seconds
    due = seconds + (wait.part + (wait.whole - wait.part) * share) / 1000
    return { picture, grey, region }
  }

  async function read(frame: number, seconds: number, { picture, grey, region }: Reading): Promise<void> {
    const times = { x: grey.width / view.width, y: grey.height / view.height }
    const found = region ? await linesIn(picture, region) : []
    const lines = found.map(box => enlarged(box, times)).filter(box => box.along >= leastAlongPx)
    const states = Object.groupBy(lines, box => stateOf(upright(box), standing[frame]!))
    const sightings = (states.open ?? []).map(box => sightingOf(box, lines, grey))
    const kept = (states.visible ?? []).map(box => sightingOf(box, lines, grey))
    const looked = region && {
      x: region.x * times.x,
      y: region.y * times.y,
      w: region.w * times.x,
      h: region.h * times.y,
    }
    await keep(open.take(frame, seconds, sightings, looked), visible.take(frame, seconds, kept, looked))
  }

  return {
    view,
    async take(pixels, seconds) {
      const frame = frames++
      const isLast = frame === standing.length - 1
      if (!isLast && seconds < due) return
      await reading
      reading = read(frame, seconds, choose(pixels, seconds))
      reading.catch(() => {})
    },
    async end() {
      await reading
      await keep(open.end(), visible.end())
      const order = (a: JudgedText, b: JudgedText) => a.first - b.first || a.box.y - b.box.y || a.box.x - b.box.x
      return { tracks: judged.open.sort(order), visible: judged.visible.sort(order), framesScanned }
    },
  }
}

function viewFor({ width, height }: { width: number; height: number }) {
  const long = Math.max(width, height)
  const wanted = Math.min(sides.most, Math.max(sides.least, long * sides.enlarge))
  const snapped = (side: number) => Math.max(sides.step, sides.step * Math.round((side * wanted) / long / sides.step))
  return { width: snapped(width), height: snapped(height) }
}

/** Changed blocks with some context, in pixels of the view and whole steps of the network. */
function widened({ x, y, w, h }: Box, view: { width: number; height: number }): Box {
  const span = (from: number, length: number, most: number) => {
    const start = Math.max(0, from - contextBlocks) * 2 * blockSide
    return [start, Math.min(most, (from + length + contextBlocks) * 2 * blockSide) - start] as const
  }
  const [left, across] = span(x, w, view.width)
  const [top, down] = span(y, h, view.height)
  return { x: left, y: top, w: across, h: down }
}

/** Upright strips that cover a region, none too large for the memory that one run may take; neighbours share some of it. */
function stripsOf({ x, y, w, h }: Box): Box[] {
  const count = Math.ceil((w * h) / strips.mostPixels)
  const across = Math.min(w, sides.step * Math.ceil((w + (count - 1) * strips.shared) / count / sides.step))
  const apart = count > 1 ? (w - across) / (count - 1) : 0
  return Array.from({ length: count }, (_, i) => ({ x: x + Math.round(i * apart), y, w: across, h }))
}

/** A line that two strips show stands there once, as the larger of the two. */
function withoutDoubles(lines: readonly TextBox[]): TextBox[] {
  const kept: TextBox[] = []
  for (const line of lines.toSorted((a, b) => b.along * b.across - a.along * a.across)) {
    const box = upright(line)
    if (!kept.some(one => intersectionArea(upright(one), box) >= 0.5 * box.w * box.h)) kept.push(line)
  }
  return kept
}

function cut({ width, pixels }: Grey, { x, y, w, h }: Box): Grey {
  const part = new Uint8Array(w * h)
  for (let row = 0; row < h; row++) {
    const from = (y + row) * width + x
    part.set(pixels.subarray(from, from + w), row * w)
  }
  return { width: w, height: h, pixels: part }
}

/** From pixels of the view to those of the frame, whose proportions differ by a hair. */
function enlarged({ x, y, along, across, ...rest }: TextBox, times: { x: number; y: number }): TextBox {
  return { x: x * times.x, y: y * times.y, along: along * times.x, across: across * times.y, ...rest }
}

function sightingOf(box: TextBox, lines: readonly TextBox[], frame: Grey): TextSighting {
  return { box: upright(box), score: box.score, written: writtenOn(box, lines, frame) }
}

function of({ first, last, box, best }: TextTrack): Omit<JudgedText, 'verdict'> {
  return { first, last, box, scorePerMille: Math.round(best.score * 1000) }
}
