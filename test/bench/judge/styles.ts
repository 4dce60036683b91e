import { picture } from './set-piece.ts'

/** A cutting's size, and by how much it is larger than the site on every side. */
export interface Frame {
  readonly w: number
  readonly h: number
  readonly by: number
}

/** A way to make something unrecognisable: a box of the fill drawn by our render, or a filter of the pixels. */
export interface Style {
  readonly name: string
  /** The box is larger than the site by so many pixels on every side; negative: smaller. */
  readonly margin?: number
  readonly filter?: (pixels: Uint8Array, frame: Frame) => Uint8Array
}

/** No side of a cover that the product plans has less. */
export const ours = { name: 'custos', margin: 8 } as const satisfies Style

/** What the attack is tried on besides: it must succeed there, or it proves nothing. */
export const yardsticks: readonly Style[] = [
  { name: 'without-margin', margin: 0 },
  { name: 'too-tight-by-3px', margin: -3 },
  { name: 'mosaic-8px', filter: mosaic(8) },
  { name: 'mosaic-12px', filter: mosaic(12) },
  { name: 'blur-sigma-6', filter: blur(6) },
]

/** Cells are counted from the site's corner. */
function mosaic(cell: number): NonNullable<Style['filter']> {
  return (pixels, { w, h, by }) => {
    const out = Uint8Array.from(pixels)
    for (let frame = 0; frame < picture.frames; frame++) {
      for (let top = by; top < h - by; top += cell) {
        for (let left = by; left < w - by; left += cell) {
          const [bottom, right] = [Math.min(h - by, top + cell), Math.min(w - by, left + cell)]
          let sum = 0
          for (let y = top; y < bottom; y++) for (let x = left; x < right; x++) sum += pixels[(frame * h + y) * w + x]!
          const mean = Math.round(sum / ((bottom - top) * (right - left)))
          for (let y = top; y < bottom; y++) out.fill(mean, (frame * h + y) * w + left, (frame * h + y) * w + right)
        }
      }
    }
    return out
  }
}

/** Gaussian, over what lies around the site as well; pixels beyond the cutting repeat its edge. */
function blur(sigma: number): NonNullable<Style['filter']> {
  const reach = Math.ceil(2.5 * sigma)
  const weights = Array.from({ length: 2 * reach + 1 }, (_, i) => Math.exp(-((i - reach) ** 2) / (2 * sigma * sigma)))
  const whole = weights.reduce((sum, each) => sum + each, 0)
  return (pixels, { w, h }) => {
    const out = new Uint8Array(pixels.length)
    const lines = new Float32Array(w * h)
    for (let frame = 0; frame < picture.frames; frame++) {
      const from = frame * w * h
      for (let y = 0; y < h; y++) {
        for (let x = 0; x < w; x++) {
          let sum = 0
          for (let i = -reach; i <= reach; i++)
            sum += weights[i + reach]! * pixels[from + y * w + Math.min(w - 1, Math.max(0, x + i))]!
          lines[y * w + x] = sum / whole
        }
      }
      for (let y = 0; y < h; y++) {
        for (let x = 0; x < w; x++) {
          let sum = 0
          for (let i = -reach; i <= reach; i++)
            sum += weights[i + reach]! * lines[Math.min(h - 1, Math.max(0, y + i)) * w + x]!
          out[from + y * w + x] = Math.round(sum / whole)
        }
      }
    }
    return out
  }
}
