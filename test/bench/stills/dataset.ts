import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import type { Box } from '../../../service/redaction/box.ts'
import type { TruthClass } from '../../redaction/leak-truth.ts'
import { openTar, type Tar } from './tar.ts'

const corners = z.tuple([z.number(), z.number(), z.number(), z.number()])
const labels = z.object({
  images: z.array(
    z.object({
      file: z.string(),
      shard: z.string(),
      split: z.enum(['train', 'val']),
      w: z.int(),
      h: z.int(),
      set: z.string().optional(),
      source: z.string(),
      boxes: z.array(corners),
      box_src: z.array(z.string()).optional(),
      ignore: z.array(corners),
    }),
  ),
})

/** Boxes that a person who looked at them took for no face (a horse, an emblem on a helmet, a wrist), by their place in the labels. */
const noFaces: Readonly<Record<string, readonly number[]>> = {
  'hardhat_hats_02490.jpg': [1],
  'hardhat_hats_02052.jpg': [3],
  'hardhat_hats_02087.jpg': [3],
}

export type Split = 'train' | 'val'

/** A picture whose faces, or whose plates, are known; nothing is known of the other class. */
export interface Still {
  readonly file: string
  readonly class: TruthClass
  readonly set: string
  readonly width: number
  readonly height: number
  readonly boxes: readonly Box[]
  /** For each box whether a person drew it, or a teacher network alone. */
  readonly byPerson: readonly boolean[]
  /** For each box whether it is not to be judged all the same. */
  readonly doubtful: readonly boolean[]
  readonly ignore: readonly Box[]
  bytes(): Promise<Buffer>
}

/** Pictures of one class and split under `root` (`faces/labels.json`, `plates/labels.json`, and the archives beside them). */
export async function openStills(root: string, wanted: TruthClass, split: Split): Promise<Still[]> {
  const folder = join(root, `${wanted}s`)
  const { images } = labels.parse(JSON.parse(await readFile(join(folder, 'labels.json'), 'utf8')))
  const shards = new Map<string, Promise<Tar>>()
  const shard = (name: string) => {
    const known = shards.get(name) ?? openTar(join(folder, name))
    shards.set(name, known)
    return known
  }
  return images
    .filter(image => image.split === split)
    .map(image => ({
      file: image.file,
      class: wanted,
      set: image.set ?? image.source,
      width: image.w,
      height: image.h,
      boxes: image.boxes.map(boxOf),
      byPerson: image.boxes.map((_, i) => image.box_src?.[i] !== 't'),
      doubtful: image.boxes.map((_, i) => noFaces[image.file]?.includes(i) ?? false),
      ignore: image.ignore.map(boxOf),
      bytes: async () => (await shard(image.shard)).read(image.file),
    }))
}

/** Where the datasets lie: `--datasets`, or CUSTOS_DATASETS. Throws when neither says. */
export function datasetsRoot(given: string | undefined): string {
  const root = given ?? process.env.CUSTOS_DATASETS
  if (!root) throw new Error('name the folder of the datasets: --datasets DIR or CUSTOS_DATASETS')
  return root
}

function boxOf([left, top, right, bottom]: readonly [number, number, number, number]): Box {
  return { x: left, y: top, w: right - left, h: bottom - top }
}
