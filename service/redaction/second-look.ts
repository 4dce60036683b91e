/**
 * The finished copy is looked at by two families. The plan's own networks see it mirrored and at another scale, and say what
 * they find outside the covers; networks that read writing look for plates in their own way, and judge what the others took
 * for one.
 */
import type { CertifiedLook } from './certificate.ts'
import { copyFrames, type Frame } from './copy-frames.ts'
import { type Standing, stateOf } from './decided.ts'
import { layoutOf } from './layout.ts'
import { lensesFor } from './make-plan.ts'
import { type Models, networksOf } from './models.ts'
import { mirroredPicture, otherLongSide } from './other-view.ts'
import type { DetectorClass, PlanTrack } from './plan.ts'
import { type LeastWidthPx, tracksOf } from './plan-tracks.ts'
import { judgePlates } from './plate-judge.ts'
import { secondsAt } from './probe.ts'
import { inTheOpen } from './really-there.ts'
import { scanPictures } from './scan.ts'
import type { Footage, SeenTrack, Sighting } from './sightings.ts'
import { openTextFamily } from './text-family.ts'
import { type JudgedText, lookForText } from './text-look.ts'
import { loadTextModels } from './text-models.ts'

export interface LookOptions {
  readonly classes: readonly DetectorClass[]
  readonly models: Models
  readonly leastWidthPx?: LeastWidthPx | undefined
  readonly workers: number
  readonly onProgress?: ((done: number, total: number) => void) | undefined
  readonly signal?: AbortSignal | undefined
}

export interface SecondLook {
  readonly looks: CertifiedLook[]
  /** Nobody decided on these. */
  readonly open: readonly SeenTrack[]
  /** These lie on what a person chose to keep visible. */
  readonly visible: readonly SeenTrack[]
  readonly text: { readonly open: readonly JudgedText[]; readonly visible: readonly JudgedText[] }
}

/**
 * Goes through the copy once, handing each frame to `onFrame` before anything looks at it. `standing` is what was decided for
 * each frame. Throws as proveRedaction does, and what `onFrame` throws.
 */
export async function lookAgain(
  copy: Footage,
  original: Footage,
  standing: readonly Standing[],
  options: LookOptions,
  onFrame: (frame: Frame) => void,
): Promise<SecondLook> {
  const { classes, models, signal } = options
  const layout = layoutOf(copy.clip, otherLongSide)
  const lenses = lensesFor(classes, models)
  const textModels = await loadTextModels()
  await using family = openTextFamily(textModels, signal)
  const text = classes.includes('plate') ? lookForText(copy.clip, standing, family) : undefined

  async function* pictures() {
    let frame = 0
    for await (const shown of copyFrames(copy.path, copy.clip, signal)) {
      onFrame(shown)
      await text?.take(shown, secondsAt(copy.clip, frame++))
      yield mirroredPicture(shown, layout, copy.clip.matrix)
    }
  }
  const scan = { ...(await scanPictures(pictures(), copy.clip, layout, lenses, options)), damaged: [] }
  const writing = await text?.end()

  const seen = classes.flatMap(wanted => {
    const named = networksOf(models.planning(wanted), [wanted]).map(({ sha256 }) => sha256)
    const leastWidthPx = options.leastWidthPx?.[wanted]
    const asked = { class: wanted, models: named, ground: 'personal-data', leastWidthPx, bare: true }
    return tracksOf(scan, copy.clip, asked, 1).map(track => ({
      class: wanted,
      confidence: track.confidence,
      ...(track.couldNotTell && { verdict: 'could-not-tell' as const }),
      sightings: mirroredBack(track, copy.clip.width),
    }))
  })
  const only = (state: 'open' | 'visible') =>
    seen
      .map(one => ({ ...one, sightings: one.sightings.filter(s => stateOf(s.box, standing[s.frame]!) === state) }))
      .filter(({ sightings }) => sightings.length > 0)
  const open = await inTheOpen(only('open'), standing, original, { layout, lenses, ...options })
  return {
    looks: [
      {
        family: 'detectors',
        classes: [...classes],
        models: networksOf(
          lenses.map(({ model }) => model),
          classes,
        ),
        independence: 'same-models',
        view: { mirrored: true, width: layout.width, height: layout.height },
        framesScanned: scan.looks.reduce((sum, looked) => sum + (looked > 0 ? 1 : 0), 0),
      },
      ...(text && writing
        ? [
            {
              family: 'text' as const,
              classes: ['plate' as const],
              models: [textModels.detection, textModels.recognition].map(({ name, sha256 }) => ({ name, sha256 })),
              independence: 'other-models' as const,
              view: { mirrored: false, ...text.view },
              framesScanned: writing.framesScanned,
            },
          ]
        : []),
    ],
    open: await judgePlates(open, copy, family, signal),
    visible: only('visible'),
    text: { open: writing?.tracks ?? [], visible: writing?.visible ?? [] },
  }
}

/** The frames on which a detector saw the track, with what it saw as it lies in the copy. */
function mirroredBack({ runs, unseen }: Pick<PlanTrack, 'runs' | 'unseen'>, width: number): Sighting[] {
  return runs.flatMap(([first, last, x, y, w, h]) => {
    const box = { x: width - x - w, y, w, h }
    const frames = Array.from({ length: last - first + 1 }, (_, i) => first + i)
    return frames.filter(n => !unseen.some(([from, to]) => from <= n && n <= to)).map(frame => ({ frame, box }))
  })
}
