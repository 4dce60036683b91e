import { Problem } from '../http/problem.ts'
import { damagedFrames } from './damage.ts'
import type { Finding } from './detector.ts'
import { FfmpegFailed } from './ffmpeg.ts'
import { pictures } from './frame-source.ts'
import { layoutFor } from './layout.ts'
import type { Lens } from './onnx-detector.ts'
import type { FrameRange } from './plan.ts'
import { type ClipInfo, FramesDiffer } from './probe.ts'
import { openPool } from './worker-pool.ts'

export interface ScanOptions {
  /** Detector threads; decoding runs beside them. */
  workers: number
  /** Called after each frame with how many of how many are done; starts again where the decoder has to conceal damage. */
  onProgress?: ((done: number, total: number) => void) | undefined
  signal?: AbortSignal | undefined
}

export interface Scan {
  /** For each frame what was found on it; empty where nothing was. */
  readonly frames: readonly (readonly Finding[])[]
  /** Frames whose picture the decoder made up in part: what was found there is not all that may be there. */
  readonly damaged: readonly FrameRange[]
}

/**
 * Shows every frame of the clip to every lens. Memory holds the findings and a picture for each worker, never the clip.
 * Throws FramesDiffer when the frames that came are not those that were probed, Problem `redaction-failed` when a detector
 * or the decoder fails, the signal's reason when it is aborted.
 */
export async function scanClip(
  path: string,
  clip: ClipInfo,
  lenses: readonly Lens[],
  options: ScanOptions,
): Promise<Scan> {
  try {
    return { frames: await look(path, clip, lenses, options, true), damaged: [] }
  } catch (strictly) {
    options.signal?.throwIfAborted()
    if (!(strictly instanceof FfmpegFailed)) throw problemOf(strictly)
  }
  try {
    const frames = await look(path, clip, lenses, options, false)
    return { frames, damaged: await damagedFrames(path, clip, options.signal) }
  } catch (error) {
    options.signal?.throwIfAborted()
    throw problemOf(error)
  }
}

async function look(
  path: string,
  clip: ClipInfo,
  lenses: readonly Lens[],
  { workers, onProgress, signal }: ScanOptions,
  strict: boolean,
): Promise<Finding[][]> {
  const layout = layoutFor(clip.width, clip.height)
  await using pool = openPool(lenses, layout, workers)
  const answers: Promise<Finding[]>[] = []
  let done = 0
  for await (const picture of pictures(path, clip, layout, { strict, signal })) {
    if (answers.length === clip.frames) throw new FramesDiffer(`more than the ${clip.frames} frames that were probed`)
    const { findings } = await pool.submit(picture)
    answers.push(findings)
    findings.then(
      () => onProgress?.(++done, clip.frames),
      () => {},
    )
  }
  const frames = await Promise.all(answers)
  if (frames.length !== clip.frames)
    throw new FramesDiffer(`${frames.length} of the ${clip.frames} frames that were probed`)
  return frames
}

function problemOf(error: unknown): Error {
  if (error instanceof Problem || error instanceof FramesDiffer) return error
  return new Problem('redaction-failed', { detail: 'The clip could not be scanned.', cause: error })
}
