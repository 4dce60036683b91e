import sharp from 'sharp'
import type { Picture } from '../../../service/redaction/detector.ts'
import { fineness, layoutFor, wholeOf } from '../../../service/redaction/layout.ts'
import type { Still } from '../stills/dataset.ts'

/** A still as the scan of a clip would hand it to the detectors, to be looked at as a whole at one scale. */
export async function pictureOf(still: Still, scale: 'coarse' | 'fine'): Promise<Picture> {
  const layout = layoutFor(still.width, still.height)
  const [width, height] = [layout.width * fineness, layout.height * fineness]
  const { data, info } = await sharp(await still.bytes())
    .toColourspace('srgb')
    .removeAlpha()
    .resize(width, height, { fit: 'fill', kernel: 'linear' })
    .raw()
    .toBuffer({ resolveWithObject: true })
  const step = scale === 'fine' ? fineness : 1
  const region = wholeOf({ width: layout.width * step, height: layout.height * step })
  return {
    width,
    height,
    planes: toPlanes(data, info.channels, width, height),
    matrix: 'bt601',
    looks: [{ scale, region }],
  }
}

/** RGB, or one channel of grey, to limited range 4:2:0 (ITU-R BT.601); a chroma sample is the mean of four. */
function toPlanes(pixels: Uint8Array, channels: number, width: number, height: number): Uint8Array {
  const planes = new Uint8Array((width * height * 3) / 2).fill(128)
  const blueAt = width * height
  const redAt = blueAt + blueAt / 4
  const sum = new Float32Array(blueAt / 2)
  for (let y = 0, at = 0; y < height; y++) {
    for (let x = 0; x < width; x++, at++) {
      const from = at * channels
      const r = pixels[from]!
      const g = channels === 1 ? r : pixels[from + 1]!
      const b = channels === 1 ? r : pixels[from + 2]!
      const luma = 0.299 * r + 0.587 * g + 0.114 * b
      planes[at] = Math.round(16 + (luma * 219) / 255)
      const chroma = (y >> 1) * (width >> 1) + (x >> 1)
      sum[chroma]! += (b - luma) / 1.772
      sum[blueAt / 4 + chroma]! += (r - luma) / 1.402
    }
  }
  for (let i = 0; i < blueAt / 4; i++) {
    planes[blueAt + i] = Math.round(128 + (sum[i]! * 224) / 255 / 4)
    planes[redAt + i] = Math.round(128 + (sum[blueAt / 4 + i]! * 224) / 255 / 4)
  }
  return planes
}
