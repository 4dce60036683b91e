/** The detectors look once more, at the finished copy, mirrored: so they see other pictures than those the plan was made from. */
import { intersectionArea, union } from './box.ts'
import type { Hit, LeakCertificate } from './certificate.ts'
import type { Cover } from './covers.ts'
import { layoutFor } from './layout.ts'
import { makePlan } from './make-plan.ts'
import type { Models } from './models.ts'
import type { DetectorClass, PlanTrack } from './plan.ts'
import type { ClipInfo } from './probe.ts'

export interface LookOptions {
  readonly classes: readonly DetectorClass[]
  readonly models: Models
  readonly workers: number
  readonly onProgress?: ((done: number, total: number) => void) | undefined
  readonly signal?: AbortSignal | undefined
}

export interface SecondLook {
  readonly secondLook: NonNullable<LeakCertificate['secondLook']>
  readonly residual: NonNullable<LeakCertificate['residual']>
}

/** A box of the second look is open when less than this share of it lies under one cover. */
const coveredShare = 0.5

/** What the linked detectors see in the copy outside the covers. Throws as makePlan does. */
export async function lookAgain(
  outPath: string,
  copy: ClipInfo,
  covers: readonly Cover[],
  options: LookOptions,
): Promise<SecondLook> {
  const { plan } = await makePlan(outPath, { ...copy, mirrored: !copy.mirrored }, options)
  const standing = byFrame(covers, copy.frames)
  const found = plan.tracks.map(track => openHits(track, copy.width, standing)).filter(hits => hits.length > 0)
  const frames = new Set(
    found.flat().flatMap(({ first, last }) => Array.from({ length: last - first + 1 }, (_, i) => first + i)),
  )
  const { width, height } = layoutFor(copy.width, copy.height)
  return {
    secondLook: {
      models: plan.tool.models,
      independence: 'same-models',
      view: { mirrored: true, width, height },
      framesScanned: copy.frames,
    },
    residual: { tracks: found.length, frames: frames.size, hits: found.flat() },
  }
}

/** The stretches of a track on which a detector saw it and no cover holds it, each with the box around them all. */
function openHits(
  { class: seen, confidence, runs, unseen }: PlanTrack,
  width: number,
  standing: readonly (readonly Cover[])[],
): Hit[] {
  const hits: Hit[] = []
  for (const [from, to, x, y, w, h] of runs) {
    const box = { x: width - x - w, y, w, h }
    for (let frame = from; frame <= to; frame++) {
      if (unseen.some(([first, last]) => first <= frame && frame <= last)) continue
      if (standing[frame]!.some(cover => intersectionArea(cover, box) >= coveredShare * w * h)) continue
      const open = hits.at(-1)
      if (open?.last === frame - 1) Object.assign(open, union(open, box), { last: frame })
      else hits.push({ class: seen, first: frame, last: frame, ...box, scorePerMille: confidence })
    }
  }
  return hits
}

function byFrame(covers: readonly Cover[], frames: number): Cover[][] {
  const standing: Cover[][] = Array.from({ length: frames }, () => [])
  for (const cover of covers) for (let n = cover.first; n <= cover.last; n++) standing[n]?.push(cover)
  return standing
}
