import type { Box } from '../../../service/redaction/box.ts'
import type { TruthClass } from '../../redaction/leak-truth.ts'
import type { Split, Still } from './dataset.ts'
import { type Point, passing, shaking, sweep } from './path.ts'
import type { Random } from './random.ts'
import type { Layer, Scene } from './scene.ts'
import { makeSheet } from './sheet.ts'

/** The sizes in which the classes are wanted: face height and plate width, in pixels of the clip. */
const wanted: Record<TruthClass, readonly [number, number]> = { face: [12, 140], plate: [30, 200] }
/** A still is not blown up further than this: it would show blur and no face. */
const largestScale = 2.4

export interface Frame {
  readonly width: number
  readonly height: number
  readonly rate: number
  readonly seconds: number
}

export type Kind = 'sweep' | 'wall' | 'passing'

/**
 * Frames of media that are judged as they are have no place in clips made of stills; nor has traffic whose faces are known, but whose
 * plates, in full view, are not.
 */
const elsewhere = new Set(['intel-sample-videos', 'egoblur-demo', 'romanian-dayride', 'openimages-vehicles'])

export interface Stock {
  readonly split: Split
  readonly stills: Readonly<Record<TruthClass, readonly Still[]>>
}

/** A scene of one kind with the classes asked for. */
export async function makeScene(
  kind: Kind,
  frame: Frame,
  classes: readonly TruthClass[],
  stock: Stock,
  random: Random,
): Promise<Scene> {
  const whole = { x: 0, y: 0, w: frame.width, h: frame.height }
  const shake = random.pick([0, 1, 2.5, 5]) * (frame.width / 640)
  const swept = (cell: Box, from: readonly Still[]) => sweepOver(cell, from, frame, shake, random)
  const layers =
    kind === 'sweep'
      ? [await swept(whole, known(stock, random.pick(classes)))]
      : kind === 'wall'
        ? await Promise.all(cells(frame).map((cell, i) => swept(cell, known(stock, classes[i % classes.length]!))))
        : [await swept(whole, backgrounds(stock)), ...(await passers(frame, classes, stock, random))]
  return {
    width: frame.width,
    height: frame.height,
    rate: frame.rate,
    frames: Math.round(frame.rate * frame.seconds),
    shutter: random.pick([0, 0.3, 0.6]),
    layers,
  }
}

function known(stock: Stock, name: TruthClass): Still[] {
  return stock.stills[name].filter(still => still.boxes.length > 0 && !elsewhere.has(still.set))
}

function backgrounds(stock: Stock): Still[] {
  const empty = stock.stills.face.filter(still => still.boxes.length + still.ignore.length === 0)
  return empty.filter(still => !elsewhere.has(still.set) && Math.max(still.width, still.height) >= 300)
}

/** As on the screen of a recorder: as many cameras beside each other as fit at about 480 pixels each. */
function cells({ width, height }: Frame): Box[] {
  const count = Math.max(2, Math.round(width / 480))
  const [w, h] = [width / count, height / count]
  return Array.from({ length: count * count }, (_, i) => ({ x: (i % count) * w, y: Math.floor(i / count) * h, w, h }))
}

