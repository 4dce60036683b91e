/**
 * Each detector of models.json, their union, and a YuNet if one is named, on annotated stills of the validation part: average precision
 * at an overlap of 0.5, and the share of boxes found (overlap 0.3) by size at so many false sights a picture. Sizes are in pixels of the
 * coarse picture, 640 on its long side: the height of faces, the width of plates.
 */
import { parseArgs } from 'node:util'
import type { Measurement } from '../../service/cli/bench.ts'
import type { Box } from '../../service/redaction/box.ts'
import type { Detector, Finding, Look } from '../../service/redaction/detector.ts'
import { layoutFor } from '../../service/redaction/layout.ts'
import { loadModels } from '../../service/redaction/models.ts'
import { join } from '../../service/redaction/nms.ts'
import { openDetector } from '../../service/redaction/onnx-detector.ts'
import { rulesOf } from '../../service/redaction/rules.ts'
import type { TruthClass } from '../redaction/leak-truth.ts'
import { type Answer, atFalseSights, averagePrecision, match } from './judge/matching.ts'
import { pictureOf } from './judge/still-picture.ts'
import { yunetModel } from './judge/yunet.ts'
import { datasetsRoot, openStills, type Still } from './stills/dataset.ts'

const usage =
  'bench detectors [--class face|plate] [--split val] [--every N] [--scale coarse|fine] [--yunet FILE] [--datasets DIR]'
/** Scores below this are not looked at. */
const floor = 0.05
const falseSights = [0.1, 1]
/** Smaller boxes are ignored: they count neither found nor missed. */
const least: Record<TruthClass, number> = { face: 8, plate: 12 }
const edges: Record<TruthClass, readonly number[]> = {
  face: [8, 16, 32, 64, 128, Number.POSITIVE_INFINITY],
  plate: [12, 30, 60, 120, Number.POSITIVE_INFINITY],
}

interface Watched {
  readonly name: string
  readonly answers: Answer[]
  /** Milliseconds of one thread. */
  cpu: number
}

export async function run(args: string[]): Promise<Measurement[]> {
  const { values } = parseArgs({
    args,
    options: {
      class: { type: 'string' },
      split: { type: 'string', default: 'val' },
      every: { type: 'string', default: '1' },
      scale: { type: 'string', default: 'coarse' },
      yunet: { type: 'string' },
      datasets: { type: 'string' },
    },
  })
  const { split, scale } = values
  if ((split !== 'val' && split !== 'train') || (scale !== 'coarse' && scale !== 'fine'))
    throw new Error(`usage: ${usage}`)
  const measured: Measurement[] = []
  for (const wanted of ['face', 'plate'] as const) {
    if (values.class !== undefined && values.class !== wanted) continue
    const stills = await openStills(datasetsRoot(values.datasets), wanted, split)
    const some = stills.filter((_, i) => i % Number(values.every) === 0)
    const planning = (await loadModels()).planning(wanted)
    const others = wanted === 'face' && values.yunet ? [await yunetModel(values.yunet)] : []
    const open = (model: (typeof planning)[number]) => openDetector({ model, floors: { [wanted]: floor } })
    const ours = await Promise.all(planning.map(open))
    const all = await watch(some, ours, await Promise.all(others.map(open)), scale)
    for (const each of all) measured.push(...rows(wanted, each))
  }
  return measured
}

async function watch(
  stills: readonly Still[],
  ours: readonly Detector[],
  others: readonly Detector[],
  scale: Look['scale'],
) {
  const watched = [...ours, ...others].map(({ name }): Watched => ({ name, answers: [], cpu: 0 }))
  // joined from what the plan would keep, as there: low sights would only swell the others
  const together: Watched = { name: 'union', answers: [], cpu: 0 }
  for (const still of stills) {
    const picture = await pictureOf(still, scale)
    const found: Finding[][] = []
    for (const [i, detector] of [...ours, ...others].entries()) {
      const before = process.cpuUsage()
      found.push(await detector.detect(picture))
      const { user, system } = process.cpuUsage(before)
      const it = watched[i]!
      it.cpu += (user + system) / 1000
      it.answers.push(answerOf(still, found[i]!))
      if (i < ours.length) together.cpu += (user + system) / 1000
    }
    const kept = rulesOf[still.class].keepPerMille / 1000
    const joined = join(found.slice(0, ours.length).flatMap(each => each.filter(({ score }) => score >= kept)))
    together.answers.push(answerOf(still, joined))
  }
  return ours.length > 1 ? [...watched, together] : watched
}

function answerOf(still: Still, findings: readonly Finding[]): Answer {
  const { width, height } = layoutFor(still.width, still.height)
  const scaled = ({ x, y, w, h }: Box, across: number, down: number) => ({
    x: x * across,
    y: y * down,
    w: w * across,
    h: h * down,
  })
  const ofStill = (box: Box) => scaled(box, width / still.width, height / still.height)
  const boxes = still.boxes.map(ofStill)
  const large = (box: Box) => sizeOf(box, still.class) >= least[still.class]
  return {
    sights: findings.map(({ score, box }) => ({ score, box: scaled(box, width, height) })),
    truth: boxes.filter(large),
    ignore: [...boxes.filter(box => !large(box)), ...still.ignore.map(ofStill)],
  }
}

const sizeOf = (box: Box, name: TruthClass) => (name === 'face' ? box.h : box.w)

function rows(wanted: TruthClass, { name, answers, cpu }: Watched): Measurement[] {
  const boxes = answers.reduce((sum, { truth }) => sum + truth.length, 0)
  const label = `${wanted}.${name}`
  const found = match(answers, 0.3)
  const recalls = falseSights.flatMap((perPicture): Measurement[] => {
    const { matches, threshold } = atFalseSights(found, answers.length, perPicture)
    const hits = matches.flatMap(({ picture, truth }) => (truth === undefined ? [] : answers[picture]!.truth[truth]!))
    const bounds = edges[wanted]
    const sizes = bounds.slice(1).map((to, i) => {
      const within = (box: Box) => sizeOf(box, wanted) >= bounds[i]! && sizeOf(box, wanted) < to
      const whole = answers.reduce((sum, { truth }) => sum + truth.filter(within).length, 0)
      const share = whole === 0 ? 0 : hits.filter(within).length / whole
      return {
        name: `${label}.at-${perPicture}.${bounds[i]}px-up`,
        value: share * 100,
        unit: `% of ${whole} boxes found`,
      }
    })
    return [
      {
        name: `${label}.at-${perPicture}.found`,
        value: (hits.length / boxes) * 100,
        unit: `% of ${boxes} boxes found`,
      },
      { name: `${label}.at-${perPicture}.threshold`, value: threshold, unit: 'score' },
      ...sizes,
    ]
  })
  return [
    { name: `${label}.pictures`, value: answers.length, unit: 'pictures' },
    { name: `${label}.ap50`, value: averagePrecision(match(answers, 0.5), boxes) * 100, unit: '%' },
    ...recalls,
    { name: `${label}.cpu`, value: cpu / answers.length, unit: 'ms a picture' },
  ]
}
