/**
 * Clips with exact truth: a virtual camera over the annotated stills of the datasets. They show real people: they go to the folder
 * that `--out` names and never into the project. `--split train` is for choosing thresholds, `--split val` for reporting alone.
 */
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import type { Measurement } from '../../service/cli/bench.ts'
import type { TruthClass } from '../redaction/leak-truth.ts'
import { datasetsRoot, openStills, type Split } from './stills/dataset.ts'
import { type Fields, film, lookingInFields, looks } from './stills/looks.ts'
import { paint } from './stills/paint.ts'
import { randomFrom } from './stills/random.ts'
import type { Scene } from './stills/scene.ts'
import { truthOf, woven } from './stills/scene-truth.ts'
import { type Kind, makeScene, type Stock } from './stills/shots.ts'

const usage =
  'bench moving-stills --out DIR [--split train|val] [--clips N] [--seed N] [--kind sweep|passing|wall] [--fields said|unsaid] [--datasets DIR]'
const sizes = [
  [640, 360],
  [1280, 720],
  [768, 432],
  [1920, 1080],
  [960, 540],
] as const
/** Standard definition, as older recorders write it. */
const sizesInFields = [
  [640, 480],
  [704, 576],
  [720, 480],
  [960, 576],
  [768, 576],
] as const
const kinds: readonly Kind[] = ['sweep', 'passing', 'wall', 'passing']
const rates = [12, 25, 15, 10, 20]
const mixes: readonly (readonly TruthClass[])[] = [['face'], ['plate'], ['face', 'plate']]

export async function run(args: string[]): Promise<Measurement[]> {
  const { values } = parseArgs({
    args,
    options: {
      out: { type: 'string' },
      split: { type: 'string', default: 'val' },
      clips: { type: 'string', default: '10' },
      seed: { type: 'string', default: '1' },
      kind: { type: 'string' },
      fields: { type: 'string' },
      datasets: { type: 'string' },
    },
  })
  if (!values.out || (values.split !== 'train' && values.split !== 'val')) throw new Error(`usage: ${usage}`)
  const kind = kinds.find(one => one === values.kind)
  const fields = (['said', 'unsaid'] as const).find(one => one === values.fields)
  if (values.fields !== undefined && !fields) throw new Error(`usage: ${usage}`)
  if (values.kind !== undefined && !kind) throw new Error(`usage: ${usage}`)
  const stock = await openStock(datasetsRoot(values.datasets), values.split)
  await mkdir(values.out, { recursive: true })
  let [frames, boxes] = [0, 0]
  for (let i = 0; i < Number(values.clips); i++) {
    const scene = await makeClip(stock, Number(values.seed) * 1000 + i, i, values.out, { kind, fields })
    frames += scene.frames
    boxes += scene.boxes
  }
  return [
    { name: 'clips', value: Number(values.clips), unit: 'clips' },
    { name: 'frames', value: frames, unit: 'frames' },
    { name: 'boxes', value: boxes, unit: 'boxes' },
  ]
}

async function openStock(root: string, split: Split): Promise<Stock> {
  const [face, plate] = await Promise.all([openStills(root, 'face', split), openStills(root, 'plate', split)])
  return { split, stills: { face, plate } }
}

interface Wanted {
  readonly kind?: Kind | undefined
  readonly fields?: Fields | undefined
}

/** The clip with number `i` of a set; its seed decides everything but size, rate, look and, where none is wanted, kind, of which each has its turn. */
async function makeClip(stock: Stock, seed: number, i: number, folder: string, wanted: Wanted) {
  const random = randomFrom(seed)
  const [width, height] = (wanted.fields ? sizesInFields : sizes)[i % sizes.length]!
  const rate = rates[(i + Math.floor(i / sizes.length)) % rates.length]!
  const seconds = width > 1000 ? random.between(3, 4.5) : random.between(4, 8)
  const kind = wanted.kind ?? (width > 1000 ? (i % 2 === 0 ? 'wall' : 'passing') : kinds[i % kinds.length]!)
  const possible = wanted.fields ? lookingInFields : looks
  const look = possible[(i + Math.floor(i / possible.length)) % possible.length]!
  const moments = wanted.fields ? 2 * rate : rate
  const scene = await makeScene(
    kind,
    { width, height, rate: moments, seconds },
    mixes[i % mixes.length]!,
    stock,
    random,
  )
  const known = truthOf(scene)
  const truth = wanted.fields ? woven(known, rate) : known
  const name = `${String(i).padStart(2, '0')}-${kind}-${height}p-${look.name}`
  const file = `${name}.${look.suffix}`
  await film(pictures(scene), { width, height, rate }, look, join(folder, file), wanted.fields)
  await writeFile(join(folder, `${name}.truth.json`), `${JSON.stringify({ clip: file, ...truth })}\n`)
  const boxes = known.tracks!.reduce((sum, track) => sum + track.spans.reduce((n, span) => n + span.length, 0), 0)
  process.stderr.write(`${name}: ${truth.frames} frames, ${known.tracks!.length} tracks\n`)
  return { frames: Number(truth.frames), boxes }
}

function* pictures(scene: Scene): Generator<Buffer> {
  for (let frame = 0; frame < scene.frames; frame++) yield paint(scene, frame)
}
