/** What a redacted clip still shows of known faces and plates, judged from its decoded pixels and never from the plan. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { z } from 'zod'

const box = z.object({
  frame: z.int().min(0),
  class: z.enum(['face', 'plate']),
  track: z.string().min(1),
  x: z.number(),
  y: z.number(),
  w: z.number().positive(),
  h: z.number().positive(),
})

/** A truth file: the frames that were looked at, and every face and plate that shows on them, in pixels of the frame as displayed. */
const truthFile = z.object({ frames: z.array(z.int().min(0)).min(1), boxes: z.array(box) })

export type TruthBox = z.infer<typeof box>
export type Truth = z.infer<typeof truthFile>
export type TruthClass = TruthBox['class']

/** Throws a ZodError for a file of another shape. */
export async function readTruth(path: string): Promise<Truth> {
  return truthFile.parse(JSON.parse(await readFile(path, 'utf8')))
}

export interface LeakOptions {
  /** `#rrggbb`; black where absent. */
  readonly fill?: string
  /** How far a channel of a covered pixel may lie from the fill, 0..255. */
  readonly tolerance?: number
  /** A box counts as leaked when a smaller share of it is covered. */
  readonly leastCovered?: number
}

export interface BoxLeak extends TruthBox {
  /** Share of the box's area that still shows the original, 0..1. */
  readonly open: number
}

export interface ClassLeak {
  readonly boxes: number
  /** Frames on which the class shows, and those of them on which at least one box is leaked. */
  readonly frames: number
  readonly leakedFrames: number
  readonly frameLeakRate: number
  /** The most consecutive frames on which one track is leaked. */
  readonly longestLeakedRun: number
  readonly worstOpen: number
  readonly meanOpen: number
}

export interface LeakReport {
  readonly frames: number
  readonly classes: Readonly<Record<TruthClass, ClassLeak>>
  readonly leaked: readonly BoxLeak[]
  /** Share of all pixels of the frames that are covered though no truth box holds them, 0..1. */
  readonly overRedaction: number
}

/**
 * Compares a redacted clip with its original, frame by frame. A pixel is covered when it lies within the tolerance of the
 * fill; one that the original already showed like that proves nothing and is not counted.
 * Throws when the clips differ in their number of frames, or the truth names a frame that neither has.
 */
export async function measureLeak(
  original: string,
  redacted: string,
  truth: Truth,
  { fill = '#000000', tolerance = 16, leastCovered = 0.9 }: LeakOptions = {},
): Promise<LeakReport> {
  const colour = [1, 3, 5].map(at => Number.parseInt(fill.slice(at, at + 2), 16)) as [number, number, number]
  const looked = new Set(truth.frames)
  const byFrame = Map.groupBy(truth.boxes, each => each.frame)
  const seen: BoxLeak[] = []
  let frames = 0
  let pixels = 0
  let tooMuch = 0
  const before = pictures(original)
  const after = pictures(redacted)
  for (;;) {
    const [was, is] = await Promise.all([before.next(), after.next()])
    if (was.done !== is.done) throw new Error(`one of the clips ends after ${frames} frames, the other goes on`)
    if (was.done || is.done) break
    if (looked.delete(frames)) {
      const boxes = byFrame.get(frames) ?? []
      const { state, width, height } = stateOf(was.value, is.value, colour, tolerance)
      for (const each of boxes) seen.push({ ...each, open: openShare(state, width, height, each) })
      tooMuch += coveredOutside(state, width, height, boxes)
      pixels += width * height
    }
    frames++
  }
  if (looked.size > 0)
    throw new Error(`the clip has ${frames} frames, but the truth names frame ${Math.max(...looked)}`)
  const leaked = seen.filter(each => each.open > 1 - leastCovered)
  const classes = {
    face: summary(seen, leaked, 'face'),
    plate: summary(seen, leaked, 'plate'),
  }
  return { frames, classes, leaked, overRedaction: tooMuch / pixels }
}

function summary(seen: readonly BoxLeak[], leaked: readonly BoxLeak[], wanted: TruthClass): ClassLeak {
  const own = seen.filter(each => each.class === wanted)
  const lost = leaked.filter(each => each.class === wanted)
  const frames = new Set(own.map(each => each.frame)).size
  const leakedFrames = new Set(lost.map(each => each.frame)).size
  return {
    boxes: own.length,
    frames,
    leakedFrames,
    frameLeakRate: frames === 0 ? 0 : leakedFrames / frames,
    longestLeakedRun: longestRun(lost),
    worstOpen: own.reduce((worst, each) => Math.max(worst, each.open), 0),
    meanOpen: own.length === 0 ? 0 : own.reduce((sum, each) => sum + each.open, 0) / own.length,
  }
}

function longestRun(lost: readonly BoxLeak[]): number {
  let longest = 0
  for (const boxes of Map.groupBy(lost, each => each.track).values()) {
    let run = 0
    let last = Number.NEGATIVE_INFINITY
    for (const frame of [...new Set(boxes.map(each => each.frame))].sort((a, b) => a - b)) {
      run = frame === last + 1 ? run + 1 : 1
      last = frame
      longest = Math.max(longest, run)
    }
  }
  return longest
}

const unjudged = 0
const open = 1
const covered = 2

interface Picture {
  readonly width: number
  readonly height: number
  readonly rgb: Buffer
}

/** For each pixel whether it is open, covered, or looked like the fill from the start. A copy may be padded by a pixel. */
function stateOf(was: Picture, is: Picture, fill: readonly [number, number, number], tolerance: number) {
  const { width, height } = was
  if (is.width < width || is.height < height) throw new Error('the redacted picture is smaller than the original')
  const like = (rgb: Buffer, at: number) =>
    Math.abs(rgb[at]! - fill[0]) <= tolerance &&
    Math.abs(rgb[at + 1]! - fill[1]) <= tolerance &&
    Math.abs(rgb[at + 2]! - fill[2]) <= tolerance
  const state = new Uint8Array(width * height)
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      if (like(was.rgb, (y * width + x) * 3)) continue
      state[y * width + x] = like(is.rgb, (y * is.width + x) * 3) ? covered : open
    }
  }
  return { state, width, height }
}

function openShare(state: Uint8Array, width: number, height: number, area: TruthBox): number {
  let judged = 0
  let shown = 0
  inside(width, height, area, at => {
    if (state[at] !== unjudged) judged++
    if (state[at] === open) shown++
  })
  return judged === 0 ? 0 : shown / judged
}

/** Takes the boxes out of `state`. */
function coveredOutside(state: Uint8Array, width: number, height: number, boxes: readonly TruthBox[]): number {
  for (const each of boxes) {
    inside(width, height, each, at => {
      state[at] = unjudged
    })
  }
  return state.reduce((sum, pixel) => sum + (pixel === covered ? 1 : 0), 0)
}

function inside(width: number, height: number, { x, y, w, h }: TruthBox, visit: (at: number) => void): void {
  for (let row = Math.max(0, Math.floor(y)); row < Math.min(height, Math.ceil(y + h)); row++) {
    for (let column = Math.max(0, Math.floor(x)); column < Math.min(width, Math.ceil(x + w)); column++) {
      visit(row * width + column)
    }
  }
}

/** Every frame as a player shows it; PPM, since each picture tells its own size there. */
async function* pictures(path: string): AsyncGenerator<Picture> {
  const plain = [
    '-map',
    '0:v:0',
    '-fps_mode',
    'passthrough',
    '-pix_fmt',
    'rgb24',
    '-c:v',
    'ppm',
    '-f',
    'image2pipe',
    '-',
  ]
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
