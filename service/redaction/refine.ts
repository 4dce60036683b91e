/**
 * The second stage of a cascade (P. Viola, M. Jones, Rapid Object Detection using a Boosted Cascade, 2001): each finding of a detector is shown,
 * as large as the picture at hand allows, to a network that knows nothing else. It says whether there is such a thing, and where it lies.
 */
import { Tensor } from 'onnxruntime-node'
import { floatsOf, sharesOf } from './adapter.ts'
import { type Box, union } from './box.ts'
import { DetectorFault, type Finding, type Picture } from './detector.ts'
import type { Refiner } from './models.ts'
import { samplePiece } from './piece.ts'
import { openSession } from './session.ts'

const mostAtOnce = 64
/** A picture that shows more of a class was made to drown us. All of it counts as its detector scored it: plan-tracks.ts knows what to think of that. */
const mostRefined = 512
/** Odds beyond these say no more; and the network's word goes less far, so that it cannot silence a sure detector. */
const surest = { detector: 1e-4, network: 0.02 } as const
/** The network was taught no larger corrections: logarithms of a ratio of sizes, or shares of a size. */
const farthest = 0.6
/** The middle of the detector's box, so much of its sides, stays covered whatever the network says. */
const core = 0.8

/** The findings of a picture with scores and boxes made better. Throws DetectorFault when the answer is unusable. */
export type Refine = (picture: Picture, findings: readonly Finding[]) => Promise<Finding[]>

/** Opens a network on one thread. One call at a time to what is returned. */
export async function openRefiner(model: Refiner): Promise<Refine> {
  const session = await openSession(model)
  const [width, height] = model.sides
  const pixels = 3 * width * height

  async function ask(picture: Picture, some: readonly Finding[]): Promise<Finding[]> {
    const input = new Float32Array(some.length * pixels)
    for (const [i, { box }] of some.entries()) {
      const region = regionAbout(inPixels(box, picture), model)
      samplePiece(picture, region, width, height, input.subarray(i * pixels, (i + 1) * pixels))
    }
    const outputs = await session.run({ input: new Tensor('float32', input, [some.length, 3, height, width]) })
    const scores = sharesOf(outputs, 'scores')
    const offsets = floatsOf(outputs, 'offsets')
    if (scores.length !== some.length || offsets.length !== 4 * some.length)
      throw new DetectorFault(`${model.name} did not answer once for each finding`)
    return some.map((one, i) => ({
      ...one,
      score: blended(one.score, scores[i]!, model.weightPerMille / 1000),
      box: corrected(one.box, offsets.subarray(4 * i, 4 * i + 4)),
    }))
  }

  return async function refine(picture, findings) {
    if (findings.length > mostRefined) return [...findings]
    const refined: Finding[] = []
    for (let i = 0; i < findings.length; i += mostAtOnce)
      refined.push(...(await ask(picture, findings.slice(i, i + mostAtOnce))))
    return refined
  }
}

function inPixels({ x, y, w, h }: Box, { width, height }: Picture): Box {
  return { x: x * width, y: y * height, w: w * width, h: h * height }
}

/** What the network is shown about a box: so many times its width, or the width that it would have were it as flat as things of the class usually are. */
function regionAbout(box: Box, { aboutPerMille, flatnessPerMille, sides: [width, height] }: Refiner): Box {
  const w = (aboutPerMille / 1000) * Math.max(box.w, (flatnessPerMille / 1000) * box.h)
  const h = (w * height) / width
  return { x: box.x + (box.w - w) / 2, y: box.y + (box.h - h) / 2, w, h }
}

/** The weighted mean of the logarithms of both odds, as a share again. */
function blended(score: number, share: number, weight: number): number {
  const said = (1 - weight) * odds(score, surest.detector) + weight * odds(share, surest.network)
  return 1 / (1 + Math.exp(-said))
}

function odds(share: number, least: number): number {
  const within = Math.min(1 - least, Math.max(least, share))
  return Math.log(within / (1 - within))
}

/** The box moved and stretched by offsets (of the middle, in its widths and heights, and logarithms of width and height), and the core of what it was. */
function corrected({ x, y, w, h }: Box, offsets: Float32Array): Box {
  const [dx, dy, dw, dh] = Array.from(offsets, one => Math.min(farthest, Math.max(-farthest, one))) as [
    number,
    number,
    number,
    number,
  ]
  const [wide, high] = [w * Math.exp(dw), h * Math.exp(dh)]
  const moved = { x: x + w / 2 + dx * w - wide / 2, y: y + h / 2 + dy * h - high / 2, w: wide, h: high }
  const off = (1 - core) / 2
  return union(moved, { x: x + off * w, y: y + off * h, w: core * w, h: core * h })
}
