/** The clip's own time of every frame that a decoder shows, in the order shown. */
import { clipInput, fileAddress, inputLimits } from './clip-input.ts'
import { ffmpegOutput, ffprobeOutput, lines, type RunOptions } from './ffmpeg.ts'
import type { ClipLimits } from './limits.ts'

/** Containers whose index lists the frames, and codecs in which each packet is one frame that is shown. */
const indexed = { containers: ['mov,mp4,m4a,3gp,3g2,mj2', 'matroska,webm'], codecs: ['h264', 'hevc', 'mjpeg'] }

export interface FrameTimes {
  readonly sourcePts: (number | null)[]
  /** False where the container's index was trusted. */
  readonly decoded: boolean
}

interface VideoStream {
  readonly format: string
  readonly stream: number
  readonly codec: string
}

/**
 * Reads the container's index where it can be trusted, and otherwise decodes the whole clip. Throws FfmpegFailed, or
 * RangeError when there are more frames than `limits.frames`.
 */
export async function frameTimes(
  path: string,
  clip: VideoStream,
  limits: ClipLimits,
  options: RunOptions & { decode?: boolean | undefined },
): Promise<FrameTimes> {
  if (!options.decode && indexed.containers.includes(clip.format) && indexed.codecs.includes(clip.codec)) {
    const listed = await indexedTimes(path, clip, limits, options)
    if (listed) return { sourcePts: listed, decoded: false }
  }
  return { sourcePts: await decodedTimes(path, clip, limits, options), decoded: true }
}

/** A timecode or a camera's own data beside the picture, which no decoder is needed for. */
const ofOtherStream = /^Unsupported codec with id \d+ for input stream \d+$/

/**
 * Undefined when a packet has no time or an equal one or is not shown, the first is no key frame or is shown after others (an
 * open GOP that was cut: those others are never shown), or ffprobe had to warn of anything.
 */
async function indexedTimes(path: string, clip: VideoStream, limits: ClipLimits, options: RunOptions) {
  let warned = false
  const onWarning = (text: string) => {
    warned ||= text.split('\n').some(line => line !== '' && !ofOtherStream.test(line))
  }
  const packets = ffprobeOutput(
    [
      ...inputLimits(limits),
      ...['-select_streams', String(clip.stream), '-show_entries', 'packet=pts,flags', '-of', 'csv=p=0'],
      ...['-i', fileAddress(path)],
    ],
    { ...options, onWarning },
  )
  const times: number[] = []
  for await (const line of lines(packets)) {
    const [time = '', flags = ''] = line.split(',')
    const sound = /^-?\d+$/.test(time) && !flags.includes('D') && (times.length > 0 || flags.includes('K'))
    if (!sound) return undefined
    if (times.push(Number(time)) > limits.frames) throw new RangeError('too many frames')
  }
  const first = times[0]
  times.sort((a, b) => a - b)
  return warned || first !== times[0] || times.some((t, i) => t === times[i - 1]) ? undefined : times
}

/** The first `most` frames as they come out of the decoder. */
export async function decodedTimes(
  path: string,
  clip: VideoStream,
  limits: ClipLimits,
  options: RunOptions,
  most?: number,
): Promise<(number | null)[]> {
  const command = clipInput(path, limits)
    .complexFilter(`[0:${clip.stream}]${frameLog},setpts=N[v]`)
    .output('-')
    .outputOptions('-map', '[v]', '-fps_mode', 'passthrough', '-c:v', 'wrapped_avframe', '-f', 'null')
  if (most !== undefined) command.outputOptions('-frames:v', String(most))
  const times: (number | null)[] = []
  for await (const line of lines(ffmpegOutput(command, options))) {
    const frame = parseFrameLog(line)
    if (frame && times.push(frame.pts) > limits.frames) throw new RangeError('too many frames')
  }
  return times
}

/** A filter that writes one line to standard output for each frame that passes. */
export const frameLog = 'metadata=mode=add:key=custos:value=1,metadata=mode=print:key=custos:file=-:direct=1'

/** A line of `frameLog`, `frame:12   pts:6144    pts_time:0.48`; undefined for the line of the key itself. */
export function parseFrameLog(line: string): { frame: number; pts: number | null } | undefined {
  const found = /^frame:(\d+)\s+pts:(-?\d+|NOPTS)\s/.exec(line)
  return found ? { frame: Number(found[1]), pts: found[2] === 'NOPTS' ? null : Number(found[2]) } : undefined
}
