import { changedFrom } from './changes.ts'
import { digestFile } from './digest.ts'
import { lookRules } from './looks.ts'
import { type Model, type Models, networksOf } from './models.ts'
import type { Lens } from './onnx-detector.ts'
import { coveredFrames, type DetectorClass, type PlanTrack, planVersion, type RedactionPlan } from './plan.ts'
import { doubtsOf, type LeastWidthPx, tracksOf } from './plan-tracks.ts'
import type { ClipInfo } from './probe.ts'
import { followRules } from './pursue.ts'
import { rulesOf } from './rules.ts'
import { type Scan, type ScanOptions, scanClip } from './scan.ts'

export interface PlanOptions extends ScanOptions {
  /** What to look for. */
  classes: readonly DetectorClass[]
  models: Models
  /** Why a class is covered, in words that policy data knows. */
  grounds?: Partial<Record<DetectorClass, string>>
  leastWidthPx?: LeastWidthPx | undefined
  /** Hex SHA-256 of the clip, where the caller has it already. */
  clipSha256?: string
}

export interface PlanStats {
  readonly frames: number
  readonly coveredFrames: number
  readonly couldNotTellFrames: number
  readonly tracks: Partial<Record<DetectorClass, number>>
  readonly findings: number
  /** Frames of which the detectors looked at something; the others showed nothing new. */
  readonly lookedAt: number
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
    lenses.length > 0
      ? await scanClip(path, clip, lenses, options)
      : { frames: clip.pts.map(() => []), looks: new Uint8Array(clip.frames), cuts: [], damaged: [] }

  const tracks: PlanTrack[] = []
  for (const wanted of classes) {
    const models = networksOf(options.models.planning(wanted), [wanted]).map(({ sha256 }) => sha256)
    const ground = options.grounds?.[wanted] ?? 'personal-data'
    const asked = { class: wanted, models, ground, leastWidthPx: options.leastWidthPx?.[wanted] }
    for (const track of tracksOf(scan, clip, asked, tracks.length + 1)) tracks.push(track)
  }
  const plan: RedactionPlan = {
    v: planVersion,
    clip: { sha256, width: clip.width, height: clip.height, frames: clip.frames },
    tool: {
      models: networksOf(
        lenses.map(({ model }) => model),
        classes,
      ),
      parameters: parametersOf(lenses, options.leastWidthPx),
    },
    classes,
    tracks,
    couldNotTell: doubtsOf(scan),
  }
  return { plan, stats: statsOf(plan, scan, performance.now() - started) }
}

/** A model that plans two classes is run once. */
export function lensesFor(classes: readonly DetectorClass[], models: Models): Lens[] {
  const lenses = new Map<string, Lens>()
  for (const wanted of classes) {
    for (const model of models.planning(wanted)) {
      const floors = { ...lenses.get(model.name)?.floors, [wanted]: rulesOf[wanted].keepPerMille / 1000 }
      lenses.set(model.name, { model, floors })
    }
  }
  return [...lenses.values()]
}

/** The scores, times and margins that shape a plan, as they stand in it. How things are expected to move and are followed is in the code alone (`motion.ts`, `chain-boxes.ts`, `follow.ts`). */
export function parametersOf(
  lenses: readonly Lens[],
  leastWidthPx: LeastWidthPx = {},
): RedactionPlan['tool']['parameters'] {
  const classes = new Set(lenses.flatMap(({ floors }) => Object.keys(floors) as DetectorClass[]))
  return {
    ...Object.fromEntries([...classes].map(one => [one, { ...rulesOf[one], leastWidthPx: leastWidthPx[one] ?? 0 }])),
    ...(lenses.length > 0 && { looks: { ...lookRules, ...followRules, changedFrom } }),
    ...Object.fromEntries(lenses.map(({ model }) => [model.name, scoringOf(model)])),
    ...Object.fromEntries(lenses.flatMap(({ model, floors }) => refiningOf(model, floors))),
  }
}

function scoringOf({ scorePerMille, oversize }: Model) {
  return {
    scorePerMille,
    ...(oversize && { oversizeAbovePx: oversize.abovePx, oversizeOddsPerMille: oversize.oddsPerMille }),
  }
}

function refiningOf({ refiners }: Model, floors: Lens['floors']) {
  return Object.entries(refiners ?? {})
    .filter(([wanted]) => wanted in floors)
    .map(([_, { name, weightPerMille, fromPerMille }]) => [name, { weightPerMille, fromPerMille }])
}

function statsOf(plan: RedactionPlan, scan: Scan, wallMs: number): PlanStats {
  const tracks = plan.classes.map(wanted => [wanted, plan.tracks.filter(track => track.class === wanted).length])
  return {
    frames: plan.clip.frames,
    coveredFrames: coveredFrames(plan),
    couldNotTellFrames: plan.couldNotTell.reduce((sum, [first, last]) => sum + last - first + 1, 0),
    tracks: Object.fromEntries(tracks),
    findings: scan.frames.reduce((sum, found) => sum + found.filter(one => !one.followed).length, 0),
    lookedAt: scan.looks.reduce((sum, look) => sum + (look > 0 ? 1 : 0), 0),
    wallMs: Math.round(wallMs),
  }
}
