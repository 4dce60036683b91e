/** One thread of the pool: opens its detectors once, then answers one picture after another. */
import { parentPort, workerData } from 'node:worker_threads'
import type { Picture } from './detector.ts'
import type { Layout } from './layout.ts'
import { type Lens, openDetector } from './onnx-detector.ts'

const port = parentPort!
const { lenses, layout } = workerData as { lenses: Lens[]; layout: Layout }
const detectors = await Promise.all(lenses.map(lens => openDetector(lens, layout)))

port.on('message', async (picture: Picture) => {
  const findings = []
  for (const detector of detectors) findings.push(...(await detector.detect(picture)))
  port.postMessage(findings)
})
