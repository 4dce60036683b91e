import { boundFor, certificateVersion, type LeakCertificate } from './certificate.ts'
import { metadataFaults } from './copy-metadata.ts'
import { type Cover, coversOf } from './covers.ts'
import { digestFile } from './digest.ts'
import { checkFill, edgePixels, fillTolerance } from './fill-check.ts'
import { planDigest, type RedactionPlan } from './plan.ts'
import { type ClipInfo, type ClipLimits, defaultLimits, probeClip } from './probe.ts'
import type { Rendered } from './render.ts'
import { type LookOptions, lookAgain } from './second-look.ts'

export interface CheckOptions {
  readonly limits?: ClipLimits | undefined
  readonly onProgress?: ((done: number, total: number) => void) | undefined
  readonly signal?: AbortSignal | undefined
}

export interface CheckedCopy {
  readonly copy: ClipInfo
  readonly covers: readonly Cover[]
  /** Without what only a second look can say. */
  readonly certificate: LeakCertificate
}

/**
 * Holds a finished copy against clip and plan: frames, times, fill, and what else the file carries. A fault is a line in the
 * certificate and no error. Throws Problem or FfmpegFailed when the copy cannot be read at all.
 */
export async function checkCopy(
  outPath: string,
  clip: ClipInfo,
  plan: RedactionPlan,
  rendered: Rendered,
  { limits = defaultLimits, onProgress, signal }: CheckOptions = {},
): Promise<CheckedCopy> {
  const copy = await probeClip(outPath, limits, { signal })
  const covers = coversOf(plan, { blankWhereUnsure: rendered.blankedWhereUnsure })
  const metadata = await metadataFaults(outPath, rendered.audioStreams, limits, { signal, timeoutMs: limits.probeMs })
  const fill = await checkFill(outPath, copy, covers, { fill: rendered.fill, onProgress, signal })
  const unsure = plan.couldNotTell.reduce((sum, [first, last]) => sum + last - first + 1, 0)
  const certificate: LeakCertificate = {
    v: certificateVersion,
    clip: { sha256: plan.clip.sha256, frames: clip.frames },
    copy: { ...(await digestFile(outPath, signal)), width: copy.width, height: copy.height },
    plan: { sha256: planDigest(plan), classes: plan.classes },
    frames: { decoded: fill.frames, farthestTickPerMille: farthestTickPerMille(clip, copy) },
    fill: {
      colour: rendered.fill,
      tolerance: fillTolerance,
      edgePixels,
      frames: fill.measuredFrames,
      boxes: fill.measuredBoxes,
      worst: fill.worst,
      framesBeyond: rangesOf(fill.framesBeyond),
    },
    metadata,
    couldNotTell: { frames: unsure, blanked: rendered.blankedWhereUnsure },
  }
  return { copy, covers, certificate }
}

/**
 * Shows a checked copy of the clip at `path` to the detectors again, and says what they found outside the covers and how far
 * that reaches. Throws as makePlan does.
 */
export async function proveRedaction(
  path: string,
  clip: ClipInfo,
  outPath: string,
  { copy, covers, certificate }: CheckedCopy,
  options: LookOptions,
): Promise<LeakCertificate> {
  const { secondLook, residual } = await lookAgain({ path: outPath, clip: copy }, { path, clip }, covers, options)
  const bound = boundFor(secondLook.framesScanned, residual.frames, options.classes)
  return { ...certificate, secondLook, residual, bound }
}

/** How far any frame's time in the copy lies from its time in the clip, both from the first frame on. A missing frame is a whole second. */
function farthestTickPerMille(clip: ClipInfo, copy: ClipInfo): number {
  const ofClip = clip.timeBase.num / clip.timeBase.den
  const ofCopy = copy.timeBase.num / copy.timeBase.den
  let most = clip.frames === copy.frames ? 0 : 1 / ofClip
  for (let n = 0; n < Math.min(clip.frames, copy.frames); n++) {
    most = Math.max(most, Math.abs((copy.pts[n]! * ofCopy) / ofClip - clip.pts[n]!))
  }
  return Math.round(most * 1000)
}

function rangesOf(frames: readonly number[]): [number, number][] {
  const ranges: [number, number][] = []
  for (const frame of frames) {
    const open = ranges.at(-1)
    if (open?.[1] === frame - 1) open[1] = frame
    else ranges.push([frame, frame])
  }
  return ranges
}
