/** Pass 2: one ffmpeg that decodes, covers and encodes. Its standard output tells which frame it just drew, and at what time. */
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { FfmpegCommand } from 'fluent-ffmpeg'
import { Problem } from '../http/problem.ts'
import { clipInput, fileAddress } from './clip-input.ts'
import { colourOf, parseFill } from './colour.ts'
import { canvasOf, coversOf } from './covers.ts'
import { drawScript } from './draw-commands.ts'
import { ffmpegOutput, lines } from './ffmpeg.ts'
import { audioGraphs, type Drawing, scriptFile, videoGraph } from './filter-graph.ts'
import { parseFrameLog } from './frame-times.ts'
import { maskStream } from './mask.ts'
import type { RedactionPlan } from './plan.ts'
import { type ClipInfo, FramesDiffer } from './probe.ts'
import { withScratch } from './scratch.ts'

export interface RenderOptions {
  /** `#rrggbb`; black where absent. */
  readonly fill?: string | undefined
  /** Keep the sound, encoded again. Dropped unless asked for. */
  readonly audio?: boolean | undefined
  /** Blank the frames of which the plan could not tell; true where absent. */
  readonly blankWhereUnsure?: boolean | undefined
  /** x264's constant rate factor: 18 where absent, lower is finer. */
  readonly crf?: number | undefined
  readonly onProgress?: ((done: number, total: number) => void) | undefined
  readonly signal?: AbortSignal | undefined
}

export interface Rendered {
  /** Size of the copy: the clip's, with odd sides padded by one. */
  readonly width: number
  readonly height: number
  readonly frames: number
  readonly fill: string
  /** True where the clip's own slices went along: then nothing was encoded, and nothing drawn. */
  readonly copied: boolean
  /** Undefined where nothing was encoded. */
  readonly crf: number | undefined
  readonly blankedWhereUnsure: boolean
  /** Sound tracks that went along. */
  readonly audioStreams: number
  /** `drawbox` filters, or a mask where those would be too many or be told too much. */
  readonly drawnBy: 'slots' | 'mask' | 'nothing'
  /** The matrix that the copy is tagged with, and whether the clip left it to guess. */
  readonly matrix: string
  readonly matrixAssumed: boolean
}

export const blackFill = '#000000'
const usualCrf = 18
/** x264 writes other bytes with another number of threads, so the number is pinned. */
const encodeThreads = 6

/**
 * How the copy is encoded; a plain transcode with these is what redaction is measured against. Adaptive quantisation and
 * macroblock trees save bits on busy blocks that nothing refers to: just what the edge of a moving box is, and there the
 * fill would keep a ghost of what it covers. Chroma is held to the same accuracy as luma.
 */
export function encoder(crf = usualCrf): string[] {
  const even = '-aq-mode none -mbtree 0 -chromaoffset -6'
  return `-c:v libx264 -preset veryfast -crf ${crf} ${even} -pix_fmt yuv420p -threads ${encodeThreads}`.split(' ')
}

/**
 * Where frames lie seconds apart (time lapse), those that are coded out of order would be dated before the first by so much that
 * MP4's edit list takes frames away.
 */
function ordered({ frameTicks, timeBase }: ClipInfo): string[] {
  return (frameTicks * timeBase.num) / timeBase.den > 0.5 ? ['-bf', '0'] : []
}

/** Slices and parameter sets only: x264 writes its settings into an SEI, and captions would travel in one. */
const slicesOnly = '-a53cc 0 -bsf:v filter_units=pass_types=1-5|7|8'.split(' ')
export const nothingElse = '-map_metadata -1 -map_chapters -1 -dn -sn -fflags +bitexact -flags +bitexact'.split(' ')

/**
 * Writes `outPath`, an MP4 with one H.264 stream in which the plan is burned in: every frame of the clip, upright, at
 * `clip.pts`. Nothing else of the clip goes along. Throws FramesDiffer when the decoder shows other frames than the clip
 * info lists, Problem `redaction-failed` when ffmpeg fails; `outPath` may then hold a useless half, which is the caller's to
 * remove.
 */
