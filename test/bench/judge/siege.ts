import type { Box } from '../../../service/redaction/box.ts'
import { defaultLimits, probeClip } from '../../../service/redaction/probe.ts'
import { encoder, renderPlan } from '../../../service/redaction/render.ts'
import { handPlan } from '../../redaction/clips.ts'
import { type Guess, guessOf, likeness, nearness, templatesOf } from './guess.ts'
import { encode, lumas } from './lumas.ts'
import { type Noise, picture, placeOf, type SetPiece, type Site } from './set-piece.ts'
import { ours, type Style } from './styles.ts'

export interface Outcome extends Guess {
  readonly style: string
  readonly where: 'inside' | 'around'
  /** Width of the plate or height of the face, in pixels. */
  readonly size: number
}

/** What was filmed: which candidate stood at each site, and the noise of that take. */
export interface Secret {
  readonly shown: readonly number[]
  readonly noise: Noise
}

export interface Siege {
  readonly secrets: readonly Secret[]
  readonly styles: readonly Style[]
  /** The noise of the attacker's own takes. */
  readonly own: Noise
  /** How many candidates there are. */
  readonly count: number
  /** For clips, with its slash. */
  readonly folder: string
}

/** The camera's encoder: every take starts anew, so that one take tells nothing of the one before. */
const camera = `-c:v libx264 -preset veryfast -qp 27 -g ${picture.frames} -bf 0 -sc_threshold 0 -threads 1 -pix_fmt yuv420p`
const cameraOptions = [...camera.split(' '), '-x264-params', 'rc-lookahead=0:mbtree=0']
const colour = ['-pix_fmt', 'rgb24', '-s', `${picture.width}x${picture.height}`, '-r', `${picture.rate}`]
const grey = ['-pix_fmt', 'gray', '-s', `${picture.width}x${picture.height}`, '-r', `${picture.rate}`]
const ring = 12

/** Every style against every site of one scene, once for each secret. */
export async function attackAll(piece: SetPiece, { secrets, styles, own, count, folder }: Siege): Promise<Outcome[]> {
  const copies: Map<Style, Buffer[]>[] = []
  for (const { shown, noise } of secrets)
    copies.push(await copiesOf(piece, styles, await piece.take(shown, noise), folder))
  const guesses = `${folder}guesses.mp4`
  await encode(takes(piece, own, count), colour, [...cameraOptions, guesses])
  // of each candidate's take, what lies around each site, as the camera shows it
  const seen = piece.sites.map(() => [] as Uint8Array[])
  let take: Buffer[] = []
  for await (const luma of lumas(guesses, picture)) {
    take.push(luma)
    if (take.length < picture.frames) continue
    for (const [k, site] of piece.sites.entries()) seen[k]!.push(cut(take, site))
    take = []
  }
  const outcomes: Outcome[] = []
  for (const [k, site] of piece.sites.entries()) {
    for (const style of styles) {
      const filtered = style.filter ? seen[k]!.map(each => style.filter!(each, frameOf(site))) : seen[k]!
      for (const where of ['inside', 'around'] as const) {
        if (style.filter && where === 'around') continue
        const pick = picker(site, style, where)
        const templates = templatesOf(filtered.map(pick))
        const attack = where === 'inside' && !style.filter ? likeness : nearness
        for (const [s, { shown }] of secrets.entries()) {
          const guess = guessOf(attack(pick(cut(copies[s]!.get(style)!, site)), templates), shown[k]!)
          outcomes.push({ style: style.name, where, size: Math.max(site.w, site.h), ...guess })
        }
      }
    }
  }
  return outcomes
}

async function copiesOf(
  piece: SetPiece,
  styles: readonly Style[],
  frames: readonly Buffer[],
  folder: string,
): Promise<Map<Style, Buffer[]>> {
  const secret = `${folder}secret.mp4`
  await encode(each([frames]), colour, [...cameraOptions, secret])
  const source = await allOf(secret)
  const copies = new Map<Style, Buffer[]>()
  for (const style of styles) copies.set(style, await copyOf(style, piece, source, secret, folder))
  return copies
}

