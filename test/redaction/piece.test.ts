import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Picture } from '../../service/redaction/detector.ts'
import { samplePiece } from '../../service/redaction/piece.ts'
import { planeOf, viewOf } from '../../service/redaction/planes.ts'

const side = { width: 64, height: 32 }

/** Luma rises to the right and downwards; chroma to the right. */
function slope(): Picture {
  const { width, height } = side
  const luma = Uint8Array.from({ length: width * height }, (_, i) => 40 + (i % width) * 2 + Math.floor(i / width))
  const chroma = Uint8Array.from({ length: (width * height) / 4 }, (_, i) => 100 + (i % (width / 2)))
  return { ...side, planes: Uint8Array.of(...luma, ...chroma, ...chroma), matrix: 'bt709', looks: [] }
}

function piece(picture: Picture, region: Parameters<typeof samplePiece>[1], width: number, height: number) {
  const target = new Float32Array(3 * width * height)
  samplePiece(picture, region, width, height, target)
  return target
}

const plane = (planes: ArrayLike<number>, n: number, size: number) => Array.from(planes).slice(n * size, (n + 1) * size)
const mean = (values: number[]) => values.reduce((sum, value) => sum + value, 0) / values.length

test('a piece at its own size holds the colours that a detector is shown', () => {
  const picture = slope()
  const region = { x: 8, y: 4, w: 32, h: 16 }
  const sampled = piece(picture, region, 32, 16)
  const shown = viewOf(picture, 'fine', region)
  for (const n of Object.values(planeOf)) {
    const [a, b] = [plane(sampled, n, 512), plane(shown.planes, n, 512)]
    // Chroma lies between pixels here and is held for four there.
    for (const [i, value] of a.entries()) expect(Math.abs(value - b[i]!)).toBeLessThan(6)
  }
})

test('what is shrunk is the mean of what lies under it', () => {
  const picture = slope()
  const region = { x: 4, y: 2, w: 48, h: 24 }
  const [whole, small] = [piece(picture, region, 48, 24), piece(picture, region, 4, 2)]
  for (const n of Object.values(planeOf))
    expect(Math.abs(mean(plane(small, n, 8)) - mean(plane(whole, n, 48 * 24)))).toBeLessThan(3)
})

test('a region is where it was asked for, however small, and the edge goes on beyond the picture', () => {
  fc.assert(
    fc.property(
      fc.double({ min: -40, max: 90, noNaN: true }),
      fc.double({ min: -20, max: 50, noNaN: true }),
      fc.double({ min: 1, max: 60, noNaN: true }),
      (x, y, w) => {
        const grey = { ...slope(), planes: slope().planes.map((value, i) => (i < 2048 ? value : 128)) }
        const sampled = piece(grey, { x, y, w, h: w / 2 }, 16, 8)
        for (const [i, value] of plane(sampled, planeOf.green, 128).entries()) {
          const at = (start: number, step: number, most: number) => Math.min(most - 0.5, Math.max(0.5, start + step))
          const column = at(x, ((i % 16) + 0.5) * (w / 16), side.width)
          const row = at(y, (Math.floor(i / 16) + 0.5) * (w / 16), side.height)
          const expected = (40 + (column - 0.5) * 2 + (row - 0.5) - 16) * (255 / 219)
          // Means of areas that reach over the border differ a little from the slope at their middle.
          expect(Math.abs(value - expected)).toBeLessThan(1 + w / 8)
        }
      },
    ),
  )
})
