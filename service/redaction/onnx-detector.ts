import { adapterFor } from './adapters.ts'
import { type Box, intersection, intersectionArea } from './box.ts'
import { type Detector, DetectorFault, type Finding, type Picture, type Scale } from './detector.ts'
import { fineness, isWhole, type Layout, paneOver, touchesBorder } from './layout.ts'
import { lookRules } from './looks.ts'
import type { Model, Refiner } from './models.ts'
import { suppress } from './nms.ts'
import type { DetectorClass } from './plan.ts'
import { type View, viewFromAfar, viewOf } from './planes.ts'
import { openRefiner, type Refine } from './refine.ts'
import { openSession } from './session.ts'

/** One model to run: of its columns, those named in `floors` count, from that score on. */
export interface Lens {
  readonly model: Model
  readonly floors: Partial<Record<DetectorClass, number>>
}

/** Opens a model on one thread, with its session's own checks on. One call to `detect` at a time. */
export async function openDetector({ model, floors }: Lens): Promise<Detector> {
  const session = await openSession(model)
  const adapter = adapterFor(model)
  const scale = model.scorePerMille / 1000
  const refiners = await openRefiners(model, floors)
  const offered = { ...floors }
  for (const { seen, from } of refiners) offered[seen] = Math.min(from, floors[seen]!)
  const lowest = Math.min(...Object.values(offered)) / scale
  // A face that the frame's border cuts is seen better where the frame does not end beside it, and small, since it is often close by. Of plates that was not measured.
  const looksFromAfar = adapter.fromAfar && floors.face !== undefined

  async function findingsIn(view: View, window: Box, part: boolean): Promise<Finding[]> {
    const findings: Finding[] = []
    const outputs = await session.run({ [session.inputNames[0]!]: adapter.feed(view, window) })
    for (const { column, score, box } of adapter.read(outputs, window, lowest)) {
      const seen = model.columns[column]
      if (!seen) throw new DetectorFault(`${model.name} has no column ${column}`)
      const scaled = Math.min(1, score * scale)
      if (scaled < (offered[seen] ?? Number.POSITIVE_INFINITY) || (part && isCutOff(box, window, view))) continue
      findings.push({
        class: seen,
        score: scaled,
        box: {
          x: (window.x + box.x * window.w) / view.width,
          y: (window.y + box.y * window.h) / view.height,
          w: (box.w * window.w) / view.width,
          h: (box.h * window.h) / view.height,
        },
      })
    }
    return findings
  }

  async function findingsFromAfar(view: View): Promise<Finding[]> {
    const findings = await findingsIn(view, view.region!, true)
    return findings
      .filter(one => one.class === 'face' && isCutByFrame(one.box, view))
      .map(one => ({ ...one, box: intersection(one.box, frame) }))
  }

  /** What is large is so by its size in what was looked at. */
  function weighed(one: Finding, seenIn: Layout): Finding {
    const { abovePx, oddsPerMille } = model.oversize ?? { abovePx: Number.POSITIVE_INFINITY, oddsPerMille: 1000 }
    if (longerSide(one, seenIn) <= abovePx) return one
    const times = oddsPerMille / 1000
    return { ...one, score: (times * one.score) / (1 - one.score + times * one.score) }
  }

  async function judged(picture: Picture, findings: readonly Finding[], seenIn: Layout): Promise<Finding[]> {
    const kept = suppress(findings)
    const asked = (one: Finding, { seen, from }: OpenRefiner) => one.class === seen && one.score >= from
    const refined = kept.filter(one => !refiners.some(refiner => asked(one, refiner)))
    for (const refiner of refiners) {
      const found = kept.filter(one => asked(one, refiner))
      refined.push(...suppress(await refiner.refine(picture, found), oneAbove))
    }
    return refined.map(one => weighed(one, seenIn)).filter(one => one.score >= floors[one.class]!)
  }

  return {
    name: model.name,
    digest: model.sha256,
    async detect(picture) {
      const findings: Finding[] = []
      const coarse = sizeAt(picture, 'coarse')
      const coarsely = picture.looks.filter(({ scale }) => scale === 'coarse')
      for (const look of picture.looks) {
        const size = sizeAt(picture, look.scale)
        const part = !isWhole(look.region, size)
        const view = viewOf(picture, look.scale, part ? paneOver(look.region, size) : undefined)
        const isLeft = (one: Finding) =>
          look.scale === 'fine' &&
          longerSide(one, view) > lookRules.fineMostPx &&
          coarsely.some(({ region }) => holds(region, one, coarse))
        for (const window of adapter.windows(look, view)) {
          const seen = await findingsIn(view, window, part)
          findings.push(...seen.filter(one => !isLeft(one)))
        }
      }
      const found = await judged(picture, findings, coarse)
      for (const { region } of looksFromAfar ? coarsely : []) {
        if (!touchesBorder(region, coarse)) continue
        const afar = viewFromAfar(picture, isWhole(region, coarse) ? undefined : region)
        // Not one with the others: of two looks at one thing either may be the surer, and together they cover it (`join`).
        found.push(...(await judged(picture, await findingsFromAfar(afar), afar)))
      }
      return found
    },
  }
}