async function* each(all: readonly (readonly Buffer[])[]): AsyncGenerator<Buffer> {
  for (const frames of all) yield* frames
}

async function* takes(piece: SetPiece, own: Noise, count: number): AsyncGenerator<Buffer> {
  for (let i = 0; i < count; i++)
    yield* await piece.take(
      piece.sites.map(() => i),
      own,
    )
}

async function allOf(path: string): Promise<Buffer[]> {
  const frames: Buffer[] = []
  for await (const luma of lumas(path, picture)) frames.push(luma)
  return frames
}

/** The luma of the copy that a style makes: ours by the product's own render, the others by hand and with the same encoder. */
async function copyOf(style: Style, piece: SetPiece, source: readonly Buffer[], secret: string, folder: string) {
  const path = `${folder}${style.name}.mp4`
  const { margin } = style
  if (margin !== undefined) {
    const clip = await probeClip(secret, defaultLimits)
    const runs = piece.sites.map(site =>
      source.map((_, frame) => {
        const { x, y, w, h } = grown(placeOf(site, frame), margin)
        return [frame, frame, x, y, w, h] as [number, number, number, number, number, number]
      }),
    )
    await renderPlan(secret, clip, handPlan(clip, ...runs), path)
  } else {
    const frames = source.map(luma => Buffer.from(luma))
    for (const site of piece.sites) {
      const filtered = style.filter!(cut(source, site), frameOf(site))
      put(frames, site, filtered)
    }
    await encode(each([frames]), grey, [...encoder(), path])
  }
  return await allOf(path)
}

/** Everything that any style touches or that is looked at: the widest margin, and the ring around it. */
const widest = ours.margin + ring

function frameOf(site: Site) {
  return { w: site.w + 2 * widest, h: site.h + 2 * widest, by: widest, site }
}

function grown({ x, y, w, h }: Box, by: number): Box {
  return { x: x - by, y: y - by, w: w + 2 * by, h: h + 2 * by }
}

/** The site and what is around it on every frame, one after another. Beyond the border: black. */
function cut(frames: readonly Buffer[], site: Site): Uint8Array {
  const { w, h } = grown({ ...site, x: 0, y: 0 }, widest)
  const out = new Uint8Array(w * h * frames.length)
  for (const [frame, luma] of frames.entries()) {
    const { x, y } = grown(placeOf(site, frame), widest)
    for (let row = Math.max(0, -y); row < Math.min(h, picture.height - y); row++) {
      const left = Math.max(0, -x)
      const right = Math.min(w, picture.width - x)
      const from = (y + row) * picture.width + x
      out.set(luma.subarray(from + left, from + right), (frame * h + row) * w + left)
    }
  }
  return out
}

/** Writes the site itself, without what is around it. */
function put(frames: readonly Buffer[], site: Site, pixels: Uint8Array): void {
  const { w, h, by } = frameOf(site)
  for (const [frame, luma] of frames.entries()) {
    const { x, y } = placeOf(site, frame)
    for (let row = 0; row < site.h; row++) {
      const from = (frame * h + by + row) * w + by
      luma.set(pixels.subarray(from, from + site.w), (y + row) * picture.width + x)
    }
  }
}

/** Takes from a cutting the pixels under the cover, or those around it. */
function picker(site: Site, style: Style, where: Outcome['where']) {
  const { w, h, by } = frameOf(site)
  const margin = style.margin ?? 0
  const inner = by - margin
  const outer = Math.max(0, inner - ring)
  const chosen: number[] = []
  for (let frame = 0; frame < picture.frames; frame++) {
    for (let row = outer; row < h - outer; row++) {
      for (let column = outer; column < w - outer; column++) {
        const under = row >= inner && row < h - inner && column >= inner && column < w - inner
        if (under === (where === 'inside')) chosen.push((frame * h + row) * w + column)
      }
    }
  }
  return (pixels: Uint8Array) => Uint8Array.from(chosen, at => pixels[at]!)
}
