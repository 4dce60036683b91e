import type { InferenceSession } from 'onnxruntime-node'
import { type Adapter, floatsOf, type Sight, sharesOf } from './adapter.ts'
import type { Box } from './box.ts'
import { dense } from './dense.ts'
import { DetectorFault } from './detector.ts'

const strides = [8, 16, 32]

/**
 * Networks with the outputs of YuNet: fed as our own are, and for each stride s a grid of cells of s x s pixels, row by row:
 * `cls_s` [1, cells, columns] and `obj_s` [1, cells, 1] 0..1, whose geometric mean is the score, and `bbox_s` [1, cells, 4] as
 * the centre's distance from the cell's corner and the logarithms of width and height, all in units of s. Landmarks are not read.
 */
export function yunet(channels: 'rgb' | 'bgr', columns: number): Adapter {
  return {
    ...dense(channels, columns),
    fromAfar: false,
    read: (outputs, window, floor) => strides.flatMap(stride => decode(outputs, window, floor, { stride, columns })),
  }
}

function decode(
  outputs: InferenceSession.OnnxValueMapType,
  window: Box,
  floor: number,
  { stride, columns }: { stride: number; columns: number },
): Sight[] {
  const classes = sharesOf(outputs, `cls_${stride}`)
  const objects = sharesOf(outputs, `obj_${stride}`)
  const boxes = floatsOf(outputs, `bbox_${stride}`)
  const across = Math.floor(window.w / stride)
  const cells = across * Math.floor(window.h / stride)
  if (objects.length !== cells || classes.length !== cells * columns || boxes.length !== cells * 4)
    throw new DetectorFault(`the model's outputs of stride ${stride} do not fit a picture of ${window.w}x${window.h}`)

  const sights: Sight[] = []
  for (let i = 0; i < classes.length; i++) {
    const cell = Math.floor(i / columns)
    const score = Math.sqrt(Math.max(0, classes[i]!) * Math.max(0, objects[cell]!))
    if (score < floor) continue
    const [dx, dy, logWidth, logHeight] = boxes.subarray(cell * 4) as unknown as [number, number, number, number]
    const w = (Math.exp(logWidth) * stride) / window.w
    const h = (Math.exp(logHeight) * stride) / window.h
    const x = (((cell % across) + dx) * stride) / window.w - w / 2
    const y = ((Math.floor(cell / across) + dy) * stride) / window.h - h / 2
    if (![x, y, w, h].every(Number.isFinite)) throw new DetectorFault('the model gave a box without an end')
    sights.push({ column: i % columns, score, box: { x, y, w, h } })
  }
  return sights
}
