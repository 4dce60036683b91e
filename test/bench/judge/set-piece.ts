import type { Box } from '../../../service/redaction/box.ts'
import type { Random } from '../stills/random.ts'
import type { Candidates } from './candidates.ts'

export const picture = { width: 1280, height: 720, rate: 10, frames: 3 } as const

/** A place for a candidate, in whole pixels of the first frame; it moves by `step` from frame to frame. */
export interface Site extends Box {
  readonly step: { readonly x: number; readonly y: number }
}

/** A made-up street with sites, and what a sensor adds to it. The same street with other noise is another take. */
export interface SetPiece {
  readonly sites: readonly Site[]
  /** RGB frames with candidate `shown[k]` at site k. */
  take(shown: readonly number[], noise: Noise): Promise<Buffer[]>
}

export type Noise = readonly Int8Array[]

const noiseSigma = 3

export function noiseFrom(random: Random): Noise {
  return Array.from({ length: picture.frames }, () => {
    const noise = new Int8Array(picture.width * picture.height)
    // near enough to normal: the mean of four even ones
    for (let i = 0; i < noise.length; i++)
      noise[i] = Math.round(noiseSigma * 1.73 * (random.next() + random.next() + random.next() + random.next() - 2))
    return noise
  })
}

/** As many sites as the grid says, as wide as `widths` says in turn. */
export function setPiece(candidates: Candidates, widths: readonly number[], across: number, random: Random): SetPiece {
  const street = streetFrom(random)
  const [cellWide, cellHigh] = [picture.width / across, picture.height / Math.ceil(widths.length / across)]
  const sites = random.shuffled(widths).map((w, k): Site => {
    const h = Math.round(w * candidates.aspect)
    const free = (cell: number, length: number) => Math.max(0, cell - length - 40)
    return {
      x: Math.round((k % across) * cellWide + 20 + random.next() * free(cellWide, w)),
      y: Math.round(Math.floor(k / across) * cellHigh + 20 + random.next() * free(cellHigh, h)),
      w,
      h,
      step: { x: random.pick([-2, -1, 0, 1, 2]), y: random.pick([-1, 0, 1]) },
    }
  })
  return {
    sites,
    async take(shown, noise) {
      const patches = await Promise.all(sites.map(({ w, h }, k) => candidates.draw(shown[k]!, w, h)))
      return Array.from({ length: picture.frames }, (_, frame) => {
        const rgb = Buffer.from(street)
        for (const [k, site] of sites.entries()) paste(rgb, patches[k]!, placeOf(site, frame))
        const grain = noise[frame]!
        for (let i = 0, at = 0; i < grain.length; i++)
          for (let c = 0; c < 3; c++, at++) rgb[at] = Math.max(0, Math.min(255, rgb[at]! + grain[i]!))
        return rgb
      })
    },
  }
}

export function placeOf({ x, y, w, h, step }: Site, frame: number): Box {
  return { x: x + frame * step.x, y: y + frame * step.y, w, h }
}

function paste(rgb: Buffer, patch: Buffer, { x, y, w, h }: Box): void {
  for (let row = 0; row < h; row++) patch.copy(rgb, ((y + row) * picture.width + x) * 3, row * w * 3, (row + 1) * w * 3)
}

/** Patches of colour that run into each other, and a few hard edges. */
function streetFrom(random: Random): Buffer {
  const { width, height } = picture
  const waves = Array.from({ length: 12 }, () => ({
    x: random.between(-0.06, 0.06),
    y: random.between(-0.06, 0.06),
    phase: random.between(0, 7),
    by: [0, 1, 2].map(() => random.between(2, 9)),
  }))
  const rgb = Buffer.alloc(width * height * 3)
  for (let y = 0, at = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      for (let c = 0; c < 3; c++, at++) {
        const light = waves.reduce(
          (sum, wave) => sum + wave.by[c]! * Math.sin(wave.x * x + wave.y * y + wave.phase),
          110,
        )
        rgb[at] = Math.max(20, Math.min(235, light))
      }
    }
  }
  for (let i = 0; i < 30; i++) {
    const [w, h] = [Math.round(random.between(20, 160)), Math.round(random.between(10, 120))]
    const colour = Buffer.from([0, 1, 2].map(() => Math.round(random.between(40, 210))))
    const area = { x: Math.floor(random.between(0, width - w)), y: Math.floor(random.between(0, height - h)), w, h }
    paste(rgb, Buffer.alloc(w * h * 3, colour), area)
  }
  return rgb
}
