/** The whole of redaction, file to file: probe, plan, render, check, and a second look where it is asked for. */
import { randomUUID } from 'node:crypto'
import { open, realpath, rename, rm } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import { Problem } from '../http/problem.ts'
import { canonicalCertificate, type LeakCertificate, soundCopy, wellFormed } from './certificate.ts'
import { digestFile, type FileDigest } from './digest.ts'
import { ffmpegVersions } from './ffmpeg.ts'
import { makePlan } from './make-plan.ts'
import { manifestText } from './manifest.ts'
import type { Models } from './models.ts'
import {
  assertPlanFits,
  canonicalPlan,
  coveredFrames,
  type DetectorClass,
  type RedactionPlan,
  unsureTracks,
} from './plan.ts'
import type { LeastWidthPx } from './plan-tracks.ts'
import { type ClipInfo, type ClipLimits, defaultLimits, FramesDiffer, probeClip } from './probe.ts'
import { checkCopy, proveRedaction } from './prove.ts'
import { copyUncovered } from './remux.ts'
import { blackFill, type Rendered, renderPlan } from './render.ts'

export type Stage = 'plan' | 'render' | 'prove'

export interface RedactOptions {
  readonly input: string
  /** Replaced in one step when the copy is whole and checked; untouched until then. */
  readonly output: string
  /** What to look for; with a `plan`, what the second look looks for. None only where nobody looks. */
  readonly classes: readonly DetectorClass[]
  readonly models: Models
  /** Detector threads. */
  readonly workers: number
  /** Burn in this plan instead of making one. */
  readonly plan?: RedactionPlan | undefined
  /** Why a class is covered, in words that policy data knows. */
  readonly grounds?: Partial<Record<DetectorClass, string>> | undefined
  readonly leastWidthPx?: LeastWidthPx | undefined
  /** `#rrggbb`; black where absent. */
  readonly fill?: string | undefined
  readonly keepAudio?: boolean | undefined
  /** Blank the frames of which the plan could not tell; true where absent. */
  readonly blankWhereUnsure?: boolean | undefined
  /** Decode the finished copy, measure its fill, and show it to the detectors again. Always before a release. */
  readonly prove?: boolean | undefined
  readonly limits?: ClipLimits | undefined
  /** Called when the copy is whole, and before it gets its name: a throw leaves the output as it was. */
  readonly beforeNaming?: ((made: Redaction) => Promise<void>) | undefined
  /** `fraction` runs from 0 to 1 in each stage. */
  readonly onProgress?: ((stage: Stage, fraction: number) => void) | undefined
  readonly signal?: AbortSignal | undefined
}

export interface Redaction {
  readonly clip: ClipInfo
  /** Canonical JSON (RFC 8785) of plan, manifest and leak certificate: the bytes that digests are taken of. */
  readonly plan: string
  readonly manifest: string
  readonly certificate: string
  readonly copy: FileDigest
  readonly tracks: Partial<Record<string, number>>
  readonly coveredFrames: number
  readonly couldNotTellFrames: number
  /** Covered tracks that are too narrow for anybody to tell what they are; `tracks` counts them as well. */
  readonly couldNotTellTracks: number
}

/** x264's rate factors to try in turn: busy pictures need a finer one until the fill is as constant as it must be. */
const rateFactors = [18, 12, 6]

/**
 * Writes the redacted copy of `input` to `output`. Throws Problem `invalid-request`, `clip-not-video`, `clip-beyond-limits`,
 * `plan-does-not-fit` or `redaction-failed`, or the signal's reason; then `output` is as it was.
 */
export async function redact(options: RedactOptions): Promise<Redaction> {
  const { input, output, limits = defaultLimits, signal } = options
  if (await isSameFile(input, output)) {
    throw new Problem('invalid-request', { detail: 'The copy may not replace the clip.' })
  }
  if (options.classes.length === 0 && (options.prove || !options.plan)) {
    throw new Problem('invalid-request', { detail: 'It says of no class that it is to be looked for.' })
  }
  const clip = await probeClip(input, limits, { signal })
  const digest = await digestFile(input, signal)
  try {
    return await redactProbed(options, clip, digest)
  } catch (error) {
    signal?.throwIfAborted()
    const counted =
      clip.decoded || !mayDifferInFrames(error) ? clip : await probeClip(input, limits, { signal, decode: true })
    if (!isDeepStrictEqual(counted.sourcePts, clip.sourcePts)) return await redactProbed(options, counted, digest)
    if (!(error instanceof FramesDiffer)) throw error
    throw new Problem('redaction-failed', {
      detail: 'The clip does not decode to the same frames each time.',
      cause: error,
    })
  }
}

async function redactProbed(options: RedactOptions, clip: ClipInfo, clipDigest: FileDigest): Promise<Redaction> {
  const plan = await planFor(options, clip, clipDigest.sha256)
  const part = join(dirname(options.output), `.${basename(options.output)}.${randomUUID()}.part`)
  try {
    const { rendered, certificate } = await makeSoundly(options, clip, plan, part)
    const { sha256, len } = certificate.copy
    const tools = await ffmpegVersions()
    const manifest = manifestText({ clip, clipDigest, copyDigest: { sha256, len }, plan, rendered, tools })
    const made: Redaction = {
      clip,
      plan: canonicalPlan(plan),
      manifest,
      certificate: canonicalCertificate(certificate),
      copy: { sha256, len },
      tracks: Object.fromEntries(
        Object.entries(Object.groupBy(plan.tracks, t => t.class)).map(([k, v]) => [k, v.length]),
      ),
      coveredFrames: coveredFrames(plan),
      couldNotTellFrames: certificate.couldNotTell.frames,
      couldNotTellTracks: unsureTracks(plan).length,
    }
    await options.beforeNaming?.(made)
    await moveDurably(part, options.output)
    return made
  } catch (error) {
    throw isFull(error) ? new Problem('redaction-failed', { detail: 'There is no room for it.', cause: error }) : error
  } finally {
    await rm(part, { force: true })
  }
}

