/** The redaction manifest, `custos-redaction-manifest/v1`: what was covered in a copy, on what grounds, and how it was made. */
import { canonicalText } from './canonical-text.ts'
import type { FileDigest } from './digest.ts'
import { type FrameRange, type PlanTrack, planDigest, type RedactionPlan } from './plan.ts'
import type { ClipInfo } from './probe.ts'
import type { Rendered } from './render.ts'

export const manifestVersion = 'custos-redaction-manifest/v1'

export interface ManifestParts {
  readonly clip: ClipInfo
  readonly clipDigest: FileDigest
  readonly copyDigest: FileDigest
  readonly plan: RedactionPlan
  readonly rendered: Rendered
  /** What made the copy, name to version. */
  readonly tools: Readonly<Record<string, string>>
}

/** RFC 8785 text without floats; its UTF-8 bytes are what a digest is taken of. */
export function manifestText({ clip, clipDigest, copyDigest, plan, rendered, tools }: ManifestParts): string {
  return canonicalText({
    v: manifestVersion,
    clip: {
      ...clipDigest,
      container: clip.format,
      codec: clip.codec,
      pixelFormat: clip.pixelFormat,
      width: clip.width,
      height: clip.height,
      frames: clip.frames,
      durationMs: Math.round(clip.durationSeconds * 1000),
      variableRate: clip.variableRate,
    },
    copy: { ...copyDigest, width: rendered.width, height: rendered.height, frames: rendered.frames },
    plan: { sha256: planDigest(plan), models: plan.tool.models },
    tools,
    style: { kind: 'constant-fill', colour: rendered.fill },
    regions: plan.tracks.map(regionOf),
    couldNotTell: { frames: plan.couldNotTell, blanked: rendered.blankedWhereUnsure },
    changes: changesOf(clip, rendered),
  })
}

function regionOf({ id, class: kind, ground, origin, confidence, runs, unseen, visible, couldNotTell }: PlanTrack) {
  return {
    track: id,
    class: kind,
    ground,
    origin,
    confidencePerMille: confidence,
    frames: joined(runs),
    unseen,
    ...(visible && { keptVisible: true }),
    ...(couldNotTell && { couldNotTell }),
  }
}

/** Frame ranges of runs that follow one another, as few as can be. */
function joined(runs: PlanTrack['runs']): FrameRange[] {
  const ranges: FrameRange[] = []
  for (const [first, last] of runs) {
    const open = ranges.at(-1)
    if (open?.[1] === first - 1) open[1] = last
    else ranges.push([first, last])
  }
  return ranges
}

/** What else differs from the clip, each named only where it holds. */
function changesOf(clip: ClipInfo, rendered: Rendered) {
  const padded = { right: rendered.width - clip.width, bottom: rendered.height - clip.height }
  return {
    ...(rendered.copied
      ? { encoding: { codec: 'h264', copied: true } }
      : {
          encoding: { codec: 'h264', pixelFormat: 'yuv420p', crf: rendered.crf },
          colour: { range: 'tv', matrix: rendered.matrix, matrixAssumed: rendered.matrixAssumed },
        }),
    ...(clip.range === 'pc' && { fullRangeMadeLimited: true }),
    ...((clip.rotationDegrees !== 0 || clip.mirrored) && {
      turned: { clockwiseDegrees: clip.rotationDegrees, mirrored: clip.mirrored },
    }),
    ...((padded.right > 0 || padded.bottom > 0) && { paddedPixels: padded }),
    ...(clip.repairs > 0 && { repairedFrameTimes: clip.repairs }),
    ...(clip.interlaced && { interlacedKeptAsFrames: true }),
    soundTracks: { dropped: clip.audioStreams - rendered.audioStreams, kept: rendered.audioStreams },
    ...(clip.otherVideoStreams > 0 && { otherVideoStreamsDropped: clip.otherVideoStreams }),
    metadataDropped: true,
  }
}
