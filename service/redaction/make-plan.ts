import { boxesOf } from './chain-boxes.ts'
import type { Finding } from './detector.ts'
import { digestFile } from './digest.ts'
import { type Chain, link, type Sighting } from './link.ts'
import type { Models } from './models.ts'
import { join } from './nms.ts'
import type { Lens } from './onnx-detector.ts'
import { coveredFrames, type DetectorClass, type PlanTrack, planVersion, type RedactionPlan } from './plan.ts'
import { type ClipInfo, secondsAt } from './probe.ts'
import { rulesOf } from './rules.ts'
import { type Scan, type ScanOptions, scanClip } from './scan.ts'

export interface PlanOptions extends ScanOptions {
  /** What to look for. */
  classes: readonly DetectorClass[]
  models: Models
  /** Why a class is covered, in words that policy data knows. */
  grounds?: Partial<Record<DetectorClass, string>>
  /** Hex SHA-256 of the clip, where the caller has it already. */
  clipSha256?: string
}

export interface PlanStats {
  readonly frames: number
  readonly coveredFrames: number
  readonly couldNotTellFrames: number
  readonly tracks: Partial<Record<DetectorClass, number>>
  /** Sightings on the frames, of several detectors joined. */
  readonly sightings: number
  readonly wallMs: number
}

/**
 * Looks for the classes on every frame and plans what to cover. Same clip, models and rules give the same plan, whatever the
 * number of workers. Throws as scanClip does.
 */
export async function makePlan(
  path: string,
  clip: ClipInfo,
  options: PlanOptions,
): Promise<{ plan: RedactionPlan; stats: PlanStats }> {
  const started = performance.now()
  const classes = (['face', 'plate'] as const).filter(one => options.classes.includes(one))
  const lenses = lensesFor(classes, options.models)
  const sha256 = options.clipSha256 ?? (await digestFile(path, options.signal)).sha256
  const scan: Scan =
    lenses.length > 0 ? await scanClip(path, clip, lenses, options) : { frames: clip.pts.map(() => []), damaged: [] }

  const tracks: PlanTrack[] = []
  const counts: Partial<Record<DetectorClass, number>> = {}
  let sightings = 0
  for (const wanted of classes) {
    const seen = scan.frames.map((findings, frame) => sightingsOf(findings, wanted, frame, clip))
    const made = tracksOf(seen, wanted, clip, options)
    tracks.push(...made.map((track, i) => ({ id: tracks.length + i + 1, ...track })))
    counts[wanted] = made.length
    sightings += seen.reduce((sum, { length }) => sum + length, 0)
  }

  const plan: RedactionPlan = {
    v: planVersion,
    clip: { sha256, width: clip.width, height: clip.height, frames: clip.frames },
    tool: { models: lenses.map(({ model: { name, sha256 } }) => ({ name, sha256 })), parameters: parametersOf(lenses) },
    classes,
    tracks,
    couldNotTell: scan.damaged.map(([first, last]) => [first, last]),
  }
  const couldNotTellFrames = scan.damaged.reduce((sum, [first, last]) => sum + last - first + 1, 0)
  const wallMs = Math.round(performance.now() - started)
  return {
    plan,
    stats: {
      frames: clip.frames,
      coveredFrames: coveredFrames(plan),
      couldNotTellFrames,
      tracks: counts,
      sightings,
      wallMs,
    },
  }
}

function tracksOf(
  seen: readonly (readonly Sighting[])[],
  wanted: DetectorClass,
  clip: ClipInfo,
  { models, grounds }: PlanOptions,
): Omit<PlanTrack, 'id'>[] {
  const rules = rulesOf[wanted]
  const seconds = seen.map((_, frame) => secondsAt(clip, frame))
  const digests = models.planning(wanted).map(({ sha256 }) => sha256)
  return link(seen, seconds, rules)
    .map(chain => ({
      class: wanted,
      ground: grounds?.[wanted] ?? 'personal-data',
      origin: { kind: 'detector' as const, models: digests },
      confidence: confidenceOf(chain),
      ...boxesOf(chain, seconds, clip, rules),
    }))
    .filter(({ runs }) => runs.length > 0)
}

/** What one detector or several saw of a class on a frame, in pixels. */
function sightingsOf(findings: readonly Finding[], wanted: DetectorClass, frame: number, clip: ClipInfo): Sighting[] {
  const { width, height } = clip
  return join(findings.filter(one => one.class === wanted)).map(({ score, box }) => ({
    frame,
    seconds: secondsAt(clip, frame),
    score,
    box: { x: box.x * width, y: box.y * height, w: box.w * width, h: box.h * height },
  }))
}

function confidenceOf(chain: Chain): number {
  return Math.round(chain.reduce((best, { score }) => Math.max(best, score), 0) * 1000)
}

/** A model that plans two classes is run once. */
function lensesFor(classes: readonly DetectorClass[], models: Models): Lens[] {
  const lenses = new Map<string, Lens>()
  for (const wanted of classes) {
    for (const model of models.planning(wanted)) {
      const floors = { ...lenses.get(model.name)?.floors, [wanted]: rulesOf[wanted].keepPerMille / 1000 }
      lenses.set(model.name, { model, floors })
    }
  }
  return [...lenses.values()]
}

function parametersOf(lenses: readonly Lens[]): RedactionPlan['tool']['parameters'] {
  const classes = new Set(lenses.flatMap(({ floors }) => Object.keys(floors) as DetectorClass[]))
  return {
    ...Object.fromEntries([...classes].map(one => [one, { ...rulesOf[one] }])),
    ...Object.fromEntries(lenses.map(({ model }) => [model.name, { scorePerMille: model.scorePerMille }])),
  }
}
