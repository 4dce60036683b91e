/** What ffprobe says about a file, read strictly enough that a hostile header cannot surprise the rest. */
import { z } from 'zod'
import { fileAddress, inputLimits } from './clip-input.ts'
import { ffprobeOutput, type RunOptions } from './ffmpeg.ts'
import type { ClipLimits } from './limits.ts'
import type { ClipInfo, Ratio } from './probe.ts'

const text = z.string().default('unknown')
const stream = z.object({
  index: z.int().min(0),
  codec_type: text,
  codec_name: text,
  pix_fmt: text,
  width: z.int().default(0),
  height: z.int().default(0),
  sample_aspect_ratio: text,
  field_order: text,
  color_range: text,
  color_space: text,
  color_primaries: text,
  color_transfer: text,
  time_base: z.string().default('0/0'),
  disposition: z.record(z.string(), z.int()).default({}),
  side_data_list: z.array(z.looseObject({ side_data_type: text })).default([]),
  tags: z.record(z.string(), z.string()).default({}),
})
const report = z.object({
  streams: z.array(stream).default([]),
  chapters: z.array(z.unknown()).default([]),
  format: z.object({ format_name: text, tags: z.record(z.string(), z.string()).default({}) }),
})
export type Stream = z.infer<typeof stream>
export type StreamReport = z.infer<typeof report>

/** Throws FfmpegFailed when ffprobe cannot read the file, and SyntaxError or ZodError when its answer makes no sense. */
export async function readStreams(path: string, limits: ClipLimits, options: RunOptions): Promise<StreamReport> {
  const shown = ['-show_streams', '-show_format', '-show_chapters', '-of', 'json']
  const chunks: Buffer[] = []
  for await (const chunk of ffprobeOutput([...inputLimits(limits), ...shown, '-i', fileAddress(path)], options)) {
    chunks.push(chunk)
  }
  return report.parse(JSON.parse(Buffer.concat(chunks).toString('utf8')))
}

/** Cover art is a video stream to ffmpeg, and no clip. */
export function videoStreams(found: StreamReport): Stream[] {
  return found.streams.filter(s => s.codec_type === 'video' && !s.disposition.attached_pic)
}

/** The part of ClipInfo that stands in the stream's header. */
export function pictureOf(s: Stream) {
  const full = s.color_range === 'pc' || s.pix_fmt.startsWith('yuvj')
  const turned = orientation(s)
  const sideways = turned.rotationDegrees % 180 !== 0
  return {
    stream: s.index,
    codec: s.codec_name,
    pixelFormat: s.pix_fmt,
    codedWidth: s.width,
    codedHeight: s.height,
    width: sideways ? s.height : s.width,
    height: sideways ? s.width : s.height,
    ...turned,
    sampleAspect: ratio(s.sample_aspect_ratio) ?? { num: 1, den: 1 },
    range: full ? 'pc' : 'tv',
    matrix: s.color_space,
    primaries: s.color_primaries,
    transfer: s.color_transfer,
    interlaced: ['tt', 'bb', 'tb', 'bt'].includes(s.field_order),
    timeBase: ratio(s.time_base) ?? { num: 1, den: 1000 },
  } satisfies Partial<ClipInfo>
}

function ratio(value: string): Ratio | undefined {
  const [num = 0, den = 0] = value.split(/[:/]/).map(Number)
  return num > 0 && den > 0 ? { num, den } : undefined
}

/** The display matrix (ISO/IEC 14496-12, 6.2.2) as the nearest right angle, after an optional mirroring left to right. */
function orientation({ side_data_list }: Stream): Pick<ClipInfo, 'rotationDegrees' | 'mirrored'> {
  const matrix = side_data_list.find(d => d.side_data_type === 'Display Matrix')?.displaymatrix
  const cells = [...String(matrix ?? '').matchAll(/^[0-9a-f]{8}:\s+(-?\d+)\s+(-?\d+)/gm)]
  const [a = 1, b = 0] = cells[0]?.slice(1).map(Number) ?? []
  const [c = 0, d = 1] = cells[1]?.slice(1).map(Number) ?? []
  const mirrored = a * d - b * c < 0
  const upright = Math.abs(a) + Math.abs(d) >= Math.abs(b) + Math.abs(c)
  if (upright) return { mirrored, rotationDegrees: d < 0 ? 180 : 0 }
  return { mirrored, rotationDegrees: c < 0 ? 90 : 270 }
}