async function sweepOver(
  cell: Box,
  stills: readonly Still[],
  { seconds }: Frame,
  shake: number,
  random: Random,
): Promise<Layer> {
  const zoom = random.between(1.05, 1.5)
  const scaleOf = (still: Still) => Math.max(cell.w / still.width, cell.h / still.height) * zoom
  const sharp = stills.filter(still => scaleOf(still) <= largestScale && fits(still, scaleOf(still)))
  const still = sharp.length > 0 ? random.pick(sharp) : stills.toSorted((a, b) => scaleOf(a) - scaleOf(b))[0]!
  const scale = scaleOf(still)
  const swing = random.between(0, 0.22)
  const turn = (2 * Math.PI) / random.between(2.5, 6)
  const everySeconds = random.between(1, 2.5)
  const targets = Array.from({ length: Math.ceil(seconds / everySeconds) + 1 }, (): Point => {
    const near = still.boxes.length > 0 ? random.pick(still.boxes) : undefined
    const spread = (length: number) => random.between(-0.3, 0.3) * length
    return near
      ? { x: near.x + spread(still.width), y: near.y + spread(still.height) }
      : { x: random.between(0, still.width), y: random.between(0, still.height) }
  })
  const path = sweep({
    cell,
    sheet: still,
    targets,
    everySeconds,
    scale: at => scale * Math.exp(swing * Math.sin(turn * at)),
    shake: [shaking(random, shake), shaking(random, shake)],
  })
  return { sheet: await makeSheet(still, scale * Math.exp(swing)), cell, path }
}

/** Whether most boxes of a still come out in the sizes that are wanted. */
function fits(still: Still, scale: number): boolean {
  const [least, most] = wanted[still.class]
  const sizes = still.boxes.map(box => sizeOf(box, still.class) * scale)
  return sizes.filter(size => size >= least && size <= most).length * 2 >= sizes.length
}

const sizeOf = (box: Box, name: TruthClass) => (name === 'face' ? box.h : box.w)

/** People and cars cut from stills, with some of what was around them, on their way through the frame. */
async function passers(frame: Frame, classes: readonly TruthClass[], stock: Stock, random: Random): Promise<Layer[]> {
  const count = Math.round(random.between(3, 6) * (frame.width > 1000 ? 1.5 : 1))
  const layers: Layer[] = []
  for (let i = 0; i < count; i++) {
    const name = classes[i % classes.length]!
    const size = random.doubling(...wanted[name])
    const enough = known(stock, name).flatMap(still =>
      still.boxes
        .filter((box, at) => still.byPerson[at] && sizeOf(box, name) * largestScale >= size)
        .map(box => ({ still, box })),
    )
    if (enough.length > 0) layers.push(await passer(frame, random.pick(enough), size, random))
  }
  return layers
}

async function passer(
  frame: Frame,
  { still, box }: { still: Still; box: Box },
  size: number,
  random: Random,
): Promise<Layer> {
  const around = still.class === 'face' ? [1.6, 1.1, 1.6, 2.6] : [0.8, 2.2, 0.8, 1.2]
  const [before, above, after, below] = around as [number, number, number, number]
  const unit = still.class === 'face' ? box.h : box.w * 0.6
  const left = Math.max(0, Math.floor(box.x - before * unit))
  const top = Math.max(0, Math.floor(box.y - above * unit))
  const area = {
    x: left,
    y: top,
    w: Math.min(still.width, Math.ceil(box.x + box.w + after * unit)) - left,
    h: Math.min(still.height, Math.ceil(box.y + box.h + below * unit)) - top,
  }
  const scale = size / sizeOf(box, still.class)
  const nearing = random.pick([1, 1, 1.15, 0.87, 1.3])
  const speed = size * random.between(0.8, still.class === 'face' ? 5 : 4) * random.pick([-1, 1])
  const at = random.between(0, frame.seconds)
  const path = passing({
    anchor: { x: box.x + box.w / 2 - area.x, y: box.y + box.h / 2 - area.y },
    through: { x: random.between(0.15, 0.85) * frame.width, y: random.between(0.2, 0.8) * frame.height },
    at,
    speed: { x: speed, y: speed * random.between(-0.25, 0.25) },
    scale,
    nearing,
    bob: still.class === 'face' ? size * random.between(0, 0.06) : 0,
  })
  const largest = Math.max(path(0).scale, path(frame.seconds).scale)
  const fade = 0.08 * Math.min(area.w, area.h)
  return {
    sheet: await makeSheet(still, largest, { area, fade }),
    cell: { x: 0, y: 0, w: frame.width, h: frame.height },
    path,
  }
}
