/** Which faces and plates a clip shows on which frames: what a redacted copy of it is judged by. */
import { readFile } from 'node:fs/promises'
import { z } from 'zod'
import { type Box, between } from '../../service/redaction/box.ts'

const truthClass = z.enum(['face', 'plate'])
const frameNumber = z.int().min(0)

const box = z.object({
  frame: frameNumber,
  class: truthClass,
  track: z.string().min(1),
  x: z.number(),
  y: z.number(),
  w: z.number().positive(),
  h: z.number().positive(),
})

/** `[frame, x, y, w, h]` */
const key = z.tuple([frameNumber, z.number(), z.number(), z.number().positive(), z.number().positive()])

/** One thing over time: each span runs from its first key to its last, and between two keys the box moves evenly. */
const track = z.object({ id: z.string().min(1), class: truthClass, spans: z.array(z.array(key).min(1)).min(1) })

/**
 * A truth file, in pixels of the frame as displayed: the frames that were looked at (a count means all from 0), and every face and
 * plate that shows on them, as boxes, as tracks or both. In `ignore` nobody can tell: what lies there counts neither way.
 */
const truthFile = z.object({
  clip: z.string().optional(),
  method: z.string().optional(),
  width: z.int().optional(),
  height: z.int().optional(),
  rate: z.number().optional(),
  frames: z.union([z.int().min(1), z.array(frameNumber).min(1)]),
  boxes: z.array(box).optional(),
  /** Mere names add nothing to `boxes`. */
  tracks: z.union([z.array(track), z.array(z.string())]).optional(),
  ignore: z.array(track.extend({ class: truthClass.optional() })).optional(),
})

export type TruthFile = Omit<z.input<typeof truthFile>, 'tracks'> & { tracks?: z.input<typeof track>[] }
export type TruthBox = z.infer<typeof box>
export type TruthClass = z.infer<typeof truthClass>

export interface Ignored extends Box {
  readonly frame: number
  /** Absent: for both classes. */
  readonly class?: TruthClass | undefined
}

/** A truth file written out, frame by frame. */
export interface Truth {
  /** The name of the clip's file, where the truth tells it. */
  readonly clip?: string | undefined
  readonly frames: readonly number[]
  readonly boxes: readonly TruthBox[]
  readonly ignore: readonly Ignored[]
}

/** Throws a ZodError for a file of another shape, a RangeError for keys out of order. */
export async function readTruth(path: string): Promise<Truth> {
  return truthOf(JSON.parse(await readFile(path, 'utf8')))
}

export function truthOf(file: unknown): Truth {
  const { clip, frames, boxes = [], tracks = [], ignore = [] } = truthFile.parse(file)
  const listed = typeof frames === 'number' ? Array.from({ length: frames }, (_, k) => k) : frames
  const looked = new Set(listed)
  const drawn = tracks.flatMap(each =>
    typeof each === 'string'
      ? []
      : placesOf(each.id, each.spans).map(place => ({ ...place, class: each.class, track: each.id })),
  )
  const ignored = ignore.flatMap(each => placesOf(each.id, each.spans).map(place => ({ ...place, class: each.class })))
  const onLooked = <T extends { frame: number }>(all: T[]) => all.filter(each => looked.has(each.frame))
  return { clip, frames: listed, boxes: [...boxes, ...onLooked(drawn)], ignore: onLooked(ignored) }
}

type Key = z.infer<typeof key>

function placesOf(id: string, spans: readonly Key[][]): (Box & { frame: number })[] {
  const places: (Box & { frame: number })[] = []
  let last = -1
  const add = (frame: number, at: Box) => {
    if (frame <= last) throw new RangeError(`track ${id}: frame ${frame} comes after ${last}`)
    last = frame
    places.push({ frame, ...at })
  }
  for (const span of spans) {
    for (const [i, one] of span.entries()) {
      const [frame] = one
      add(frame, boxOf(one))
      const next = span[i + 1]
      if (!next) continue
      for (let k = frame + 1; k < next[0]; k++) {
        add(k, between(boxOf(one), boxOf(next), (k - frame) / (next[0] - frame)))
      }
    }
  }
  return places
}

const boxOf = ([, x, y, w, h]: Key): Box => ({ x, y, w, h })
