/**
 * Real footage, cropped so that the border of the frame goes through where a face mostly is: half and a third of it are gone on the right
 * and on the left, two fifths below. Of each clip the face that is seen longest, for a second and a half; others count where they show.
 * With `--beside` what another camera shows begins at that border, as on a recorder's screen; of that nothing counts.
 * The clips show real people: they go to the folder that `--out` names and never into the project.
 */
import { execFile } from 'node:child_process'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { parseArgs, promisify } from 'node:util'
import type { Measurement } from '../../service/cli/bench.ts'
import { type Box, intersection, intersectionArea } from '../../service/redaction/box.ts'
import { probeClip } from '../../service/redaction/probe.ts'
import type { TruthBox, TruthFile } from '../redaction/leak-truth.ts'
import { type Case, readCases } from './judge/cases.ts'

const usage = 'bench cut-faces VIDEO.. --truth DIR --out DIR [--beside VIDEO]'
/** What of the face is left. */
const cuts = [
  ['right', 0.5],
  ['right', 0.65],
  ['left', 0.5],
  ['left', 0.65],
  ['bottom', 0.6],
] as const
const seconds = 1.5
/** The first frames of a clip may show somebody coming into the picture. */
const skipped = 10
/** What is smaller after cropping is no footage. */
const leastPx = 96
const leastLeft = 0.3

type Cut = (typeof cuts)[number]

export async function run(args: string[]): Promise<Measurement[]> {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: { truth: { type: 'string' }, out: { type: 'string' }, beside: { type: 'string' } },
  })
  if (!values.truth || !values.out) throw new Error(`usage: ${usage}`)
  await mkdir(values.out, { recursive: true })
  let [clips, boxes] = [0, 0]
  for (const one of await readCases(positionals, values.truth)) {
    for (const cut of cuts) {
      const made = await crop(one, cut, values.out, values.beside)
      clips += made === 0 ? 0 : 1
      boxes += made
    }
  }
  return [
    { name: 'clips', value: clips, unit: 'clips' },
    { name: 'boxes', value: boxes, unit: 'boxes' },
  ]
}

/** How many boxes of faces the clip shows; 0 where none can be made. */
async function crop({ name, video, truth }: Case, cut: Cut, folder: string, beside?: string): Promise<number> {
  const clip = await probeClip(video)
  const rate = clip.frames / clip.durationSeconds
  const face = longest(truth.boxes.filter(box => box.class === 'face'))
  const first = face.find(({ frame }) => frame >= skipped)?.frame ?? face[0]?.frame ?? 0
  const shown = face.filter(({ frame }) => frame >= first && frame < first + seconds * rate)
  if (shown.length < 2) return 0
  const kept = keptOf(shown, cut, clip)
  if (kept.w < leastPx || kept.h < leastPx) return 0

  const file = `${name}-${cut[0]}-${cut[1] * 100}.mp4`
  const last = shown.at(-1)!.frame
  const screen = screenOf(cut, kept, rate, beside)
  const cutOut = `[0:v]select='between(n,${first},${last})',setpts=N/(${rate}*TB),crop=${kept.w}:${kept.h}:${kept.x}:${kept.y}`
  const encoder = ['-c:v', 'libx264', '-preset', 'veryfast', '-crf', '21', '-pix_fmt', 'yuv420p']
  await promisify(execFile)('ffmpeg', [
    ...['-y', '-v', 'error', '-i', video, ...(beside ? ['-stream_loop', '-1', '-i', beside] : []), '-an'],
    ...['-filter_complex', `${cutOut}${screen.filters}`, '-r', `${rate}`, '-frames:v', `${last - first + 1}`],
    ...[...encoder, join(folder, file)],
  ])
  const inTime = ({ frame }: { frame: number }) => frame >= first && frame <= last
  const cropped = <T extends Box & { frame: number }>(box: T): T => {
    const { x, y, w, h } = intersection(box, kept)
    return { ...box, frame: box.frame - first, x: x - kept.x + screen.x, y: y - kept.y + screen.y, w, h }
  }
  const shares = (box: Box) => intersectionArea(box, kept) / (box.w * box.h)
  const faces = truth.boxes.filter(box => inTime(box) && shares(box) > 0)
  const boxes = faces.filter(box => shares(box) >= leastLeft).map(cropped)
  // Of what is left of the others nobody can tell whose it is.
  const ignored = [
    ...faces.filter(box => shares(box) < leastLeft),
    ...truth.ignore.filter(box => inTime(box) && shares(box) > 0),
  ]
  const known: TruthFile = {
    clip: file,
    width: screen.width,
    height: screen.height,
    frames: truth.frames.filter(frame => inTime({ frame })).map(frame => frame - first),
    boxes,
    ignore: [
      ...ignored.map(cropped).map((box, i) => ({
        id: `${i}`,
        ...(box.class && { class: box.class }),
        spans: [[keyOf(box.frame, box)]],
      })),
      ...(screen.other ? [{ id: 'other', spans: [[keyOf(0, screen.other), keyOf(last - first, screen.other)]] }] : []),
    ],
  }
  await writeFile(join(folder, file.replace('.mp4', '.truth.json')), `${JSON.stringify(known)}\n`)
  return boxes.length
}

interface Screen {
  readonly width: number
  readonly height: number
  /** Where on it the cut picture lies. */
  readonly x: number
  readonly y: number
  /** What ffmpeg does with the cut picture to make it. */
  readonly filters: string
  readonly other: Box | undefined
}

/** The cut picture alone, or at its border as much of what another camera shows. */
function screenOf([side]: Cut, { w, h }: Box, rate: number, beside?: string): Screen {
  if (!beside) return { width: w, height: h, x: 0, y: 0, filters: '', other: undefined }
  const other = (inputs: string, stack: string) =>
    `,fps=${rate}[cut];[1:v]fps=${rate},scale=${w}:${h},setsar=1[other];${inputs}${stack}`
  if (side === 'bottom') {
    const filters = other('[cut][other]', 'vstack')
    return { width: w, height: 2 * h, x: 0, y: 0, filters, other: { x: 0, y: h, w, h } }
  }
  const filters = side === 'right' ? other('[cut][other]', 'hstack') : other('[other][cut]', 'hstack')
  return {
    width: 2 * w,
    height: h,
    x: side === 'right' ? 0 : w,
    y: 0,
    filters,
    other: { x: side === 'right' ? w : 0, y: 0, w, h },
  }
}

function keyOf(frame: number, { x, y, w, h }: Box): [number, number, number, number, number] {
  return [frame, x, y, w, h]
}

function longest(boxes: readonly TruthBox[]): TruthBox[] {
  const tracks = [...Map.groupBy(boxes, ({ track }) => track).values()]
  return tracks.toSorted((a, b) => b.length - a.length)[0] ?? []
}

/** The part of the frame that is kept: sides even, the border through the median face. */
function keptOf(shown: readonly Box[], [side, share]: Cut, { width, height }: { width: number; height: number }): Box {
  const median = (of: (box: Box) => number) => shown.map(of).sort((a, b) => a - b)[shown.length >> 1]!
  const even = (value: number) => 2 * Math.floor(value / 2)
  const [x, y, w, h] = [median(box => box.x), median(box => box.y), median(box => box.w), median(box => box.h)]
  if (side === 'right') return { x: 0, y: 0, w: even(x + share * w), h: even(height) }
  if (side === 'bottom') return { x: 0, y: 0, w: even(width), h: even(y + share * h) }
  const from = even(x + w - share * w)
  return { x: from, y: 0, w: even(width - from), h: even(height) }
}