export async function renderPlan(
  path: string,
  clip: ClipInfo,
  plan: RedactionPlan,
  outPath: string,
  { fill = blackFill, audio = false, blankWhereUnsure = true, crf = usualCrf, onProgress, signal }: RenderOptions = {},
): Promise<Rendered> {
  const canvas = canvasOf(clip)
  const colour = colourOf(clip, fill)
  const covers = coversOf(plan, { blankWhereUnsure })
  const script = drawScript(covers, clip.pts, clip.timeBase, canvas)
  const command = renderCommand(path, clip, outPath, { canvas, colour, script, fill: parseFill(fill) }, audio, crf)
  await withScratch(async cwd => {
    await writeFile(join(cwd, scriptFile), script?.text ?? '')
    const feed = script ? undefined : maskStream(covers, clip.pts, clip.timeBase, canvas)
    await watch(ffmpegOutput(command, { signal, cwd, feed }), clip, onProgress).catch(cause => {
      signal?.throwIfAborted()
      if (cause instanceof FramesDiffer) throw cause
      throw new Problem('redaction-failed', { detail: 'The redacted copy could not be written.', cause })
    })
  })
  return {
    ...canvas,
    frames: clip.frames,
    fill,
    copied: false,
    crf,
    blankedWhereUnsure: blankWhereUnsure,
    audioStreams: audio ? clip.audioStreams : 0,
    drawnBy: script ? 'slots' : 'mask',
    matrix: colour.matrix,
    matrixAssumed: colour.assumed,
  }
}

function renderCommand(path: string, clip: ClipInfo, outPath: string, drawing: Drawing, audio: boolean, crf: number) {
  const { matrix, primaries, transfer } = drawing.colour
  const tracks = audio ? audioGraphs(clip) : []
  const sound = audio ? '-c:a aac' : '-an'
  const times = `-fps_mode passthrough -enc_time_base ${clip.timeBase.num}:${clip.timeBase.den}`
  const tags = `-color_range tv -colorspace ${matrix} -color_primaries ${primaries} -color_trc ${transfer}`
  return secondInput(clipInput(path), drawing)
    .complexFilter([...videoGraph(clip, drawing), ...tracks])
    .output(fileAddress(outPath))
    .outputOptions('-map', '[v]', ...tracks.flatMap((_, i) => ['-map', `[a${i}]`]))
    .outputOptions(...`${sound} ${times}`.split(' '), ...encoder(crf), ...ordered(clip), ...slicesOnly, ...nothingElse)
    .outputOptions(...`${tags} -movflags +faststart -f mp4 -y`.split(' '))
}

/** There is always one: ffmpeg copies the clip's side data (display matrix, spherical mapping) to what a graph of one input makes. */
function secondInput(command: FfmpegCommand, { script }: Drawing): FfmpegCommand {
  if (script) return command.input('color=s=16x16:r=1:d=1').inputFormat('lavfi')
  const atOnce = ['-probesize', '32', '-analyzeduration', '0']
  return command
    .input('pipe:3')
    .inputFormat('matroska')
    .inputOptions('-protocol_whitelist', 'pipe', ...atOnce)
}

/** Reads the report of each drawn frame and holds it against the clip info that the boxes were timed by. */
async function watch(
  output: AsyncIterable<Buffer>,
  clip: ClipInfo,
  onProgress: RenderOptions['onProgress'],
): Promise<void> {
  let done = 0
  for await (const line of lines(output)) {
    const drawn = parseFrameLog(line)
    if (!drawn) continue
    if (drawn.frame !== done || drawn.pts !== clip.pts[done]) {
      throw new FramesDiffer(`frame ${drawn.frame} came at ${drawn.pts}, frame ${done} was due at ${clip.pts[done]}`)
    }
    done++
    onProgress?.(done, clip.frames)
  }
  if (done !== clip.frames) throw new FramesDiffer(`${done} frames came, ${clip.frames} were due`)
}
