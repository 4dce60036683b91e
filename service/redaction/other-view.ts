/** A frame as the second look sees it: mirrored, and at another scale than the plan's pictures. */
import type { Frame } from './copy-frames.ts'
import type { Picture } from './detector.ts'
import { fineness, type Layout } from './layout.ts'
import type { Grey } from './text-detector.ts'

/** Of the coarse picture; the plan's is 640. */
export const otherLongSide = 512

/** A picture for the detectors, mirrored left to right, twice the layout's sides. */
export function mirroredPicture(frame: Frame, layout: Layout, matrix: string): Picture {
  const [width, height] = [layout.width * fineness, layout.height * fineness]
  const pixels = width * height
  const planes = new Uint8Array((pixels * 3) / 2)
  const from = frame.width * frame.height
  scale(frame.planes.subarray(0, from), frame.width, frame.height, planes.subarray(0, pixels), width, height, true)
  for (const plane of [0, 1]) {
    const [at, to] = [from + (plane * from) / 4, pixels + (plane * pixels) / 4]
    scale(
      frame.planes.subarray(at, at + from / 4),
      frame.width / 2,
      frame.height / 2,
      planes.subarray(to, to + pixels / 4),
      width / 2,
      height / 2,
      true,
    )
  }
  return { width, height, planes, matrix: matrix === 'bt709' ? 'bt709' : 'bt601', looks: [] }
}

/** The luma of a frame at another size, not mirrored: writing is to be read. */
export function greyOf({ width, height, planes }: Frame, toWidth: number, toHeight: number): Grey {
  const pixels = new Uint8Array(toWidth * toHeight)
  scale(planes.subarray(0, width * height), width, height, pixels, toWidth, toHeight, false)
  return { width: toWidth, height: toHeight, pixels }
}

/** Bilinear; weights in 256ths. */
export function scale(
  source: Uint8Array,
  width: number,
  height: number,
  target: Uint8Array,
  toWidth: number,
  toHeight: number,
  mirrored: boolean,
): void {
  const across = steps(width, toWidth)
  const down = steps(height, toHeight)
  for (let y = 0, at = 0; y < toHeight; y++) {
    const upper = down.first[y]! * width
    const lower = down.second[y]! * width
    const weight = down.weight[y]!
    for (let column = 0; column < toWidth; column++, at++) {
      const x = mirrored ? toWidth - 1 - column : column
      const [left, right, share] = [across.first[x]!, across.second[x]!, across.weight[x]!]
      const above = source[upper + left]! * (256 - share) + source[upper + right]! * share
      const below = source[lower + left]! * (256 - share) + source[lower + right]! * share
      target[at] = (above * (256 - weight) + below * weight + 32_768) >> 16
    }
  }
}

/** For each target pixel its two neighbours in the source, and the second one's weight. */
function steps(from: number, to: number) {
  const [first, second, weight] = [new Int32Array(to), new Int32Array(to), new Int32Array(to)]
  for (let i = 0; i < to; i++) {
    const centre = Math.min(Math.max(((i + 0.5) * from) / to - 0.5, 0), from - 1)
    first[i] = Math.floor(centre)
    second[i] = Math.min(first[i]! + 1, from - 1)
    weight[i] = Math.round((centre - first[i]!) * 256)
  }
  return { first, second, weight }
}
