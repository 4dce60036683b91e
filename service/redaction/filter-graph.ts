/** The filter graph of pass 2, in ffmpeg's language. */
import { uprightFilters } from './clip-input.ts'
import { type Colour, type Fill, toYuv } from './colour.ts'
import type { Canvas } from './covers.ts'
import { type DrawScript, parkedAt } from './draw-commands.ts'
import { frameLog } from './frame-times.ts'
import type { ClipInfo } from './probe.ts'
import { retimeExpression } from './timing.ts'

/** Where the script is expected, in the folder that ffmpeg runs in. */
export const scriptFile = 'commands'

export interface Drawing {
  readonly canvas: Canvas
  readonly colour: Colour
  readonly fill: Fill
  /** For `drawbox`; undefined where the covers come as a mask on input 1. */
  readonly script: DrawScript | undefined
}

const scale = 'scale=flags=bicubic+accurate_rnd+full_chroma_int+bitexact'

/**
 * Decoded frames in, frames to encode out as `[v]`: upright, 8-bit 4:2:0 in limited range, padded to even sides, at the
 * times of `clip.pts`, covered. Each frame is reported on standard output before it is covered.
 */
export function videoGraph(clip: ClipInfo, drawing: Drawing): string[] {
  const { canvas, colour, script } = drawing
  const tags = `range=tv:colorspace=${colour.matrix}:color_primaries=${colour.primaries}:color_trc=${colour.transfer}`
  const prepare = [
    `settb=${clip.timeBase.num}/${clip.timeBase.den}`,
    `setpts='${retimeExpression(clip)}'`,
    ...uprightFilters(clip),
    [scale, colour.convert].filter(Boolean).join(':'),
    ...padding(canvas.width - clip.width, canvas.height - clip.height),
    'format=yuv420p',
    `setparams=${tags}`,
    frameLog,
  ]
  // Captions and other side data of a frame would otherwise reach the encoder.
  const finish = 'sidedata=mode=delete'
  const source = `[0:${clip.stream}]${prepare.join(',')}`
  if (!script) return [`${source}[p]`, `[p][1:v]${masked(drawing.fill)},${finish}[v]`]
  return ['[1:v]nullsink', `${[source, ...slots(script, drawing), finish].join(',')}[v]`]
}

/** The fill where the mask is white, one table for each plane. */
function masked(fill: Fill): string {
  const planes = toYuv(fill).map((value, plane) => `c${plane}='if(y,${value},x)'`)
  return `lut2=${planes.join(':')}`
}

function slots({ slots: count }: DrawScript, { canvas, fill }: Drawing): string[] {
  if (count === 0) return []
  const colour = fill.map(channel => channel.toString(16).padStart(2, '0')).join('')
  const box = `x=${parkedAt(canvas)}:y=0:w=2:h=2:t=fill:color=0x${colour}`
  return [`sendcmd=f=${scriptFile}`, ...Array.from({ length: count }, (_, i) => `drawbox@s${i}=${box}`)]
}

/** Repeats the last column and row. In 4:4:4, since `pad` cuts an odd column away where chroma is coarser. */
function padding(right: number, bottom: number): string[] {
  if (right === 0 && bottom === 0) return []
  return [
    'format=yuv444p',
    `pad=iw+${right}:ih+${bottom}:0:0`,
    `fillborders=right=${right}:bottom=${bottom}:mode=smear`,
    scale,
  ]
}

/** Each sound track as `[a0]`, `[a1]`, ..., moved as the first frame was moved to time 0. */
export function audioGraphs(clip: ClipInfo): string[] {
  const { num, den } = clip.timeBase
  const start = ((clip.sourcePts[0] ?? 0) * num) / den
  const filters = `asetpts=PTS-(${start.toFixed(6)})/TB,aresample=async=1:first_pts=0`
  return Array.from({ length: clip.audioStreams }, (_, i) => `[0:a:${i}]${filters}[a${i}]`)
}
