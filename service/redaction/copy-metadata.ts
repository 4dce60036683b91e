/** Whether the copy carries anything beside its pictures. What is not on these lists is named as a fault. */
import { clipInput } from './clip-input.ts'
import { ffmpegOutput, type RunOptions } from './ffmpeg.ts'
import type { ClipLimits } from './limits.ts'
import { strangeBoxes } from './mp4-boxes.ts'
import { readStreams, type StreamReport } from './streams.ts'

const tags: Record<string, (value: string) => boolean> = {
  language: v => v === 'und',
  handler_name: v => v === 'VideoHandler' || v === 'SoundHandler',
  vendor_id: v => v === '[0][0][0][0]',
  encoder: v => /^Lavc [a-z0-9]+$/.test(v),
  major_brand: v => v === 'isom',
  minor_version: v => v === '512',
  compatible_brands: v => v === 'isomiso2avc1mp41',
}

/** Faults in words, none of them quoting what was found; empty where the copy is clean. */
export async function metadataFaults(
  outPath: string,
  audioStreams: number,
  limits: ClipLimits,
  options: RunOptions,
): Promise<string[]> {
  const found = await readStreams(outPath, limits, options)
  return [
    ...streamFaults(found, audioStreams),
    ...tagFaults('file', found.format.tags),
    ...found.streams.flatMap(s => tagFaults(`stream ${s.index}`, s.tags)),
    ...(found.chapters.length > 0 ? ['chapters'] : []),
    ...(await strangeBoxes(outPath)),
    ...((await carriesOtherUnits(outPath, options)) ? ['NAL units that are neither slice nor parameter set'] : []),
  ]
}

function streamFaults({ streams }: StreamReport, audioStreams: number): string[] {
  const kinds = streams.map(s => `${s.codec_type}/${s.codec_name}`)
  const wanted = ['video/h264', ...Array.from({ length: audioStreams }, () => 'audio/aac')]
  const sideData = streams.filter(s => s.side_data_list.length > 0)
  return [
    ...(kinds.join() === wanted.join() ? [] : ['other streams than were asked for']),
    ...sideData.map(s => `side data in stream ${s.index}`),
  ]
}

function tagFaults(where: string, found: Record<string, string>): string[] {
  return Object.entries(found)
    .filter(([name, value]) => !tags[name]?.(value))
    .map(([name]) => `${where}: tag ${name.replaceAll(/[^a-z0-9_]/gi, '?').slice(0, 40)}`)
}

/** Everything but slices and parameter sets, above all SEI: encoder settings, captions, a camera's own data. */
async function carriesOtherUnits(outPath: string, options: RunOptions): Promise<boolean> {
  const command = clipInput(outPath)
    .output('pipe:1')
    .outputOptions(...'-map 0:v:0 -c copy -bsf:v filter_units=pass_types=0|6|9-31 -f data'.split(' '))
  for await (const chunk of ffmpegOutput(command, options)) if (chunk.length > 0) return true
  return false
}
