import { open } from 'node:fs/promises'
import { Problem } from '../http/problem.ts'
import { demuxers } from './clip-input.ts'
import { FfmpegFailed, FfmpegMissing, type RunOptions } from './ffmpeg.ts'
import { decodedTimes, frameTimes } from './frame-times.ts'
import { type ClipLimits, defaultLimits } from './limits.ts'
import { pictureOf, readStreams, videoStreams } from './streams.ts'
import { repairTiming } from './timing.ts'

export { type ClipLimits, defaultLimits } from './limits.ts'

/** num / den: the seconds of one tick, or the width of a pixel over its height. */
export interface Ratio {
  readonly num: number
  readonly den: number
}

/** What probing tells about a clip. Boxes, widths and heights are pixels of the upright frame: rotation applied, sample aspect not. */
export interface ClipInfo {
  /** Name of the demuxer that read it, for example `mov,mp4,m4a,3gp,3g2,mj2`. */
  readonly format: string
  /** Index of the one video stream that is worked on: the first that is no cover art. */
  readonly stream: number
  readonly codec: string
  readonly pixelFormat: string
  /** Size as it is decoded, before rotation. */
  readonly codedWidth: number
  readonly codedHeight: number
  /** Size as it is displayed, after rotation. Either may be odd. */
  readonly width: number
  readonly height: number
  /** Clockwise turn that makes the decoded frame upright, after the optional mirroring left to right. */
  readonly rotationDegrees: 0 | 90 | 180 | 270
  readonly mirrored: boolean
  /** Even pixels that are added on each side, inside width and height. No clip has any: a second look does, to see it smaller. */
  readonly border?: { readonly x: number; readonly y: number }
  /** Of the decoded frame, before rotation. */
  readonly sampleAspect: Ratio
  /** `tv` (limited) or `pc` (full); limited where the clip does not say. */
  readonly range: 'tv' | 'pc'
  /** In ffmpeg's words (`bt709`, `smpte170m`, ...), `unknown` where the clip does not say. */
  readonly matrix: string
  readonly primaries: string
  readonly transfer: string
  readonly interlaced: boolean
  readonly timeBase: Ratio
  /** Frames that a decoder shows: frame n of a plan is the n-th of them, from 0. Equals `pts.length`. */
  readonly frames: number
  /** Ticks for each frame, in the order shown: from 0, strictly rising, repaired where the clip's own do not rise. */
  readonly pts: readonly number[]
  /** The clip's own ticks, as a decoder gives them; null where a frame has none. */
  readonly sourcePts: readonly (number | null)[]
  /** How many gaps between frames had to be repaired. */
  readonly repairs: number
  /** The usual gap between two frames. */
  readonly frameTicks: number
  /** From the first frame to the end of the last. */
  readonly durationSeconds: number
  /** True where the gaps between frames differ by more than a tick. */
  readonly variableRate: boolean
  readonly audioStreams: number
  /** Video streams that are left out of a redacted copy. */
  readonly otherVideoStreams: number
  /** True where the frames were counted by decoding all of them, false where the container's index was trusted. */
  readonly decoded: boolean
}

/** The decoder shows other frames than the container's index lists. Probing again with `decode` tells the truth. */
export class FramesDiffer extends Error {
  override readonly name = 'FramesDiffer'
}

export interface ProbeOptions {
  readonly signal?: AbortSignal | undefined
  /** Decode every frame instead of trusting the container's index. */
  readonly decode?: boolean
}

/**
 * Looks at a clip without believing it. Throws Problem `clip-not-video` when no frame of it decodes, `clip-beyond-limits`
 * when it asks for too much; the detail says why and carries nothing of the clip's own text.
 */
export async function probeClip(
  path: string,
  limits: ClipLimits = defaultLimits,
  options: ProbeOptions = {},
): Promise<ClipInfo> {
  const run: RunOptions = { signal: options.signal, timeoutMs: limits.probeMs, memoryBytes: limits.memoryBytes }
  try {
    return await look(path, limits, { ...run, decode: options.decode })
  } catch (error) {
    options.signal?.throwIfAborted()
    if (error instanceof FfmpegFailed && !(error instanceof FfmpegMissing)) throw problemOf(error, limits)
    if (error instanceof RangeError) throw beyond(`It has more than ${limits.frames} frames.`)
    throw error
  }
}

