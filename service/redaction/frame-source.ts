import { clipInput, uprightFilters } from './clip-input.ts'
import type { Picture } from './detector.ts'
import { ffmpegOutput } from './ffmpeg.ts'
import type { Layout } from './layout.ts'
import type { ClipInfo } from './probe.ts'

/**
 * Every frame of the clip in the order shown, upright and scaled to the layout. ffmpeg waits while we do not read, so only
 * one picture is held here; each one is the caller's to keep or give away.
 */
export async function* pictures(
  path: string,
  clip: ClipInfo,
  { width, height }: Layout,
  signal?: AbortSignal,
): AsyncGenerator<Picture, void, undefined> {
  const filters = [...uprightFilters(clip), `scale=${width}:${height}:flags=fast_bilinear`, 'format=gbrp']
  const command = clipInput(path, { pixels: 2 ** 28, streams: 64 })
    .outputOptions('-map', `0:${clip.stream}`, '-vf', filters.join(','), '-fps_mode', 'passthrough', '-f', 'rawvideo')
    .output('pipe:1')
  const size = 3 * width * height
  let planes = new Uint8Array(size)
  let filled = 0
  for await (const chunk of ffmpegOutput(command, { signal })) {
    for (let at = 0; at < chunk.length; ) {
      const taken = Math.min(chunk.length - at, size - filled)
      planes.set(chunk.subarray(at, at + taken), filled)
      at += taken
      filled += taken
      if (filled < size) continue
      yield { width, height, planes }
      planes = new Uint8Array(size)
      filled = 0
    }
  }
  if (filled > 0) throw new Error('ffmpeg ended in the middle of a picture')
}
