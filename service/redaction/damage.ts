import { clipInput } from './clip-input.ts'
import { runFfmpeg } from './ffmpeg.ts'
import { defaultLimits } from './limits.ts'
import type { FrameRange } from './plan.ts'
import type { ClipInfo } from './probe.ts'

/**
 * Complaints that leave the picture alone: about times, about other streams, about what a header says. All others count: the words of a decoder
 * that makes a picture up are too many to list, and some decoders (HEVC, VP9) say nothing where they could have.
 */
const harmless =
  /Last message repeated|deprecated pixel format|Unsupported codec with id|edit list|monoton|timestamp|\bDTS\b|estimate rate|value for the|Could not find codec parameters|unable to decode (?:APP|com)|Hardware accel/i

/** Listens to a decoder, piece by piece, for anything that could mean a damaged picture. */
export function hearComplaints(): { hear(text: string): void; any(): boolean } {
  let found = false
  const lines = cutLines(line => {
    found ||= isComplaint(line)
  })
  return { hear: lines.take, any: () => found }
}

function isComplaint(line: string): boolean {
  return line.trim() !== '' && !harmless.test(line)
}

/** A decoder complains while earlier frames are still on their way: it may hold back so many to reorder them, and ffmpeg may queue some. */
const mostHeldBack: Readonly<Record<string, number>> = { mjpeg: 0, vp8: 0, vp9: 0, mpeg2video: 2, mpeg4: 2 }
const usuallyHeldBack = 16

/**
 * The frames that the decoder concealed, or predicted from concealed ones: from each complaint to the first key frame that surely came after
 * it. All of them when the complaints cannot be put in their place. Decodes the whole clip on one thread: then frames and complaints come in
 * one order, on standard error.
 */
export async function damagedFrames(path: string, clip: ClipInfo, signal?: AbortSignal): Promise<FrameRange[]> {
  const heldBack = mostHeldBack[clip.codec] ?? usuallyHeldBack
  const ranges: FrameRange[] = []
  let frame = -1
  let complained = Number.NEGATIVE_INFINITY
  let spoilt = false
  const said = cutLines(line => {
    const key = /\bn: *\d+ .* iskey:([01])/.exec(line)
    if (key) {
      frame++
      if (key[1] === '1' && frame - complained > heldBack + 1) spoilt = false
    } else if (/\[(?:warning|error|fatal|panic)\]/.test(line) && isComplaint(line)) {
      spoilt = true
      complained = frame
    }
    if (!spoilt) return
    const open = ranges.at(-1)
    if (open && open[1] >= frame - 1) open[1] = Math.max(frame, 0)
    else ranges.push([Math.max(frame, 0), Math.max(frame, 0)])
  })
  const command = clipInput(path, defaultLimits)
    .inputOptions('-threads', '1')
    .complexFilter(`[0:${clip.stream}]showinfo=checksum=0[v]`)
    .output('-')
    .outputOptions('-map', '[v]', '-fps_mode', 'passthrough', '-c:v', 'wrapped_avframe', '-f', 'null')
    .outputOptions('-nostats', '-loglevel', 'level+info')
  await runFfmpeg(command, { ...(signal && { signal }), onWarning: said.take })
  return frame + 1 === clip.frames ? ranges : [[0, clip.frames - 1]]
}

const longestLine = 4096

/** Whole lines of a text that comes in pieces. */
function cutLines(use: (line: string) => void): { take(text: string): void } {
  let rest = ''
  return {
    take(text) {
      const cut = (rest + text).split('\n')
      rest = cut.pop()!.slice(0, longestLine)
      cut.forEach(use)
    },
  }
}
