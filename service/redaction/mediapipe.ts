import { Tensor } from 'onnxruntime-node'
import { type Adapter, floatsOf, type Sight } from './adapter.ts'
import { DetectorFault } from './detector.ts'
import { isWhole, squaresOver } from './layout.ts'
import { planeOf, sampleWindow } from './planes.ts'

const side = 192
const cells = 48
const numbers = 16

/**
 * MediaPipe full-range: squares of the coarse view as RGB -1..1 of 192 x 192; one layer of 48 x 48 cells, each with a logit and
 * `[dx, dy, w, h, ...]` in pixels of the input, counted from the cell's centre.
 */
export function mediapipe(): Adapter {
  const pixels = side * side
  const input = new Float32Array(3 * pixels)
  return {
    fromAfar: false,
    // It costs the most, and adds to the networks of our own rather than replaces them: not for every part that moves.
    windows: ({ scale, region }, view) =>
      scale === 'coarse' && isWhole(region, view) ? squaresOver(region, view) : [],
    feed(view, window) {
      for (const [channel, plane] of [planeOf.red, planeOf.green, planeOf.blue].entries()) {
        sampleWindow(view, plane, window, input.subarray(channel * pixels, (channel + 1) * pixels), side)
      }
      return new Tensor('float32', input, [1, 3, side, side])
    },
    read: (outputs, _window, floor) => decode(floatsOf(outputs, 'logits'), floatsOf(outputs, 'regressors'), floor),
  }
}

function decode(logits: Float32Array, regressors: Float32Array, floor: number): Sight[] {
  if (logits.length !== cells * cells || regressors.length !== cells * cells * numbers)
    throw new DetectorFault('the answer is not of 48 x 48 cells')
  const sights: Sight[] = []
  for (let cell = 0; cell < cells * cells; cell++) {
    const score = 1 / (1 + Math.exp(-logits[cell]!))
    if (score < floor) continue
    const [dx, dy, w, h] = regressors.subarray(cell * numbers, cell * numbers + 4) as unknown as [
      number,
      number,
      number,
      number,
    ]
    const x = ((cell % cells) + 0.5) / cells + (dx - w / 2) / side
    const y = (Math.floor(cell / cells) + 0.5) / cells + (dy - h / 2) / side
    if (w > 0 && h > 0) sights.push({ column: 0, score, box: { x, y, w: w / side, h: h / side } })
  }
  return sights
}
