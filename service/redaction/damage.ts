import { fileAddress, inputLimits } from './clip-input.ts'
import { ffprobeOutput, lines } from './ffmpeg.ts'
import { defaultLimits } from './limits.ts'
import type { FrameRange } from './plan.ts'
import type { ClipInfo } from './probe.ts'

/** What a decoder says when it makes a picture up. Other complaints (headers, metadata) leave the picture alone. */
const madeUp = /concealing|missing reference|reference picture missing|error while decoding|could not find ref|corrupt/i

/**
 * The frames that the decoder concealed, or predicted from concealed ones: from each complaint to the next key frame. All of
 * them when the complaints cannot be put in their place. Decodes the whole clip on one thread, which keeps them in order.
 */
export async function damagedFrames(path: string, clip: ClipInfo, signal?: AbortSignal): Promise<FrameRange[]> {
  const report = ffprobeOutput(
    [
      ...inputLimits(defaultLimits),
      ...['-threads', '1', '-select_streams', String(clip.stream), '-show_frames', '-show_log', '32'],
      ...['-show_entries', 'frame=key_frame:log=message', '-of', 'compact', '-i', fileAddress(path)],
    ],
    { signal },
  )
  const ranges: FrameRange[] = []
  let frame = -1
  let spoilt = false
  for await (const line of lines(report)) {
    const key = /^frame\|key_frame=([01])/.exec(line)
    if (key) {
      frame++
      if (key[1] === '1') spoilt = false
    }
    if (madeUp.test(line)) spoilt = true
    if (!spoilt) continue
    const open = ranges.at(-1)
    if (open && open[1] >= frame - 1) open[1] = frame
    else ranges.push([Math.max(frame, 0), Math.max(frame, 0)])
  }
  return frame + 1 === clip.frames ? ranges : [[0, clip.frames - 1]]
}
