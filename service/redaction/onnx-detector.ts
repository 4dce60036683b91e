import { InferenceSession } from 'onnxruntime-node'
import type { Adapter } from './adapter.ts'
import { dense } from './dense.ts'
import { type Detector, DetectorFault, type Finding } from './detector.ts'
import type { Layout } from './layout.ts'
import { mediapipe } from './mediapipe.ts'
import type { Model } from './models.ts'
import { suppress } from './nms.ts'
import type { DetectorClass } from './plan.ts'

/** One model to run: of its columns, those named in `floors` count, from that score on. */
export interface Lens {
  readonly model: Model
  readonly floors: Partial<Record<DetectorClass, number>>
}

/** Opens a model on one thread, with its session's own checks on. One call to `detect` at a time. */
export async function openDetector({ model, floors }: Lens, layout: Layout): Promise<Detector> {
  const session = await InferenceSession.create(model.bytes, {
    executionProviders: ['cpu'],
    intraOpNumThreads: 1,
    interOpNumThreads: 1,
    executionMode: 'sequential',
  })
  const adapter: Adapter = model.adapter === 'mediapipe' ? mediapipe() : dense(model.channels, model.columns.length)
  const scale = model.scorePerMille / 1000
  const lowest = Math.min(...Object.values(floors)) / scale

  return {
    name: model.name,
    digest: model.sha256,
    async detect(picture) {
      const findings: Finding[] = []
      for (const window of adapter.windows(layout)) {
        const outputs = await session.run({ input: adapter.feed(picture, window) })
        for (const { column, score, box } of adapter.read(outputs, window, lowest)) {
          const seen = model.columns[column]
          if (!seen) throw new DetectorFault(`${model.name} has no column ${column}`)
          const scaled = Math.min(1, score * scale)
          if (scaled < (floors[seen] ?? Number.POSITIVE_INFINITY)) continue
          findings.push({
            class: seen,
            score: scaled,
            box: {
              x: (window.x + box.x * window.w) / picture.width,
              y: (window.y + box.y * window.h) / picture.height,
              w: (box.w * window.w) / picture.width,
              h: (box.h * window.h) / picture.height,
            },
          })
        }
      }
      return suppress(findings)
    },
  }
}