/** The whole frame, in shares of it. */
const frame = { x: 0, y: 0, w: 1, h: 1 }
/** Whether a finding ends at the frame's border or beyond it. */
function isCutByFrame(box: Box, { width, height }: Layout): boolean {
  const [across, down] = [cutOffWithin / width, cutOffWithin / height]
  const ends = box.x < across || box.y < down || box.x + box.w > 1 - across || box.y + box.h > 1 - down
  return ends && intersectionArea(box, frame) * 1000 >= lookRules.afarLeastPerMille * box.w * box.h
}

interface OpenRefiner {
  readonly seen: DetectorClass
  /** From this score of the detector on it is asked. */
  readonly from: number
  readonly refine: Refine
}

/** Two that drew together so far are one thing; of two that drew together less, neither may vanish behind the other. */
const oneAbove = 0.65

/** Detectors of one process share them: they take turns. */
const opened = new Map<string, Promise<Refine>>()

async function openRefiners({ refiners = {} }: Model, floors: Lens['floors']): Promise<OpenRefiner[]> {
  const wanted = Object.entries(refiners) as [DetectorClass, Refiner][]
  const made = wanted.flatMap(([seen, refiner]) => {
    if (floors[seen] === undefined) return []
    const session = opened.get(refiner.name) ?? openRefiner(refiner)
    opened.set(refiner.name, session)
    return [session.then((refine): OpenRefiner => ({ seen, from: refiner.fromPerMille / 1000, refine }))]
  })
  return await Promise.all(made)
}

function sizeAt({ width, height }: Picture, scale: Scale): Layout {
  const times = scale === 'fine' ? 1 : fineness
  return { width: width / times, height: height / times }
}

function longerSide({ box }: Finding, { width, height }: Layout): number {
  return Math.max(box.w * width, box.h * height)
}

/** Whether a region of a picture shows all of a finding that lies in the picture, and is not where it would count as cut off. */
function holds(region: Box, { box }: Finding, { width, height }: Layout): boolean {
  const within = (from: number, length: number, start: number, size: number, all: number) =>
    (start <= 0 || from * all >= start + cutOffWithin) &&
    (start + size >= all || (from + length) * all <= start + size - cutOffWithin)
  return within(box.x, box.w, region.x, region.w, width) && within(box.y, box.h, region.y, region.h, height)
}

/** In pixels of the view. */
const cutOffWithin = 2

/**
 * Whether a box ends where the window does and the picture goes on: a part of something, whose whole was seen by the last look
 * at all of the frame, and stands or is followed since.
 */
function isCutOff(box: Box, window: Box, view: View): boolean {
  const [left, top] = [box.x * window.w, box.y * window.h]
  const [right, bottom] = [window.w - left - box.w * window.w, window.h - top - box.h * window.h]
  return (
    (window.x > 0 && left < cutOffWithin) ||
    (window.y > 0 && top < cutOffWithin) ||
    (window.x + window.w < view.width && right < cutOffWithin) ||
    (window.y + window.h < view.height && bottom < cutOffWithin)
  )
}
