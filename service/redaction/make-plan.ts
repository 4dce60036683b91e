import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { pipeline } from 'node:stream/promises'
import { type BoxRules, boxesOf } from './chain-boxes.ts'
import type { Finding } from './detector.ts'
import { type Chain, type LinkRules, link } from './link.ts'
import type { Models } from './models.ts'
import type { Lens } from './onnx-detector.ts'
import { coveredFrames, type DetectorClass, type PlanTrack, planVersion, type RedactionPlan } from './plan.ts'
import { type ClipInfo, secondsAt } from './probe.ts'
import { type ScanOptions, scanClip } from './scan.ts'

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
  frames: number
  coveredFrames: number
  couldNotTellFrames: number
  tracks: Partial<Record<DetectorClass, number>>
  /** Detections that were kept in a track, and all that reached the lower threshold. */
  kept: number
  found: number
  wallMs: number
}

type Rules = LinkRules & BoxRules

/** Measured, see models/faces.md and models/plates.md. They stand in the plan: other rules, other plan. */
const rules: Record<DetectorClass, Rules> = {
  face: {
    startPerMille: 500,
    keepPerMille: 300,
    gapMs: 1000,
    minHits: 4,
    surePerMille: 800,
    endMs: 300,
    growthPerMille: 1400,
    marginPx: 8,
  },
  plate: {
    startPerMille: 450,
    keepPerMille: 250,
    gapMs: 1000,
    minHits: 4,
    surePerMille: 800,
    endMs: 500,
    growthPerMille: 1400,
    marginPx: 8,
  },
}

/**
 * Looks for the classes on every frame and plans what to cover. Same clip, models and rules give the same plan, whatever the
 * number of workers. Throws Problem `redaction-failed` when it cannot look at every frame; an aborted signal's reason as is.
 */
export async function makePlan(
  path: string,
  clip: ClipInfo,
  options: PlanOptions,
): Promise<{ plan: RedactionPlan; stats: PlanStats }> {
  const started = performance.now()
  const classes = (['face', 'plate'] as const).filter(one => options.classes.includes(one))
  const lenses = lensesFor(classes, options.models)
  const sha256 = options.clipSha256 ?? (await digestOf(path, options.signal))
  const frames =
    lenses.length > 0 ? await scanClip(path, clip, lenses, options) : Array.from({ length: clip.frames }, () => [])
  const seconds = frames.map((_, frame) => secondsAt(clip, frame))

  const tracks: PlanTrack[] = []
  const stats: PlanStats = {
    frames: clip.frames,
    coveredFrames: 0,
    couldNotTellFrames: 0,
    tracks: {},
    kept: 0,
    found: 0,
    wallMs: 0,
  }
  for (const wanted of classes) {
    const sightings = frames.map((findings, frame) => sightingsOf(findings, wanted, frame, seconds[frame]!, clip))
    const chains = link(sightings, seconds, rules[wanted])
    const models = options.models.planning(wanted).map(model => model.sha256)
    for (const chain of chains) {
      tracks.push({
        id: tracks.length + 1,
        class: wanted,
        ground: options.grounds?.[wanted] ?? 'personal-data',
        origin: { kind: 'detector', models },
        confidence: confidenceOf(chain),
        ...boxesOf(chain, seconds, clip, rules[wanted]),
      })
      stats.kept += chain.length
    }
    stats.tracks[wanted] = chains.length
    stats.found += sightings.flat().length
  }

  const plan: RedactionPlan = {
    v: planVersion,
    clip: { sha256, width: clip.width, height: clip.height, frames: clip.frames },
    tool: {
      models: lenses.map(({ model }) => ({ name: model.name, sha256: model.sha256 })),
      parameters: Object.fromEntries(classes.map(one => [one, { ...rules[one] }])),
    },
    classes,
    tracks,
    couldNotTell: [],
  }
  return {
    plan,
    stats: { ...stats, coveredFrames: coveredFrames(plan), wallMs: Math.round(performance.now() - started) },
  }
}

/** A model that plans two classes is run once. */
function lensesFor(classes: readonly DetectorClass[], models: Models): Lens[] {
  const lenses = new Map<string, Lens>()
  for (const wanted of classes) {
    for (const model of models.planning(wanted)) {
      const floors = { ...lenses.get(model.name)?.floors, [wanted]: rules[wanted].keepPerMille / 1000 }
      lenses.set(model.name, { model, floors })
    }
  }
  return [...lenses.values()]
}

function sightingsOf(
  findings: readonly Finding[],
  wanted: DetectorClass,
  frame: number,
  seconds: number,
  { width, height }: ClipInfo,
) {
  return findings
    .filter(one => one.class === wanted)
    .map(({ score, box }) => ({
      frame,
      seconds,
      score,
      box: { x: box.x * width, y: box.y * height, w: box.w * width, h: box.h * height },
    }))
}

function confidenceOf(chain: Chain): number {
  return Math.round(Math.max(...chain.map(({ score }) => score)) * 1000)
}

async function digestOf(path: string, signal?: AbortSignal): Promise<string> {
  const hash = createHash('sha256')
  await pipeline(createReadStream(path), hash, { signal })
  return hash.digest('hex')
}
