import { clipInput, uprightFilters } from './clip-input.ts'
import type { Picture } from './detector.ts'
import { blocks, ffmpegOutput } from './ffmpeg.ts'
import type { Layout } from './layout.ts'
import { defaultLimits } from './limits.ts'
import type { ClipInfo } from './probe.ts'

export interface SourceOptions {
  /** End with FfmpegFailed at the first thing that the decoder has to conceal, instead of showing the concealed frame. */
  strict: boolean
  signal?: AbortSignal | undefined
}

/**
 * Every frame of the clip in the order shown, upright and scaled to the layout. ffmpeg waits while we do not read, so only
 * one picture is held here; each one is the caller's to keep or give away.
 */
export async function* pictures(
  path: string,
  clip: ClipInfo,
  { width, height }: Layout,
  { strict, signal }: SourceOptions,
): AsyncGenerator<Picture, void, undefined> {
  const filters = [...uprightFilters(clip), `scale=${width}:${height}:flags=fast_bilinear`, 'format=gbrp']
  const command = clipInput(path, defaultLimits)
    .complexFilter(`[0:${clip.stream}]${filters.join(',')}[v]`)
    .output('-')
    .outputOptions('-map', '[v]', '-fps_mode', 'passthrough', '-f', 'rawvideo', ...(strict ? ['-xerror'] : []))
  for await (const block of blocks(ffmpegOutput(command, { signal }), 3 * width * height)) {
    yield { width, height, planes: block.slice() }
  }
}
