/** From the text network's map of probabilities to slanted boxes around lines of text. */
import type { Box } from './box.ts'

/** A line of text: a box about its centre, turned clockwise by `angle` radians. */
export interface TextBox {
  readonly x: number
  readonly y: number
  readonly along: number
  readonly across: number
  readonly angle: number
  /** Mean probability of its pixels, 0..1. */
  readonly score: number
}

const pixelFloor = 0.3
const boxFloor = 0.6
/** The network marks the core of a line; it is grown by this share of its area for each pixel of its outline. */
const unclip = 1.5
/** Of the core, in pixels of the map. */
const leastAcross = 3
/** A core that is hardly longer than broad has no direction of its own. */
const leastElongation = 1.6
const steepest = Math.PI / 4
const mostBoxes = 300

/** Boxes in pixels of the map, best first; at most 300. */
export function textBoxes(map: Float32Array, width: number, height: number): TextBox[] {
  const seen = new Uint8Array(map.length)
  const boxes: TextBox[] = []
  for (let at = 0; at < map.length; at++) {
    if (seen[at] || map[at]! < pixelFloor) continue
    const box = boxAround(gather(map, seen, at, width, height), map, width)
    if (box && box.score >= boxFloor) boxes.push(box)
  }
  return boxes.sort((a, b) => b.score - a.score).slice(0, mostBoxes)
}

/** The upright box around a slanted one. */
export function upright({ x, y, along, across, angle }: TextBox): Box {
  const [cos, sin] = [Math.abs(Math.cos(angle)), Math.abs(Math.sin(angle))]
  const [w, h] = [along * cos + across * sin, along * sin + across * cos]
  return { x: x - w / 2, y: y - h / 2, w, h }
}

/** All pixels that hang together with `start`, corners included. */
function gather(map: Float32Array, seen: Uint8Array, start: number, width: number, height: number): number[] {
  const pixels = [start]
  seen[start] = 1
  for (let i = 0; i < pixels.length; i++) {
    const at = pixels[i]!
    const [x, y] = [at % width, Math.floor(at / width)]
    for (let row = Math.max(0, y - 1); row <= Math.min(height - 1, y + 1); row++) {
      for (let column = Math.max(0, x - 1); column <= Math.min(width - 1, x + 1); column++) {
        const next = row * width + column
        if (seen[next] || map[next]! < pixelFloor) continue
        seen[next] = 1
        pixels.push(next)
      }
    }
  }
  return pixels
}

function boxAround(pixels: readonly number[], map: Float32Array, width: number): TextBox | undefined {
  const angle = slant(pixels, width)
  const [cos, sin] = [Math.cos(angle), Math.sin(angle)]
  const far = { left: Infinity, right: -Infinity, top: Infinity, bottom: -Infinity }
  let sum = 0
  for (const at of pixels) {
    const [x, y] = [(at % width) + 0.5, Math.floor(at / width) + 0.5]
    const [u, v] = [x * cos + y * sin, y * cos - x * sin]
    far.left = Math.min(far.left, u)
    far.right = Math.max(far.right, u)
    far.top = Math.min(far.top, v)
    far.bottom = Math.max(far.bottom, v)
    sum += map[at]!
  }
  const [along, across] = [far.right - far.left + 1, far.bottom - far.top + 1]
  if (across < leastAcross || along < leastAcross) return undefined
  const [u, v] = [(far.left + far.right) / 2, (far.top + far.bottom) / 2]
  const grown = (unclip * along * across) / (2 * (along + across))
  return {
    x: u * cos - v * sin,
    y: u * sin + v * cos,
    along: along + 2 * grown,
    across: across + 2 * grown,
    angle,
    score: sum / pixels.length,
  }
}

/** The direction of the long axis, by second moments; 0 where it is unclear or too steep for a line of writing. */
function slant(pixels: readonly number[], width: number): number {
  let [mx, my] = [0, 0]
  for (const at of pixels) {
    mx += at % width
    my += Math.floor(at / width)
  }
  mx /= pixels.length
  my /= pixels.length
  let [xx, yy, xy] = [0, 0, 0]
  for (const at of pixels) {
    const [dx, dy] = [(at % width) - mx, Math.floor(at / width) - my]
    xx += dx * dx
    yy += dy * dy
    xy += dx * dy
  }
  const angle = Math.atan2(2 * xy, xx - yy) / 2
  const spread = Math.hypot(xx - yy, 2 * xy)
  const [long, short] = [(xx + yy + spread) / 2, (xx + yy - spread) / 2]
  return long < leastElongation ** 2 * short || Math.abs(angle) > steepest ? 0 : angle
}
