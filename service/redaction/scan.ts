import { Problem } from '../http/problem.ts'
import { watchChanges } from './changes.ts'
import { gistOf, watchCuts } from './cuts.ts'
import { damagedFrames, hearComplaints } from './damage.ts'
import type { Finding, Picture } from './detector.ts'
import { pictures } from './frame-source.ts'
import { type Layout, layoutOf } from './layout.ts'
import { flagsOf, planLooks } from './looks.ts'
import type { Lens } from './onnx-detector.ts'
import type { FrameRange } from './plan.ts'
import { halvedLuma } from './planes.ts'
import { type ClipInfo, FramesDiffer, secondsAt } from './probe.ts'
import { pursue, type StandingFinding } from './pursue.ts'
import { openPool } from './worker-pool.ts'

export interface ScanOptions {
  /** Detector processes; decoding runs beside them. */
  workers: number
  /** Called after each frame with how many of how many are done. */
  onProgress?: ((done: number, total: number) => void) | undefined
  /** Longest look at one picture; two minutes where absent. */
  pictureMs?: number | undefined
  signal?: AbortSignal | undefined
}

export interface Scan {
  /** For each frame what was found on it by a look at it. */
  readonly frames: readonly (readonly StandingFinding[])[]
  /** For each frame flags of `lookedAt`. */
  readonly looks: Uint8Array
  /** Frames that begin a new scene; rising, without the first. */
  readonly cuts: readonly number[]
  /** Frames whose picture the decoder made up in part: what was found there is not all that may be there. */
  readonly damaged: readonly FrameRange[]
}

/**
 * Shows the clip to every lens, where and as often as `planLooks` says. Memory holds the findings and a picture for each
 * worker, never the clip. Throws FramesDiffer when the frames that came are not those that were probed, Problem
 * `redaction-failed` when a detector or the decoder fails, the signal's reason when it is aborted.
 */
export async function scanClip(
  path: string,
  clip: ClipInfo,
  lenses: readonly Lens[],
  options: ScanOptions,
): Promise<Scan> {
  const layout = layoutOf(clip)
  const complaints = hearComplaints()
  try {
    const source = pictures(path, clip, layout, { signal: options.signal, onWarning: complaints.hear })
    const seen = await scanPictures(source, clip, layout, lenses, options)
    return { ...seen, damaged: complaints.any() ? await damagedFrames(path, clip, options.signal) : [] }
  } catch (error) {
    options.signal?.throwIfAborted()
    throw problemOf(error)
  }
}

/** The same for whoever decodes the clip himself: `source` gives its frames as the layout's fine pictures, and may overwrite each with the next. */
export async function scanPictures(
  source: AsyncIterable<Picture>,
  clip: Pick<ClipInfo, 'frames' | 'pts' | 'timeBase'>,
  layout: Layout,
  lenses: readonly Lens[],
  { workers, pictureMs, onProgress, signal }: ScanOptions,
): Promise<Omit<Scan, 'damaged'>> {
  const watch = watchChanges(layout)
  const planner = planLooks(layout)
  // A plane for each frame would keep the garbage collector busier than the detectors.
  const spare: Uint8Array[] = []
  const pursuing = pursue(layout, watch, ({ bytes }) => spare.push(bytes))
  const looks = new Uint8Array(clip.frames)
  await using pool = openPool(lenses, workers, { pictureMs, signal })
  const scenes = watchCuts()
  let count = 0
  let settled: Promise<void> = Promise.resolve()
  let failure: { reason: unknown } | undefined
  for await (const picture of source) {
    if (failure) break
    const frame = count++
    if (frame === clip.frames) throw new FramesDiffer(`more than the ${clip.frames} frames that were probed`)
    const luma = halvedLuma(picture, spare.pop())
    const seconds = secondsAt(clip, frame)
    const changes = watch.compare(luma)
    const cut = scenes.next(seconds, gistOf({ ...layout, bytes: luma }))
    const wanted = planner.next(seconds, changes, cut)
    const [coarse] = wanted
    let answer: Promise<Finding[]> | undefined
    if (coarse) {
      watch.seen(luma, coarse.region)
      looks[frame] = flagsOf(wanted, layout)
      answer = (await pool.submit({ ...picture, looks: wanted })).findings
    }
    settled = settled
      .then(async () => {
        const findings = (await answer) ?? []
        if (cut) pursuing.cut()
        pursuing.take({ seconds, luma: { ...layout, bytes: luma }, changes, looks: wanted, findings })
        onProgress?.(frame + 1, clip.frames)
      })
      .catch(reason => {
        failure ??= { reason }
      })
  }
  await settled
  if (failure) throw failure.reason
  if (count !== clip.frames) throw new FramesDiffer(`${count} of the ${clip.frames} frames that were probed`)
  return { frames: pursuing.frames, looks, cuts: scenes.cuts }
}

function problemOf(error: unknown): Error {
  if (error instanceof Problem || error instanceof FramesDiffer) return error
  return new Problem('redaction-failed', { detail: 'The clip could not be scanned.', cause: error })
}
