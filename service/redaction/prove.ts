import { boundFor, certificateVersion, type LeakCertificate } from './certificate.ts'
import { metadataFaults } from './copy-metadata.ts'
import { coversOf } from './covers.ts'
import { digestFile } from './digest.ts'
import { checkFill, edgePixels, fillTolerance } from './fill-check.ts'
import { planDigest, type RedactionPlan } from './plan.ts'
import { type ClipInfo, type ClipLimits, defaultLimits, probeClip } from './probe.ts'
import type { Rendered } from './render.ts'
import { type LookOptions, lookAgain, type SecondLook } from './second-look.ts'

export interface ProofOptions {
  readonly rendered: Pick<Rendered, 'fill' | 'blankedWhereUnsure' | 'audioStreams'>
  /** Shows the copy to the detectors again; without it the certificate says nothing about what the plan missed. */
  readonly secondLook?: Omit<LookOptions, 'onProgress' | 'signal'> | undefined
  readonly limits?: ClipLimits | undefined
  readonly onProgress?: ((stage: 'check' | 'prove', done: number, total: number) => void) | undefined
  readonly signal?: AbortSignal | undefined
}

/**
 * Holds the finished copy against clip and plan, and certifies what it finds; a fault is a line in the certificate and no
 * error. Throws Problem or FfmpegFailed when the copy cannot be read at all.
 */
export async function proveRedaction(
  outPath: string,
  clip: ClipInfo,
  plan: RedactionPlan,
  { rendered, secondLook, limits = defaultLimits, onProgress, signal }: ProofOptions,
): Promise<LeakCertificate> {
  const copy = await probeClip(outPath, limits, { signal })
  const covers = coversOf(plan, { blankWhereUnsure: rendered.blankedWhereUnsure })
  const run = { signal, timeoutMs: limits.probeMs }
  const metadata = await metadataFaults(outPath, rendered.audioStreams, limits, run)
  const checked = (done: number, total: number) => onProgress?.('check', done, total)
  const fill = await checkFill(outPath, copy, covers, { fill: rendered.fill, onProgress: checked, signal })

  const looked = (done: number, total: number) => onProgress?.('prove', done, total)
  const again: SecondLook | undefined =
    secondLook && (await lookAgain(outPath, copy, covers, { ...secondLook, onProgress: looked, signal }))
  const unsure = plan.couldNotTell.reduce((sum, [first, last]) => sum + last - first + 1, 0)
  return {
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
    ...again,
    ...(again && { bound: boundFor(again.secondLook.framesScanned, again.residual.frames, secondLook!.classes) }),
  }
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
