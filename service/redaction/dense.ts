import { Tensor } from 'onnxruntime-node'
import { type Adapter, floatsOf, type Sight, sharesOf } from './adapter.ts'
import { DetectorFault } from './detector.ts'
import { paneOver } from './layout.ts'
import { copyWindow, planeOf } from './planes.ts'

const orders = {
  rgb: [planeOf.red, planeOf.green, planeOf.blue],
  bgr: [planeOf.blue, planeOf.green, planeOf.red],
} as const

/** Our own networks: panes of bytes as floats 0..255; `scores` [1, anchors, columns] 0..1 and `boxes` [1, anchors, 4] as corners in pixels. */
export function dense(channels: 'rgb' | 'bgr', columns: number): Adapter {
  let input = new Float32Array(0)
  return {
    fromAfar: true,
    windows: ({ region }, view) => [paneOver(region, view)],
    feed(view, window) {
      const pixels = window.w * window.h
      if (channels === 'rgb' && view.planes.length === 3 * pixels)
        return new Tensor('float32', view.planes, [1, 3, window.h, window.w])
      if (input.length < 3 * pixels) input = new Float32Array(3 * pixels)
      for (const [channel, plane] of orders[channels].entries()) {
        copyWindow(view, plane, window, input.subarray(channel * pixels, (channel + 1) * pixels))
      }
      return new Tensor('float32', input.subarray(0, 3 * pixels), [1, 3, window.h, window.w])
    },
    read(outputs, window, floor) {
      const scores = sharesOf(outputs, 'scores')
      const boxes = floatsOf(outputs, 'boxes')
      if (scores.length * 4 !== boxes.length * columns)
        throw new DetectorFault('scores and boxes do not belong together')
      const sights: Sight[] = []
      for (let i = 0; i < scores.length; i++) {
        if (scores[i]! < floor) continue
        const at = Math.floor(i / columns) * 4
        const [left, top, right, bottom] = [
          boxes[at]! / window.w,
          boxes[at + 1]! / window.h,
          boxes[at + 2]! / window.w,
          boxes[at + 3]! / window.h,
        ]
        if (right > left && bottom > top) {
          sights.push({
            column: i % columns,
            score: scores[i]!,
            box: { x: left, y: top, w: right - left, h: bottom - top },
          })
        }
      }
      return sights
    },
  }
}