/** Seconds from the first frame to frame `n`. */
export function secondsAt(clip: Pick<ClipInfo, 'pts' | 'timeBase'>, n: number): number {
  return ((clip.pts[n] ?? 0) * clip.timeBase.num) / clip.timeBase.den
}

async function look(
  path: string,
  limits: ClipLimits,
  run: RunOptions & { decode?: boolean | undefined },
): Promise<ClipInfo> {
  if (await isEmpty(path)) throw notVideo('The file is empty.')
  let warnings = ''
  const onWarning = (text: string) => {
    warnings = (warnings + text).slice(-8192)
  }
  const found = await readStreams(path, limits, { ...run, onWarning })
  const [video, ...others] = videoStreams(found)
  if (!video) throw notVideo('It has no video stream.')
  if (video.width * video.height > limits.pixels) throw beyond(sizeDetail(limits))
  if (video.width < 1 || video.height < 1) {
    throw tooLarge.test(warnings) ? beyond(sizeDetail(limits)) : notVideo('Its frames have no size.')
  }
  const picture = pictureOf(video)

  const clip = { format: found.format.format_name, ...picture }
  const { sourcePts, decoded } = await frameTimes(path, clip, limits, run)
  const shown = decoded ? sourcePts : await decodedTimes(path, clip, limits, run, 1)
  if (shown.length === 0) throw notVideo('None of its frames can be decoded.')

  const timing = repairTiming(sourcePts, picture.timeBase)
  const ticks = timing.pts.at(-1)! + timing.frameTicks
  const durationSeconds = (ticks * picture.timeBase.num) / picture.timeBase.den
  if (durationSeconds > limits.durationSeconds) throw beyond(`It is longer than ${limits.durationSeconds} seconds.`)
  const audioStreams = found.streams.filter(s => s.codec_type === 'audio').length
  return {
    ...clip,
    ...timing,
    sourcePts,
    frames: sourcePts.length,
    durationSeconds,
    audioStreams,
    otherVideoStreams: others.length,
    decoded,
  }
}

async function isEmpty(path: string): Promise<boolean> {
  await using file = await open(path)
  return (await file.stat()).size === 0
}

/** How a decoder words that it will not take a size; it then reports none. */
const tooLarge = /max pixel count|Picture size [1-9]\d{3,}x[1-9]\d{3,} is invalid/

/** What ffmpeg said, in words that a sender can act on. Its own words can quote the file and stay inside. */
function problemOf(error: FfmpegFailed, limits: ClipLimits): Problem {
  const said = error.stderrTail
  const because = (make: typeof beyond, detail: string) => make(detail, error)
  if (tooLarge.test(said)) return because(beyond, sizeDetail(limits))
  if (said.includes('max_streams')) return because(beyond, `It has more than ${limits.streams} streams.`)
  if (/Cannot allocate memory|failed to map segment/.test(said))
    return because(beyond, 'Decoding it takes more memory than is allowed.')
  if (error.message.includes('took longer')) return because(beyond, 'Reading it took longer than is allowed.')
  const container = /\[(\w+)[^\]]*\] Format not on whitelist/.exec(said)?.[1]
  if (container) return because(notVideo, `Its container is ${container}; taken are ${demuxers.join(', ')}.`)
  if (said.includes('moov atom not found'))
    return because(notVideo, 'It holds no index of its frames: no video, or one cut off before its end.')
  if (/matches no streams|Cannot determine format of input stream/.test(said))
    return because(notVideo, 'None of its frames can be decoded.')
  return because(notVideo, 'No video was found in it.')
}

function sizeDetail(limits: ClipLimits): string {
  return `Its frames have more than ${limits.pixels} pixels.`
}

function notVideo(detail: string, cause?: unknown): Problem {
  return new Problem('clip-not-video', { detail, cause })
}

function beyond(detail: string, cause?: unknown): Problem {
  return new Problem('clip-beyond-limits', { detail, cause })
}
