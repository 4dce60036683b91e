/** Where a picture differs from what was there when it was last looked at. */
import type { Box } from './box.ts'
import type { Layout } from './layout.ts'

/** Side of a block in pixels of the coarse picture, whose sides are multiples of it. */
export const blockSide = 16
/** Mean absolute difference of luma in a block from which on it counts as changed: noise and coding stay below it. */
export const changedFrom = 3

/** One byte a block, row by row; 0 where nothing changed. */
export type Changes = Uint8Array

export interface Watch {
  readonly across: number
  readonly down: number
  /** Compares a luma plane of the layout's size with what was last seen. All of the first one has changed. */
  compare(luma: Uint8Array): Changes
  /** From now on the blocks of this region are compared with this plane. */
  seen(luma: Uint8Array, region: Box): void
}

/** Memory is one coarse luma plane. */
export function watchChanges({ width, height }: Layout): Watch {
  const [across, down] = [width / blockSide, height / blockSide]
  let reference: Uint8Array | undefined

  function compare(luma: Uint8Array): Changes {
    const changes = new Uint8Array(across * down)
    if (!reference) return changes.fill(1)
    for (let block = 0; block < changes.length; block++) {
      const left = (block % across) * blockSide
      const top = Math.floor(block / across) * blockSide
      let sum = 0
      for (let y = top; y < top + blockSide; y++) {
        const from = y * width + left
        for (let x = from; x < from + blockSide; x++) sum += Math.abs(luma[x]! - reference[x]!)
      }
      if (sum >= changedFrom * blockSide * blockSide) changes[block] = 1
    }
    return changes
  }

  function seen(luma: Uint8Array, region: Box): void {
    reference ??= new Uint8Array(width * height)
    for (let y = region.y; y < region.y + region.h; y++) {
      const from = y * width + region.x
      reference.set(luma.subarray(from, from + region.w), from)
    }
  }
  return { across, down, compare, seen }
}

/** Whether any block under a box (in shares of the frame) has changed. */
export function changedUnder(changes: Changes, { across, down }: Pick<Watch, 'across' | 'down'>, box: Box): boolean {
  const clamp = (value: number, most: number) => Math.min(most, Math.max(0, value))
  const right = clamp(Math.ceil((box.x + box.w) * across), across)
  const bottom = clamp(Math.ceil((box.y + box.h) * down), down)
  for (let y = clamp(Math.floor(box.y * down), down); y < bottom; y++) {
    for (let x = clamp(Math.floor(box.x * across), across); x < right; x++) if (changes[y * across + x]) return true
  }
  return false
}

/** The smallest box in blocks that holds every changed one; nothing when none has. */
export function changedRegion(changes: Changes, across: number): Box | undefined {
  let [left, top, right, bottom] = [across, -1, -1, -1]
  for (let block = 0; block < changes.length; block++) {
    if (!changes[block]) continue
    const x = block % across
    bottom = Math.floor(block / across)
    if (top < 0) top = bottom
    left = Math.min(left, x)
    right = Math.max(right, x)
  }
  return top < 0 ? undefined : { x: left, y: top, w: right - left + 1, h: bottom - top + 1 }
}
