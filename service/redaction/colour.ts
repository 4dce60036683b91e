/**
 * Colour of the redacted copy. `drawbox` reckons every colour as limited-range BT.601, so full range is made limited before
 * drawing, and where the fill is no grey (a grey is the same in every matrix) the picture is brought to BT.601 as well. The
 * copy's tags then say what is in it, so that a decoder shows the fill that was asked for.
 */
import type { ClipInfo } from './probe.ts'

export interface Colour {
  /** Arguments of the `scale` filter that makes the change; undefined where pixels stay as they are. */
  readonly convert: string | undefined
  readonly matrix: string
  readonly primaries: string
  readonly transfer: string
  /** True where the clip does not name its matrix, and the usual one for its size is taken. */
  readonly assumed: boolean
}

/** ffmpeg's name of a matrix, and swscale's word for the same. */
const matrices = new Map([
  ['bt709', 'bt709'],
  ['smpte170m', 'smpte170m'],
  ['bt470bg', 'bt470'],
  ['smpte240m', 'smpte240m'],
  ['fcc', 'fcc'],
  ['bt2020nc', 'bt2020'],
])
/** Tags that both ffprobe and the encoder know; anything else in a clip counts as untold. */
const primaries = ['bt709', 'bt470m', 'bt470bg', 'smpte170m', 'smpte240m', 'film', 'bt2020', 'smpte431', 'smpte432']
const transfers = [
  'bt709',
  'smpte170m',
  'smpte240m',
  'linear',
  'iec61966-2-1',
  'bt2020-10',
  'smpte2084',
  'arib-std-b67',
]
const fillPattern = /^#[0-9a-f]{6}$/i

export function colourOf(clip: ClipInfo, fill: string): Colour {
  const rgb = clip.pixelFormat.startsWith('gbr') || clip.pixelFormat.includes('rgb') || clip.pixelFormat.includes('bgr')
  const known = matrices.has(clip.matrix) && !rgb
  const source = known ? clip.matrix : usualMatrix(clip)
  const matrix = isGrey(fill) ? source : 'smpte170m'
  const steps = [
    ...(clip.range === 'pc' || rgb ? [`in_range=${rgb ? 'pc' : clip.range}`, 'out_range=tv'] : []),
    ...(matrix === source || rgb ? [] : [`in_color_matrix=${matrices.get(source)}`]),
    ...(matrix === source && !rgb ? [] : [`out_color_matrix=${matrices.get(matrix)}`]),
  ]
  return {
    convert: steps.length > 0 ? steps.join(':') : undefined,
    matrix,
    primaries: primaries.includes(clip.primaries) ? clip.primaries : companion(matrix),
    transfer: transfers.includes(clip.transfer) ? clip.transfer : companion(matrix),
    assumed: !known,
  }
}

/** Red, green and blue, 0 to 255. */
export type Fill = readonly [r: number, g: number, b: number]

/** Reads `#rrggbb`. Throws RangeError on anything else. */
export function parseFill(fill: string): Fill {
  if (!fillPattern.test(fill)) throw new RangeError(`a fill is written #rrggbb, not ${JSON.stringify(fill)}`)
  const at = (i: number) => Number.parseInt(fill.slice(i, i + 2), 16)
  return [at(1), at(3), at(5)]
}

/** Limited-range BT.601, as `drawbox` reckons it. */
export function toYuv([r, g, b]: Fill): readonly [y: number, u: number, v: number] {
  const luma = 0.299 * r + 0.587 * g + 0.114 * b
  const chroma = (channel: number, weight: number) =>
    Math.round(128 + ((channel - luma) / (2 - 2 * weight)) * (224 / 255))
  return [Math.round(16 + luma * (219 / 255)), chroma(b, 0.114), chroma(r, 0.299)]
}

function isGrey(fill: string): boolean {
  const [r, g, b] = parseFill(fill)
  return r === g && g === b
}

/** What players take where nothing is said: BT.709 from 720 lines on, BT.601 below. */
function usualMatrix({ codedWidth, codedHeight }: ClipInfo): string {
  return codedHeight >= 720 || codedWidth >= 1280 ? 'bt709' : 'smpte170m'
}

/** Primaries and transfer that go with a matrix, in words that both options of ffmpeg know. */
function companion(matrix: string): string {
  return matrix === 'bt709' || matrix === 'smpte240m' ? matrix : 'smpte170m'
}
