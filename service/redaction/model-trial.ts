import { isDeepStrictEqual } from 'node:util'
import type { Look, Picture } from './detector.ts'
import { fineness, type Layout, layoutFor, wholeOf } from './layout.ts'
import type { Model } from './models.ts'
import { openPool } from './worker-pool.ts'

const trialMs = 60_000
/** Low enough that boxes are read wherever the network has the slightest doubt. */
const floor = 0.02

/**
 * Shows a model pictures of the shapes and sizes that clips have, in a process of its own and in the way that a clip is shown.
 * Throws an Error when it cannot be opened, hangs, answers in another form than its adapter reads or with numbers that are none, or does
 * not answer the same twice. Whether it finds anything worth finding is no question for a test picture.
 */
export async function tryModel(model: Model): Promise<void> {
  const floors = Object.fromEntries(model.columns.map(one => [one, floor]))
  await using pool = openPool([{ model, floors }], 1, { pictureMs: trialMs })
  const look = async (picture: Picture) => await (await pool.submit(picture)).findings
  for (const [width, height] of [
    [1920, 1080],
    [1080, 1920],
    [704, 576],
  ] as const) {
    const picture = trialPicture(layoutFor(width, height))
    if (!isDeepStrictEqual(await look(picture), await look(picture)))
      throw new Error(`it answers one picture of ${width}x${height} in two ways`)
  }
}

/** Shades and edges of many sizes, of nothing in particular. */
function trialPicture(layout: Layout): Picture {
  const [width, height] = [layout.width * fineness, layout.height * fineness]
  const planes = Uint8Array.from({ length: (width * height * 3) / 2 }, (_, i) => {
    const [x, y] = [i % width, Math.floor(i / width)]
    const wave = 90 * Math.sin(x / (7 + (y >> 6))) * Math.cos(y / (11 + (x >> 7)))
    return 128 + wave + (((x >> 4) ^ (y >> 4)) % 16)
  })
  const part = { x: 32, y: 64, w: layout.width - 96, h: layout.height - 128 }
  const looks: Look[] = [
    { scale: 'coarse', region: wholeOf(layout) },
    { scale: 'fine', region: wholeOf({ width, height }) },
    { scale: 'coarse', region: part },
  ]
  return { width, height, planes, matrix: 'bt709', looks }
}
