/** One process of the pool: opens its detectors once, and answers one picture after another with all that they find. */
import { answerQuestions } from './answerer.ts'
import type { Finding, Picture } from './detector.ts'
import { type Lens, openDetector } from './onnx-detector.ts'
import { releaseViews } from './planes.ts'

answerQuestions(async (lenses: readonly Lens[]) => {
  const detectors = await Promise.all(lenses.map(lens => openDetector(lens)))
  return async function look(picture: Picture): Promise<Finding[]> {
    const findings: Finding[] = []
    for (const detector of detectors) findings.push(...(await detector.detect(picture)))
    releaseViews(picture)
    return findings
  }
})
