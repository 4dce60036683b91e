import type { TextBox } from './text-boxes.ts'
import type { Grey } from './text-detector.ts'

/** The reading network's own. */
const lineHeight = 48
const longestLine = 960

/** The slanted box of a picture as a level line, 48 pixels high. Each of its pixels is the mean of the area under it. */
export function lineOf({ width, height, pixels }: Grey, { x, y, along, across, angle }: TextBox): Grey {
  const w = Math.max(lineHeight, Math.min(longestLine, Math.round((lineHeight * along) / across)))
  const [stepU, stepV] = [along / w, across / lineHeight]
  const [tapsU, tapsV] = [Math.max(1, Math.round(stepU)), Math.max(1, Math.round(stepV))]
  const [cos, sin] = [Math.cos(angle), Math.sin(angle)]
  const line = new Uint8Array(w * lineHeight)
  for (let row = 0; row < lineHeight; row++) {
    for (let column = 0; column < w; column++) {
      let sum = 0
      for (let i = 0; i < tapsV; i++) {
        for (let j = 0; j < tapsU; j++) {
          const u = (column + (j + 0.5) / tapsU) * stepU - along / 2
          const v = (row + (i + 0.5) / tapsV) * stepV - across / 2
          sum += between(pixels, width, height, x + u * cos - v * sin - 0.5, y + u * sin + v * cos - 0.5)
        }
      }
      line[row * w + column] = sum / (tapsU * tapsV)
    }
  }
  return { width: w, height: lineHeight, pixels: line }
}

function between(pixels: Uint8Array, width: number, height: number, x: number, y: number): number {
  const cx = Math.min(Math.max(x, 0), width - 1)
  const cy = Math.min(Math.max(y, 0), height - 1)
  const [left, top] = [Math.floor(cx), Math.floor(cy)]
  const [right, bottom] = [Math.min(left + 1, width - 1), Math.min(top + 1, height - 1)]
  const [fx, fy] = [cx - left, cy - top]
  const upper = pixels[top * width + left]! * (1 - fx) + pixels[top * width + right]! * fx
  const lower = pixels[bottom * width + left]! * (1 - fx) + pixels[bottom * width + right]! * fx
  return upper * (1 - fy) + lower * fy
}
