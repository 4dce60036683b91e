import { type Box, intersectionArea } from '../../../service/redaction/box.ts'
import type { TruthFile } from '../../redaction/leak-truth.ts'
import { boundsOf, type Scene, within } from './scene.ts'

/** A box is judged when so much of it lies in the picture, and no more than so much of that lies behind a nearer sheet. */
const leastInPicture = 0.6
const mostHidden = 0.1
/** With so little left there is nothing to see. */
const gone = 0.02

type Key = [frame: number, x: number, y: number, w: number, h: number]

/** The truth of a scene: each box of each sheet where it shows on each frame; what is cut off or hidden in part is `ignore`. */
export function truthOf(scene: Scene): TruthFile {
  const tracks: NonNullable<TruthFile['tracks']> = []
  const ignore: NonNullable<TruthFile['ignore']> = []
  for (const [depth, { sheet }] of scene.layers.entries()) {
    const name = `${depth}-${sheet.name}`
    for (const [i, box] of sheet.boxes.entries()) {
      const judged = spansOf(scene, depth, box, ({ shown, hidden }) => shown >= leastInPicture && hidden <= mostHidden)
      const part = spansOf(
        scene,
        depth,
        box,
        ({ shown, hidden }) => shown > gone && hidden < 1 - gone && !(shown >= leastInPicture && hidden <= mostHidden),
      )
      if (judged.length > 0) tracks.push({ id: `${name}-${i}`, class: sheet.class, spans: judged })
      if (part.length > 0) ignore.push({ id: `${name}-${i}-part`, class: sheet.class, spans: part })
    }
    for (const [i, box] of sheet.ignore.entries()) {
      const spans = spansOf(scene, depth, box, ({ shown }) => shown > 0)
      if (spans.length > 0) ignore.push({ id: `${name}-ignore-${i}`, class: sheet.class, spans })
    }
  }
  return { width: scene.width, height: scene.height, rate: scene.rate, frames: scene.frames, tracks, ignore }
}

/** The truth of two moments after each other as the fields of one frame: it shows each thing where it was at both. A last moment alone makes no frame. */
export function woven(truth: TruthFile, rate: number): TruthFile {
  const frames = Math.floor(Number(truth.frames) / 2)
  const inFrames = (spans: readonly (readonly Key[])[]) =>
    spans
      .flat()
      .map(([moment, ...box]): Key => [Math.floor(moment / 2), ...box])
      .filter(([frame]) => frame < frames)
  const boxes = (truth.tracks ?? []).flatMap(({ id, class: of, spans }) =>
    inFrames(spans as Key[][]).map(([frame, x, y, w, h]) => ({ frame, class: of, track: id, x, y, w, h })),
  )
  const ignore = (truth.ignore ?? []).flatMap(one =>
    inFrames(one.spans as Key[][]).map((key, i) => ({ ...one, id: `${one.id}-${i}`, spans: [[key]] })),
  )
  const { width, height } = truth
  return { ...(width && { width }), ...(height && { height }), rate, frames, boxes, ignore }
}

interface Seen {
  /** Share of the box that lies in the picture, and share of that which a nearer sheet hides. */
  readonly shown: number
  readonly hidden: number
}

function spansOf(scene: Scene, depth: number, box: Box, counts: (seen: Seen) => boolean): Key[][] {
  const spans: Key[][] = []
  const picture = { x: 0, y: 0, w: scene.width, h: scene.height }
  const layer = scene.layers[depth]!
  let open: Key[] | undefined
  for (let frame = 0; frame < scene.frames; frame++) {
    const seconds = frame / scene.rate
    const { x, y, scale } = layer.path(seconds)
    const whole = { x: x + box.x * scale, y: y + box.y * scale, w: box.w * scale, h: box.h * scale }
    const part = within(within(whole, layer.cell), picture)
    const area = part.w * part.h
    const nearer = scene.layers.slice(depth + 1).map(other => intersectionArea(part, boundsOf(other, seconds)))
    const seen = {
      shown: area / (whole.w * whole.h),
      hidden: area === 0 ? 1 : Math.min(1, nearer.reduce((sum, each) => sum + each, 0) / area),
    }
    if (counts(seen) && part.w >= 1 && part.h >= 1) {
      if (!open) {
        open = []
        spans.push(open)
      }
      open.push([frame, tenth(part.x), tenth(part.y), tenth(part.w), tenth(part.h)])
    } else open = undefined
  }
  return spans
}

const tenth = (n: number) => Math.round(n * 10) / 10
