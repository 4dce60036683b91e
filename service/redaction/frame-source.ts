import { clipInput, firstFieldFilters, uprightFilters } from './clip-input.ts'
import type { Picture } from './detector.ts'
import { blocks, ffmpegOutput } from './ffmpeg.ts'
import { fineness, type Layout } from './layout.ts'
import { defaultLimits } from './limits.ts'
import type { ClipInfo } from './probe.ts'

export interface SourceOptions {
  signal?: AbortSignal | undefined
  /** Hears what ffmpeg complains of, piece by piece. A frame that the decoder had to make up is shown like any other. */
  onWarning?: ((text: string) => void) | undefined
}

/**
 * Every frame of the clip in the order shown, upright and scaled to the layout's fine picture, the first of two fields where a frame says that it holds two.
 * ffmpeg waits while we do not read, so only one picture is held here, and the next one overwrites it.
 */
export async function* pictures(
  path: string,
  clip: ClipInfo,
  layout: Layout,
  { signal, onWarning }: SourceOptions = {},
): AsyncGenerator<Picture, void, undefined> {
  const [width, height] = [layout.width * fineness, layout.height * fineness]
  const filters = [
    ...firstFieldFilters(clip),
    ...uprightFilters(clip),
    `scale=${width}:${height}:flags=fast_bilinear:out_range=tv`,
    'format=yuv420p',
  ]
  const command = clipInput(path, defaultLimits)
    // A deblocked picture is for eyes: the detectors see it at a fraction of its size.
    // One thread decodes (clip-input.ts has two): at 1080p that was no slower here, and took 15 MB less.
    .inputOptions('-skip_loop_filter', 'all', '-threads', '1')
    .complexFilter(`[0:${clip.stream}]${filters.join(',')}[v]`)
    .output('-')
    .outputOptions('-map', '[v]', '-fps_mode', 'passthrough', '-f', 'rawvideo')
  const matrix = clip.matrix === 'bt709' ? 'bt709' : 'bt601'
  for await (const planes of blocks(
    ffmpegOutput(command, { signal, ...(onWarning && { onWarning }) }),
    (width * height * 3) / 2,
  )) {
    yield { width, height, planes, matrix, looks: [] }
  }
}
