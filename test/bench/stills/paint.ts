import { boundsOf, type Layer, type Scene } from './scene.ts'

const backdrop = 96
/** Between two exposures of one frame nothing moves farther than this, in pixels. */
const finestStep = 1.5
const mostExposures = 8

/** One frame as RGB bytes, blurred by what moves while the shutter is open. */
export function paint(scene: Scene, frame: number): Buffer {
  const { width, height } = scene
  const middle = frame / scene.rate
  const open = scene.shutter / scene.rate
  const farthest = Math.max(0, ...scene.layers.map(layer => travelled(layer, middle - open / 2, middle + open / 2)))
  const exposures = Math.min(mostExposures, 1 + Math.floor(farthest / finestStep))
  const light = new Float32Array(width * height * 3)
  const sum = exposures === 1 ? light : new Float32Array(light.length)
  for (let i = 0; i < exposures; i++) {
    light.fill(backdrop)
    const seconds = exposures === 1 ? middle : middle + open * ((i + 0.5) / exposures - 0.5)
    for (const layer of scene.layers) expose(light, width, height, layer, seconds)
    if (sum !== light) for (let at = 0; at < sum.length; at++) sum[at] = sum[at]! + light[at]!
  }
  const bytes = Buffer.alloc(sum.length)
  for (let at = 0; at < sum.length; at++) bytes[at] = Math.round(sum[at]! / exposures)
  return bytes
}

/** How far the corners of a layer move. */
function travelled({ path, sheet }: Layer, from: number, to: number): number {
  const [a, b] = [path(from), path(to)]
  const right = Math.abs(b.x + b.scale * sheet.width - a.x - a.scale * sheet.width)
  const bottom = Math.abs(b.y + b.scale * sheet.height - a.y - a.scale * sheet.height)
  return Math.max(Math.abs(b.x - a.x), Math.abs(b.y - a.y), right, bottom)
}

/** Bilinear, so that a sheet may lie anywhere between two pixels. */
function expose(light: Float32Array, width: number, height: number, layer: Layer, seconds: number): void {
  const { sheet } = layer
  const { x, y, scale } = layer.path(seconds)
  const { rgb, width: across, height: along } = sheet.pixels
  const bounds = boundsOf(layer, seconds)
  const perPixel = sheet.scale / scale
  const fade = sheet.fade * sheet.scale
  const last = Math.min(width, Math.ceil(bounds.x + bounds.w - 0.5))
  for (let row = Math.max(0, Math.ceil(bounds.y - 0.5)); row < Math.min(height, bounds.y + bounds.h - 0.5); row++) {
    const v = Math.min(along - 1, Math.max(0, (row + 0.5 - y) * perPixel - 0.5))
    const top = Math.min(along - 2, Math.floor(v))
    const down = v - top
    const alongEdge = fade === 0 ? 1 : Math.min(1, (Math.min(v, along - 1 - v) + 0.5) / fade)
    for (let column = Math.max(0, Math.ceil(bounds.x - 0.5)); column < last; column++) {
      const u = Math.min(across - 1, Math.max(0, (column + 0.5 - x) * perPixel - 0.5))
      const left = Math.min(across - 2, Math.floor(u))
      const right = u - left
      const strength = fade === 0 ? 1 : alongEdge * Math.min(1, (Math.min(u, across - 1 - u) + 0.5) / fade)
      const from = (top * across + left) * 3
      const below = from + across * 3
      const to = (row * width + column) * 3
      for (let c = 0; c < 3; c++) {
        const upper = rgb[from + c]! * (1 - right) + rgb[from + c + 3]! * right
        const lower = rgb[below + c]! * (1 - right) + rgb[below + c + 3]! * right
        light[to + c] = light[to + c]! * (1 - strength) + (upper * (1 - down) + lower * down) * strength
      }
    }
  }
}
