import { Problem } from '../http/problem.ts'
import type { Finding } from './detector.ts'
import { pictures } from './frame-source.ts'
import { layoutFor } from './layout.ts'
import type { Lens } from './onnx-detector.ts'
import type { ClipInfo } from './probe.ts'
import { openPool } from './worker-pool.ts'

export interface ScanOptions {
  /** Detector threads; decoding runs beside them. */
  workers: number
  /** Called after each frame with how many of how many are done. */
  onProgress?: ((done: number, total: number) => void) | undefined
  signal?: AbortSignal | undefined
}

/**
 * Shows every frame of the clip to every lens. The answer has one list of findings for each frame, empty where nothing was
 * found. Memory holds the findings and a picture for each worker, never the clip. Throws Problem `redaction-failed` when a
 * detector fails, or when the frames that came are not those that were probed.
 */
export async function scanClip(
  path: string,
  clip: ClipInfo,
  lenses: readonly Lens[],
  { workers, onProgress, signal }: ScanOptions,
): Promise<Finding[][]> {
  const layout = layoutFor(clip.width, clip.height)
  await using pool = openPool(lenses, layout, workers)
  const answers: Promise<Finding[]>[] = []
  let done = 0
  try {
    for await (const picture of pictures(path, clip, layout, signal)) {
      const { findings } = await pool.submit(picture)
      answers.push(findings)
      findings.then(
        () => onProgress?.(++done, clip.frames),
        () => {},
      )
    }
    const all = await Promise.all(answers)
    if (all.length !== clip.frames) throw new Error(`${all.length} frames came, ${clip.frames} were probed`)
    return all
  } catch (cause) {
    signal?.throwIfAborted()
    throw cause instanceof Problem
      ? cause
      : new Problem('redaction-failed', { detail: 'The clip could not be scanned.', cause })
  }
}
