import { certificateVersion, type LeakCertificate } from './certificate.ts'
import { ranges } from './chain-boxes.ts'
import { copyFrames, type Frame } from './copy-frames.ts'
import { metadataFaults } from './copy-metadata.ts'
import { type Cover, coversOf } from './covers.ts'
import { standingOn } from './decided.ts'
import { digestFile } from './digest.ts'
import { edgePixels, type FillReport, fillMeter, fillTolerance } from './fill-check.ts'
import { findings } from './findings.ts'
import { coveredFrames, planDigest, type RedactionPlan, unsureTracks } from './plan.ts'
import { type ClipInfo, type ClipLimits, defaultLimits, probeClip } from './probe.ts'
import type { Rendered } from './render.ts'
import { type LookOptions, lookAgain } from './second-look.ts'

export interface CheckedCopy {
  readonly copy: ClipInfo
  readonly plan: RedactionPlan
  readonly blankWhereUnsure: boolean
  /** `#rrggbb` that the covers should be. */
  readonly fill: string
  readonly certificate: LeakCertificate
}

/**
 * Holds a finished copy against clip and plan: frames and times as it lists them, and what else the file carries. A fault is
 * a line in the certificate and no error. Throws Problem or FfmpegFailed when the copy cannot be read at all.
 */
export async function checkCopy(
  outPath: string,
  clip: ClipInfo,
  plan: RedactionPlan,
  rendered: Rendered,
  { limits = defaultLimits, signal }: { limits?: ClipLimits | undefined; signal?: AbortSignal | undefined } = {},
): Promise<CheckedCopy> {
  const copy = await probeClip(outPath, limits, { signal })
  const metadata = await metadataFaults(outPath, rendered.audioStreams, limits, { signal, timeoutMs: limits.probeMs })
  const unsure = plan.couldNotTell.reduce((sum, [first, last]) => sum + last - first + 1, 0)
  const certificate: LeakCertificate = {
    v: certificateVersion,
    clip: { sha256: plan.clip.sha256, frames: clip.frames },
    copy: { ...(await digestFile(outPath, signal)), width: copy.width, height: copy.height },
    plan: { sha256: planDigest(plan), classes: plan.classes, models: plan.tool.models },
    frames: { listed: copy.frames, farthestTickPerMille: farthestTickPerMille(clip, copy) },
    metadata,
    couldNotTell: {
      frames: unsure,
      blanked: rendered.blankedWhereUnsure,
      ranges: plan.couldNotTell,
      covered: coveredUnsure(plan),
    },
  }
  return { copy, plan, blankWhereUnsure: rendered.blankedWhereUnsure, fill: rendered.fill, certificate }
}

function coveredUnsure(plan: RedactionPlan): LeakCertificate['couldNotTell']['covered'] {
  const tracks = unsureTracks(plan)
  const leastWidthPx = plan.classes.flatMap(wanted => {
    const least = plan.tool.parameters[wanted]?.leastWidthPx
    return least === undefined ? [] : [[wanted, least]]
  })
  return {
    tracks: tracks.length,
    frames: coveredFrames(plan, tracks),
    leastWidthPx: Object.fromEntries(leastWidthPx),
  }
}

/** Decodes every frame of a checked copy, and adds what its pictures say of the fill. Throws FfmpegFailed. */
export async function measureFill(
  outPath: string,
  checked: CheckedCopy,
  { onProgress, signal }: Pick<LookOptions, 'onProgress' | 'signal'> = {},
): Promise<CheckedCopy> {
  const { copy, fill } = checked
  const meter = fillMeter(copy, coversIn(checked), fill)
  let frames = 0
  for await (const frame of copyFrames(outPath, copy, signal)) {
    meter.take(frame)
    onProgress?.(++frames, copy.frames)
  }
  return { ...checked, certificate: withFill(checked, meter.report()) }
}

/**
 * Decodes the checked copy of the clip at `path` once: its fill is measured, and two families look at it. Says what they
 * found outside the covers and how far that reaches; where the fill is not constant nobody looks, and the certificate says no
 * more than that. Throws what ended a detector, the reader of writing or a decoder, as it came.
 */
export async function proveRedaction(
  path: string,
  clip: ClipInfo,
  outPath: string,
  checked: CheckedCopy,
  options: LookOptions,
): Promise<LeakCertificate> {
  const { copy, plan, fill } = checked
  const covers = coversIn(checked)
  const meter = fillMeter(copy, covers, fill)
  const standing = standingOn(plan, covers)
  const onFrame = (frame: Frame) => {
    if (!meter.take(frame)) throw new FillBroken()
  }
  try {
    const seen = await lookAgain({ path: outPath, clip: copy }, { path, clip }, standing, options, onFrame)
    return { ...withFill(checked, meter.report()), ...findings(seen, copy, options.classes) }
  } catch (error) {
    if (!(error instanceof FillBroken)) throw error
    return (await measureFill(outPath, checked, options)).certificate
  }
}

class FillBroken extends Error {}

function coversIn({ plan, blankWhereUnsure }: CheckedCopy): Cover[] {
  return coversOf(plan, { blankWhereUnsure })
}

function withFill({ certificate, fill: colour }: CheckedCopy, found: FillReport): LeakCertificate {
  return {
    ...certificate,
    frames: { ...certificate.frames, decoded: found.frames },
    fill: {
      colour,
      tolerance: fillTolerance,
      edgePixels,
      frames: found.measuredFrames,
      boxes: found.measuredBoxes,
      worst: found.worst,
      framesBeyond: ranges(found.framesBeyond),
    },
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