async function planFor(options: RedactOptions, clip: ClipInfo, clipSha256: string): Promise<RedactionPlan> {
  const { plan, classes, models, workers, grounds, leastWidthPx, signal } = options
  if (plan) {
    assertPlanFits(plan, { sha256: clipSha256, width: clip.width, height: clip.height, frames: clip.frames })
    return plan
  }
  const onProgress = progress(options, 'plan')
  const wanted = { classes, models, workers, leastWidthPx, onProgress, signal, clipSha256, ...(grounds && { grounds }) }
  return (await makePlan(options.input, clip, wanted)).plan
}

interface MadeCopy {
  readonly rendered: Rendered
  readonly certificate: LeakCertificate
}

/**
 * Copies where nothing is covered, renders otherwise, and checks; where it is to be proven, renders more finely until the
 * decoded fill is constant enough. Throws Problem `redaction-failed` when no copy is sound.
 */
async function makeSoundly(
  options: RedactOptions,
  clip: ClipInfo,
  plan: RedactionPlan,
  part: string,
): Promise<MadeCopy> {
  const copied = await copySoundly(options, clip, plan, part)
  if (copied) return copied
  const { input, fill, keepAudio: audio, blankWhereUnsure, signal } = options
  for (const crf of rateFactors) {
    const onProgress = progress(options, 'render')
    const rendering = { fill, audio, blankWhereUnsure, crf, onProgress, signal }
    const rendered = await renderPlan(input, clip, plan, part, rendering)
    const certificate = await checkMade(options, clip, plan, rendered, part)
    if (isSound(options, certificate)) return { rendered, certificate }
    if (!wellFormed(certificate) || certificate.frames.decoded !== clip.frames)
      throw new Problem('redaction-failed', { detail: 'The copy is not what was planned.', cause: certificate })
  }
  throw new Problem('redaction-failed', { detail: 'No encoding held the fill as constant as it must be.' })
}

/** Undefined where something is covered, or the clip's own slices make no sound copy. */
async function copySoundly(
  options: RedactOptions,
  clip: ClipInfo,
  plan: RedactionPlan,
  part: string,
): Promise<MadeCopy | undefined> {
  const { input, fill = blackFill, keepAudio, blankWhereUnsure = true, signal } = options
  if (keepAudio && clip.audioStreams > 0) return undefined
  const rendered = await copyUncovered(input, clip, plan, part, { fill, blankedWhereUnsure: blankWhereUnsure, signal })
  if (!rendered) return undefined
  progress(options, 'render')(clip.frames, clip.frames)
  const certificate = await checkMade(options, clip, plan, rendered, part)
  return isSound(options, certificate) ? { rendered, certificate } : undefined
}

async function checkMade(
  options: RedactOptions,
  clip: ClipInfo,
  plan: RedactionPlan,
  rendered: Rendered,
  part: string,
): Promise<LeakCertificate> {
  const { limits, signal } = options
  const checked = await checkCopy(part, clip, plan, rendered, { limits, signal }).catch(cause => {
    signal?.throwIfAborted()
    throw new Problem('redaction-failed', { detail: 'The copy that was written cannot be read.', cause })
  })
  if (!options.prove || !wellFormed(checked.certificate)) return checked.certificate
  const onProgress = progress(options, 'prove')
  return await proveRedaction(options.input, clip, part, checked, { ...options, onProgress }).catch(cause => {
    signal?.throwIfAborted()
    if (cause instanceof Problem || cause instanceof FramesDiffer) throw cause
    throw new Problem('redaction-failed', { detail: 'The copy could not be looked at again.', cause })
  })
}

function isSound({ prove }: RedactOptions, certificate: LeakCertificate): boolean {
  return prove ? soundCopy(certificate) : wellFormed(certificate)
}

function isFull(error: unknown): boolean {
  return error instanceof Error && ['ENOSPC', 'EDQUOT', 'EFBIG'].includes(String((error as { code?: unknown }).code))
}

/** What goes wrong when the container's index lists other frames than the decoder shows. */
function mayDifferInFrames(error: unknown): boolean {
  if (error instanceof FramesDiffer) return true
  return error instanceof Problem && ['redaction-failed', 'plan-does-not-fit'].includes(error.type)
}

function progress({ onProgress }: RedactOptions, stage: Stage) {
  return (done: number, total: number) => onProgress?.(stage, total > 0 ? done / total : 1)
}

async function isSameFile(a: string, b: string): Promise<boolean> {
  const real = (path: string) => realpath(path).catch(() => undefined)
  const [one, other] = await Promise.all([real(a), real(b)])
  return one !== undefined && one === other
}

/** The bytes are on disk before the name points to them: a crash leaves the old file or the new one. */
async function moveDurably(from: string, to: string): Promise<void> {
  await using file = await open(from)
  await file.sync()
  await rename(from, to)
}
