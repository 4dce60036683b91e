/** One thread of the pool: opens its detectors once, answers one picture after another, and ends when it is told to. */
import { parentPort, workerData } from 'node:worker_threads'
import type { Finding, Picture } from './detector.ts'
import type { Layout } from './layout.ts'
import { type Lens, openDetector } from './onnx-detector.ts'

/** What the thread answers to a picture. */
export type Answer = { readonly findings: Finding[] } | { readonly fault: unknown }

const port = parentPort!
const { lenses, layout } = workerData as { lenses: Lens[]; layout: Layout }
const detectors = await Promise.all(lenses.map(lens => openDetector(lens, layout)))

port.on('message', async (picture: Picture | 'end') => {
  if (picture === 'end') return port.close()
  port.postMessage(
    await look(picture).then(
      (findings): Answer => ({ findings }),
      (fault): Answer => ({ fault }),
    ),
  )
})

async function look(picture: Picture): Promise<Finding[]> {
  const findings: Finding[] = []
  for (const detector of detectors) findings.push(...(await detector.detect(picture)))
  return findings
}
