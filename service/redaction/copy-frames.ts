import { clipInput, uprightFilters } from './clip-input.ts'
import { blocks, ffmpegOutput } from './ffmpeg.ts'
import type { ClipInfo } from './probe.ts'

/** The planes of one frame as a player shows it, 8-bit 4:2:0: luma, then both chroma planes of half its sides. */
export interface Frame {
  readonly width: number
  readonly height: number
  readonly planes: Uint8Array
}

/**
 * Every frame of a copy of ours, upright, in one buffer that the next one overwrites. Where a side is odd its last line is
 * left out: 4:2:0 has no half pixels. Throws FfmpegFailed.
 */
export async function* copyFrames(
  path: string,
  copy: ClipInfo,
  signal?: AbortSignal,
): AsyncGenerator<Frame, void, undefined> {
  const [width, height] = [copy.width - (copy.width % 2), copy.height - (copy.height % 2)]
  const filters = [...uprightFilters(copy), `crop=${width}:${height}:0:0`, 'format=yuv420p']
  const command = clipInput(path)
    .complexFilter(`[0:${copy.stream}]${filters.join(',')}[v]`)
    .output('pipe:1')
    .outputOptions('-map', '[v]', '-fps_mode', 'passthrough', '-f', 'rawvideo')
  for await (const planes of blocks(ffmpegOutput(command, { signal }), (width * height * 3) / 2)) {
    yield { width, height, planes }
  }
}
