/** The covers as a second video: white where the fill goes. One picture for each change, however many there are. */
import { type Canvas, type Cover, changesOf } from './covers.ts'
import { momentBefore } from './draw-commands.ts'
import { rawPictureHead, rawVideoHead } from './matroska.ts'
import type { Ratio } from './probe.ts'

/**
 * A Matroska stream of 4:2:0 masks, timed like the script of draw-commands.ts: a mask holds from midway before its frame. Memory
 * holds one picture, and a piece is good only until the next one is asked for.
 */
export async function* maskStream(
  covers: readonly Cover[],
  pts: readonly number[],
  timeBase: Ratio,
  { width, height }: Canvas,
): AsyncGenerator<Uint8Array, void, undefined> {
  const mask = new Uint8Array((width * height * 3) / 2)
  yield rawVideoHead(width, height)
  for (const { frame, starting, standing, ended } of changesOf(covers, pts.length, { fromTheFirst: true })) {
    for (const cover of ended) paint(mask, width, height, cover, 0)
    // What ended may have taken a bite out of what stands on.
    for (const cover of ended.length > 0 ? standing : starting) paint(mask, width, height, cover, 255)
    yield rawPictureHead(momentBefore(frame, pts, timeBase), mask.length)
    yield mask
  }
}

/** Covers are even, so that luma and both chroma planes agree. */
function paint(mask: Uint8Array, width: number, height: number, { x, y, w, h }: Cover, value: number): void {
  for (let row = y; row < y + h; row++) mask.fill(value, row * width + x, row * width + x + w)
  for (const plane of [width * height, (width * height * 5) / 4]) {
    for (let row = y / 2; row < (y + h) / 2; row++) {
      const start = plane + (row * width + x) / 2
      mask.fill(value, start, start + w / 2)
    }
  }
}
