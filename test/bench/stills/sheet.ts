import sharp from 'sharp'
import { type Box, intersectionArea } from '../../../service/redaction/box.ts'
import type { TruthClass } from '../../redaction/leak-truth.ts'
import type { Still } from './dataset.ts'

/** A still, or a cutting of one, ready to be painted: RGB pixels at `scale` pixels a unit, everything else in units. */
export interface Sheet {
  readonly name: string
  readonly class: TruthClass
  readonly width: number
  readonly height: number
  readonly boxes: readonly Box[]
  readonly ignore: readonly Box[]
  readonly scale: number
  readonly pixels: { readonly width: number; readonly height: number; readonly rgb: Buffer }
  /** Over this many units the edge fades into what lies below; 0 for a still that fills its cell. */
  readonly fade: number
}

export interface Cutting {
  readonly area: Box
  readonly fade: number
}

/** A box of which less than this share lies within the cutting's unfaded part cannot be judged. */
const leastWithin = 0.95

/** Prepares a still at `scale` pixels a pixel of its own, cut to whole pixels where asked. */
export async function makeSheet(still: Still, scale: number, cutting?: Cutting): Promise<Sheet> {
  const area = cutting?.area ?? { x: 0, y: 0, w: still.width, h: still.height }
  const [width, height] = [Math.round(area.w * scale), Math.round(area.h * scale)]
  const rgb = await sharp(await still.bytes())
    .toColourspace('srgb')
    .removeAlpha()
    .extract({ left: area.x, top: area.y, width: area.w, height: area.h })
    .resize(width, height, { fit: 'fill' })
    .raw()
    .toBuffer()
  const fade = cutting?.fade ?? 0
  const core = { x: area.x + fade, y: area.y + fade, w: area.w - 2 * fade, h: area.h - 2 * fade }
  const within = (box: Box) => intersectionArea(box, cutting ? core : area) / (box.w * box.h)
  const placed = (box: Box): Box => ({ ...box, x: box.x - area.x, y: box.y - area.y })
  const touched = still.boxes.filter(box => intersectionArea(box, area) > 0)
  const judged = (box: Box) => !still.doubtful[still.boxes.indexOf(box)] && (!cutting || within(box) >= leastWithin)
  return {
    name: still.file.replace(/\.\w+$/, ''),
    class: still.class,
    width: area.w,
    height: area.h,
    boxes: touched.filter(judged).map(placed),
    ignore: [
      ...touched.filter(box => !judged(box)),
      ...still.ignore.filter(box => intersectionArea(box, area) > 0),
    ].map(placed),
    scale,
    pixels: { width, height, rgb: rgb.length === width * height * 3 ? rgb : grey(rgb, width * height) },
    fade,
  }
}

/** sharp keeps one channel of a grey picture one channel. */
function grey(luma: Buffer, pixels: number): Buffer {
  if (luma.length !== pixels) throw new Error('a still has neither one channel nor three')
  const rgb = Buffer.alloc(pixels * 3)
  for (let i = 0; i < pixels; i++) rgb.fill(luma[i]!, i * 3, i * 3 + 3)
  return rgb
}
