/** Whether a decoder shows the fill, and nothing but the fill, inside every box of every frame. */
import { parseFill } from './colour.ts'
import type { Frame } from './copy-frames.ts'
import type { Cover } from './covers.ts'
import type { ClipInfo } from './probe.ts'

export const fillTolerance = 12
/** Blocks and filters of the codec smear the edge itself. */
export const edgePixels = 4

export interface FillReport {
  /** Frames that came out of the decoder, and on how many of them a box was measured. */
  readonly frames: number
  readonly measuredFrames: number
  readonly measuredBoxes: number
  /** The farthest that a channel of any measured pixel lies from the fill, of 255. */
  readonly worst: number
  /** Frames with a pixel beyond the tolerance. */
  readonly framesBeyond: number[]
}

export interface FillMeter {
  /** The next frame of the copy. False when it shows anything but the fill inside a box. */
  take(frame: Frame): boolean
  report(): FillReport
}

/** Measures each box from 4 pixels inside its edge, frame by frame in the order shown. */
export function fillMeter(copy: Pick<ClipInfo, 'matrix'>, covers: readonly Cover[], fill: string): FillMeter {
  const gauge = fillGauge(parseFill(fill), copy.matrix)
  const waiting = [...covers].sort((a, b) => b.first - a.first)
  let standing: Cover[] = []
  let frame = 0
  let measuredFrames = 0
  let measuredBoxes = 0
  const framesBeyond: number[] = []
  return {
    take({ width, height, planes }) {
      standing = standing.filter(c => c.last >= frame)
      while (waiting.at(-1)?.first === frame) standing.push(waiting.pop()!)
      const boxes = standing.filter(c => c.w > 2 * edgePixels && c.h > 2 * edgePixels)
      if (boxes.length > 0) measuredFrames++
      measuredBoxes += boxes.length
      let within = true
      for (const box of boxes) within = gauge.measure(planes, width, height, box) && within
      if (!within) framesBeyond.push(frame)
      frame++
      return within
    },
    report: () => ({ frames: frame, measuredFrames, measuredBoxes, worst: gauge.worst(), framesBeyond }),
  }
}

/** Red and blue weights of luma (ITU-T H.273, table 4). */
const lumaWeights: Record<string, readonly [red: number, blue: number]> = {
  bt709: [0.2126, 0.0722],
  bt2020nc: [0.2627, 0.0593],
  smpte240m: [0.212, 0.087],
  fcc: [0.3, 0.11],
}

/** How far each limited-range colour lies from the fill: reckoned once for each pair of chroma values that turns up. */
function fillGauge(fill: readonly [number, number, number], matrix: string) {
  const [red, blue] = lumaWeights[matrix] ?? [0.299, 0.114]
  const green = 1 - red - blue
  const lowest = new Uint8Array(65_536)
  const highest = new Uint8Array(65_536)
  const known = new Uint8Array(65_536)
  const seenLowest = new Uint8Array(65_536).fill(255)
  const seenHighest = new Uint8Array(65_536)

  function distance(y: number, u: number, v: number): number {
    const luma = (y - 16) / 219
    const r = luma + (2 * (1 - red) * (v - 128)) / 224
    const b = luma + (2 * (1 - blue) * (u - 128)) / 224
    const g = (luma - red * r - blue * b) / green
    const far = (channel: number, wanted: number) =>
      Math.abs(Math.min(255, Math.max(0, Math.round(channel * 255))) - wanted)
    return Math.max(far(r, fill[0]), far(g, fill[1]), far(b, fill[2]))
  }

  function learn(pair: number): void {
    const allowed = Array.from({ length: 256 }, (_, y) => y).filter(
      y => distance(y, pair >> 8, pair & 255) <= fillTolerance,
    )
    lowest[pair] = allowed[0] ?? 255
    highest[pair] = allowed.at(-1) ?? 0
    known[pair] = 1
  }

  function measure(picture: Uint8Array, width: number, height: number, box: Cover): boolean {
    const blueAt = width * height
    const redAt = blueAt + blueAt / 4
    let within = true
    for (let y = box.y + edgePixels; y < box.y + box.h - edgePixels; y++) {
      for (let x = box.x + edgePixels; x < box.x + box.w - edgePixels; x++) {
        const chroma = (y >> 1) * (width >> 1) + (x >> 1)
        const pair = (picture[blueAt + chroma]! << 8) | picture[redAt + chroma]!
        const luma = picture[y * width + x]!
        if (!known[pair]) learn(pair)
        if (luma < lowest[pair]! || luma > highest[pair]!) within = false
        if (luma < seenLowest[pair]!) seenLowest[pair] = luma
        if (luma > seenHighest[pair]!) seenHighest[pair] = luma
      }
    }
    return within
  }

  function worst(): number {
    let most = 0
    for (let pair = 0; pair < known.length; pair++) {
      if (!known[pair]) continue
      for (const y of [seenLowest[pair]!, seenHighest[pair]!]) most = Math.max(most, distance(y, pair >> 8, pair & 255))
    }
    return most
  }
  return { measure, worst }
}
