import { spawn } from 'node:child_process'
import { once } from 'node:events'

export interface Picture {
  readonly width: number
  readonly height: number
  readonly rgb: Buffer
}

/** PPM, since each picture tells its own size there. */
const plain = ['-map', '0:v:0', '-fps_mode', 'passthrough', '-pix_fmt', 'rgb24', '-c:v', 'ppm', '-f', 'image2pipe', '-']

/** Every frame of a clip as a player shows it. Throws when ffmpeg cannot decode it to its end. */
export async function* pictures(path: string): AsyncGenerator<Picture> {
  const ffmpeg = spawn('ffmpeg', ['-nostdin', '-v', 'error', '-i', path, ...plain], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const closed = once(ffmpeg, 'close')
  try {
    let parts: Buffer[] = []
    let held = 0
    let wanted = 0
    for await (const chunk of ffmpeg.stdout) {
      parts.push(chunk)
      held += chunk.length
      while (held > 0 && held >= wanted) {
        const bytes = Buffer.concat(parts)
        const head = /^P6\n(\d+) (\d+)\n255\n/.exec(bytes.toString('latin1', 0, 40))
        const [width, height] = [Number(head?.[1]), Number(head?.[2])]
        wanted = head ? head[0].length + width * height * 3 : 40
        parts = [bytes]
        if (!head || held < wanted) break
        yield { width, height, rgb: bytes.subarray(head[0].length, wanted) }
        parts = [bytes.subarray(wanted)]
        held -= wanted
        wanted = 0
      }
    }
    const [code] = await closed
    if (code !== 0) throw new Error(`ffmpeg could not decode ${path}`)
    if (held > 0) throw new Error(`${path} ends within a picture`)
  } finally {
    ffmpeg.kill()
  }
}
