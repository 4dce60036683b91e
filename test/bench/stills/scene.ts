import type { Box } from '../../../service/redaction/box.ts'
import type { Path } from './path.ts'
import type { Sheet } from './sheet.ts'

/** A sheet in motion, seen through a cell of the frame. */
export interface Layer {
  readonly sheet: Sheet
  readonly cell: Box
  readonly path: Path
}

/** What the virtual camera films: layers from the farthest to the nearest, over grey. */
export interface Scene {
  readonly width: number
  readonly height: number
  readonly rate: number
  readonly frames: number
  /** How long the shutter is open, in shares of the time from frame to frame. */
  readonly shutter: number
  readonly layers: readonly Layer[]
}

/** Where a layer shows in the frame at a time. */
export function boundsOf({ sheet, path, cell }: Layer, seconds: number): Box {
  const { x, y, scale } = path(seconds)
  return within({ x, y, w: sheet.width * scale, h: sheet.height * scale }, cell)
}

/** The part of a box that lies in an area; without width or height where none does. */
export function within(box: Box, area: Box): Box {
  const [x, y] = [Math.max(box.x, area.x), Math.max(box.y, area.y)]
  return {
    x,
    y,
    w: Math.max(0, Math.min(box.x + box.w, area.x + area.w) - x),
    h: Math.max(0, Math.min(box.y + box.h, area.y + area.h) - y),
  }
}
