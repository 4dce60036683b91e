import { spawn } from 'node:child_process'
import { once } from 'node:events'

/** Encodes frames of raw video. Throws when ffmpeg fails. */
export async function encode(
  frames: AsyncIterable<Buffer>,
  input: readonly string[],
  output: readonly string[],
): Promise<void> {
  const ffmpeg = spawn('ffmpeg', ['-v', 'error', '-y', '-f', 'rawvideo', ...input, '-i', '-', ...output], {
    stdio: ['pipe', 'ignore', 'inherit'],
  })
  const closed = once(ffmpeg, 'close')
  for await (const frame of frames) if (!ffmpeg.stdin.write(frame)) await once(ffmpeg.stdin, 'drain')
  ffmpeg.stdin.end()
  const [code] = await closed
  if (code !== 0) throw new Error(`ffmpeg could not make ${output.at(-1)}`)
}

/** The luma of every frame of a clip whose size is known. */
export async function* lumas(
  path: string,
  { width, height }: { width: number; height: number },
): AsyncGenerator<Buffer> {
  const plain = ['-fps_mode', 'passthrough', '-vf', 'extractplanes=y', '-f', 'rawvideo', '-']
  const ffmpeg = spawn('ffmpeg', ['-nostdin', '-v', 'error', '-i', path, ...plain], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const closed = once(ffmpeg, 'close')
  let frame = Buffer.alloc(width * height)
  let held = 0
  for await (const chunk of ffmpeg.stdout as AsyncIterable<Buffer>) {
    for (let at = 0; at < chunk.length; ) {
      const taken = chunk.copy(frame, held, at)
      held += taken
      at += taken
      if (held < frame.length) continue
      yield frame
      frame = Buffer.alloc(width * height)
      held = 0
    }
  }
  const [code] = await closed
  if (code !== 0 || held > 0) throw new Error(`ffmpeg could not decode ${path}`)
}
