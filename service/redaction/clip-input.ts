import { resolve } from 'node:path'
import ffmpeg, { type FfmpegCommand } from 'fluent-ffmpeg'
import { defaultLimits } from './limits.ts'
import type { ClipInfo } from './probe.ts'

/**
 * Containers that cameras, recorders and phones write, and that refer to nothing outside themselves. Playlists (hls, dash,
 * concat, sdp, rtsp, image2) are what this list keeps out: they name further files or addresses. Raw h264 and hevc are what
 * recorders export when asked for "native"; asf is what some video management systems export, gif what their previews come as.
 */
export const demuxers = [
  'mov',
  'mp4',
  'matroska',
  'webm',
  'avi',
  'mpegts',
  'mpeg',
  'h264',
  'hevc',
  'asf',
  'gif',
] as const

const decodeThreads = 2

/** Input options common to ffmpeg and ffprobe: only the one local file is opened, by one of the known demuxers. */
export function inputLimits({ pixels, streams }: { pixels: number; streams: number }): string[] {
  return [
    ...['-protocol_whitelist', 'file'],
    ...['-format_whitelist', demuxers.join(',')],
    ...['-max_streams', String(streams)],
    // Decoders count the borders that they add to a frame; the frame itself is measured by its header.
    ...['-max_pixels', String(Math.ceil(pixels * 1.1) + 65_536)],
  ]
}

/** An absolute `file:` address, so that no name of a clip is taken for an option or a protocol. */
export function fileAddress(path: string): string {
  return `file:${resolve(path)}`
}

/**
 * A command that decodes the clip's video as `0:<clip.stream>`. Timestamps stay the clip's own, rotation is left to
 * `uprightFilters`, and a picture that changes size in mid-stream starts no new filter graph.
 */
export function clipInput(path: string, limits: { pixels: number; streams: number } = defaultLimits): FfmpegCommand {
  return ffmpeg(fileAddress(path)).inputOptions(
    ...inputLimits(limits),
    ...['-copyts', '-noautorotate', '-reinit_filter', '0'],
    ...['-threads', String(decodeThreads)],
  )
}

/**
 * Filters that turn a decoded frame into the frame as displayed: what boxes are measured in. The first brings a picture that
 * changed its size in mid-stream back to the size that was probed; it does nothing otherwise.
 */
export function uprightFilters(
  clip: Pick<ClipInfo, 'codedWidth' | 'codedHeight' | 'rotationDegrees' | 'mirrored' | 'border'>,
): string[] {
  const turns = { 0: [], 90: ['transpose=clock'], 180: ['hflip', 'vflip'], 270: ['transpose=cclock'] }
  const { x, y } = clip.border ?? { x: 0, y: 0 }
  return [
    `scale=${clip.codedWidth}:${clip.codedHeight}`,
    ...(clip.mirrored ? ['hflip'] : []),
    ...turns[clip.rotationDegrees],
    ...(x + y > 0 ? [`pad=iw+${2 * x}:ih+${2 * y}:${x}:${y}:gray`] : []),
  ]
}

/**
 * Of a frame that says it holds two fields, which a camera took a fiftieth of a second apart, the first moment alone: what moved is a comb otherwise, and small plates and
 * faces are lost in it (docs/benchmarks.md). Other frames pass as they are. Before `uprightFilters`, since fields are lines of the coded picture.
 */
export function firstFieldFilters({
  codedWidth,
  codedHeight,
  pixelFormat,
}: Pick<ClipInfo, 'codedWidth' | 'codedHeight' | 'pixelFormat'>): string[] {
  // Others would be converted for the filter's sake, in clips that hold no fields as well; and bwdif refuses what is tiny.
  if (!/^(yuv|gray)/.test(pixelFormat) || Math.min(codedWidth, codedHeight) < 16) return []
  return [`scale=${codedWidth}:${codedHeight}`, 'bwdif=mode=send_frame:deint=interlaced']
}
