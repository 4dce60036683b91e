import sharp from 'sharp'
import { line, lineWidth } from '../../../fixtures/scene/glyphs.ts'
import type { Still } from '../stills/dataset.ts'
import type { Random } from '../stills/random.ts'

/** Pictures of which one was covered, each ready to be drawn at any size. */
export interface Candidates {
  readonly count: number
  /** Height over width, the same for all: what a box's shape tells is told of none. */
  readonly aspect: number
  /** RGB of candidate `i`, `width` x `height`. */
  draw(i: number, width: number, height: number): Promise<Buffer>
}

const plateMm = { width: 520, height: 111 }
const letters = 'ABCDEFGHJKLMNPRSTUVWXY'
const digits = '0123456789'

/** Made-up plates of one pattern and lettering: two letters, two digits, three letters. */
export async function plateCandidates(count: number, random: Random): Promise<Candidates> {
  const texts = new Set<string>()
  const some = (from: string, length: number) => Array.from({ length }, () => random.pick([...from])).join('')
  while (texts.size < count) texts.add(`${some(letters, 2)}${some(digits, 2)} ${some(letters, 3)}`)
  const pictures = await Promise.all(
    [...texts].map(text =>
      sharp(Buffer.from(plateSvg(text)))
        .removeAlpha()
        .png()
        .toBuffer(),
    ),
  )
  return from(pictures, plateMm.height / plateMm.width)
}

function plateSvg(text: string): string {
  const { width, height } = plateMm
  const lettering = { height: 79, width: 50 / 79, gap: 10 / 79, stroke: 14 / 79, colour: '#0c0c0c' }
  const [area, serial] = text.split(' ') as [string, string]
  const left = (width - lineWidth(area, lettering) - lineWidth(serial, lettering) - 33) / 2
  const right = left + lineWidth(area, lettering) + 33
  return (
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}">` +
    `<rect width="${width}" height="${height}" fill="#f4f4ef"/>` +
    `${line(area, left, 16, lettering)}${line(serial, right, 16, lettering)}</svg>`
  )
}

const faceAspect = 1.25
const leastFace = 40

/** One face of each of as many stills: the box alone, nothing around it. Throws when there are too few. */
export async function faceCandidates(stills: readonly Still[], count: number, random: Random): Promise<Candidates> {
  const boxes = random.shuffled(stills).flatMap(still => {
    const box = still.boxes.find(each => each.h >= leastFace && each.x >= 0 && each.y >= 0)
    return box && box.x + box.w <= still.width && box.y + box.h <= still.height ? [{ still, box }] : []
  })
  if (boxes.length < count) throw new Error(`only ${boxes.length} of ${count} faces are large enough`)
  const pictures = await Promise.all(
    boxes.slice(0, count).map(async ({ still, box }) =>
      sharp(await still.bytes())
        .toColourspace('srgb')
        .extract({
          left: Math.floor(box.x),
          top: Math.floor(box.y),
          width: Math.floor(box.w),
          height: Math.floor(box.h),
        })
        .png()
        .toBuffer(),
    ),
  )
  return from(pictures, faceAspect)
}

function from(pictures: readonly Buffer[], aspect: number): Candidates {
  const drawn = new Map<string, Promise<Buffer>>()
  return {
    count: pictures.length,
    aspect,
    draw(i, width, height) {
      const key = `${i}/${width}x${height}`
      const known = drawn.get(key) ?? rgbOf(pictures[i]!, width, height)
      drawn.set(key, known)
      return known
    },
  }
}

async function rgbOf(png: Buffer, width: number, height: number): Promise<Buffer> {
  const resized = sharp(png).removeAlpha().resize(width, height, { fit: 'fill' })
  const { data, info } = await resized.raw().toBuffer({ resolveWithObject: true })
  if (info.channels === 3) return data
  const rgb = Buffer.alloc(width * height * 3)
  for (let i = 0; i < width * height; i++) rgb.fill(data[i * info.channels]!, i * 3, i * 3 + 3)
  return rgb
}
