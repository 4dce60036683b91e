/** A clip in which nothing is covered: its own H.264 slices in a new MP4, where that shows the very frames and nothing else. */
import { clipInput, fileAddress, inputLimits } from './clip-input.ts'
import { coversOf } from './covers.ts'
import { FfmpegFailed, ffmpegOutput, ffprobeOutput, lines, type RunOptions } from './ffmpeg.ts'
import { defaultLimits } from './limits.ts'
import { sampleEntries } from './mp4-boxes.ts'
import { isPlainStream } from './nal-units.ts'
import type { RedactionPlan } from './plan.ts'
import type { ClipInfo } from './probe.ts'
import { nothingElse, type Rendered } from './render.ts'

/**
 * Writes `outPath` and describes it; undefined where the clip has to be encoded after all, and `outPath` then holds nothing
 * of use. Decides by what the clip consists of: H.264 as it would be encoded, at the planned times, no hidden picture, no
 * other parameter set. Only slices and parameter sets go along. Throws the signal's reason.
 */
export async function copyUncovered(
  path: string,
  clip: ClipInfo,
  plan: RedactionPlan,
  outPath: string,
  options: Pick<RunOptions, 'signal'> & Pick<Rendered, 'fill' | 'blankedWhereUnsure'>,
): Promise<Rendered | undefined> {
  const untouched = coversOf(plan).length === 0 && plan.couldNotTell.length === 0
  if (!untouched || !isOfOurKind(clip)) return undefined
  const run = { signal: options.signal }
  try {
    if (!(await showsAllItHolds(path, clip, run))) return undefined
    const stream = ffmpegOutput(copying(path, clip, outPath), run)
    if (!(await isPlainStream(stream, { width: clip.codedWidth, height: clip.codedHeight, frames: clip.frames })))
      return undefined
  } catch (error) {
    options.signal?.throwIfAborted()
    if (error instanceof FfmpegFailed) return undefined
    throw error
  }
  const { width, height, frames, matrix } = clip
  const { fill, blankedWhereUnsure } = options
  const as = { copied: true, crf: undefined, drawnBy: 'nothing', audioStreams: 0, matrixAssumed: false } as const
  return { width, height, frames, fill, blankedWhereUnsure, matrix, ...as }
}

/** What the encoder would write as well, at the times that the frames have. */
function isOfOurKind(clip: ClipInfo): boolean {
  const { sourcePts, pts } = clip
  const start = sourcePts[0] ?? 0
  return (
    clip.format.startsWith('mov,mp4') &&
    clip.codec === 'h264' &&
    clip.pixelFormat === 'yuv420p' &&
    clip.range === 'tv' &&
    !clip.interlaced &&
    clip.rotationDegrees === 0 &&
    !clip.mirrored &&
    clip.width % 2 === 0 &&
    clip.height % 2 === 0 &&
    clip.timeBase.num === 1 &&
    sourcePts.every((time, n) => time !== null && time - start === pts[n])
  )
}

/** No edit list that leaves frames out, and no second sample description. */
async function showsAllItHolds(path: string, clip: ClipInfo, run: RunOptions): Promise<boolean> {
  if ((await sampleEntries(path)).some(count => count !== 1)) return false
  const wanted = `-ignore_editlist 1 -select_streams ${clip.stream} -show_entries packet=pts -of csv=p=0`
  const stored: number[] = []
  const report = ffprobeOutput([...inputLimits(defaultLimits), ...wanted.split(' '), '-i', fileAddress(path)], run)
  for await (const line of lines(report)) if (line) stored.push(Number(line))
  stored.sort((a, b) => a - b)
  const shift = stored[0]! - clip.sourcePts[0]!
  return stored.length === clip.frames && clip.sourcePts.every((time, n) => stored[n]! - time! === shift)
}

/** The copy, and the whole stream as it is on standard output, read once. */
function copying(path: string, clip: ClipInfo, outPath: string) {
  const start = clip.sourcePts[0]!
  const slices = `filter_units=pass_types=1|5|7|8,setts=pts=PTS-(${start}):dts=DTS-(${start})`
  const stream = ['-map', `0:${clip.stream}`, '-c', 'copy', '-copyts']
  return clipInput(path)
    .output(fileAddress(outPath))
    .outputOptions(...stream, '-bsf:v', slices, ...nothingElse, '-video_track_timescale', String(clip.timeBase.den))
    .outputOptions(...'-movflags +faststart -f mp4 -y'.split(' '))
    .output('pipe:1')
    .outputOptions(...stream, ...'-f h264'.split(' '))
}
