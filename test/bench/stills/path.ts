import type { Random } from './random.ts'

/** Where a sheet's left top corner lies in the frame at a time in seconds, and how many pixels of the frame a unit of it takes. */
export interface Placement {
  readonly x: number
  readonly y: number
  readonly scale: number
}

export type Path = (seconds: number) => Placement

export interface Point {
  readonly x: number
  readonly y: number
}

/** A value that wanders smoothly from one number to the next, one every `every` seconds. */
export function wander(through: readonly number[], every: number): (seconds: number) => number {
  return seconds => {
    const at = Math.max(0, Math.min(seconds / every, through.length - 1 - 1e-9))
    const before = Math.floor(at)
    const share = (1 - Math.cos(Math.PI * (at - before))) / 2
    return through[before]! * (1 - share) + through[Math.min(before + 1, through.length - 1)]! * share
  }
}

/** A hand or a pole in the wind: three waves of 1.5 to 7 Hz, `amplitude` pixels at most. */
export function shaking(random: Random, amplitude: number): (seconds: number) => number {
  const waves = [0.5, 0.3, 0.2].map(share => ({
    share: share * amplitude,
    turn: 2 * Math.PI * random.between(1.5, 7),
    phase: random.between(0, 2 * Math.PI),
  }))
  return seconds => waves.reduce((sum, { share, turn, phase }) => sum + share * Math.sin(turn * seconds + phase), 0)
}

export interface Sweep {
  readonly cell: { readonly x: number; readonly y: number; readonly w: number; readonly h: number }
  readonly sheet: { readonly width: number; readonly height: number }
  /** Points of the sheet that the camera looks at, one after another. */
  readonly targets: readonly Point[]
  readonly everySeconds: number
  readonly scale: (seconds: number) => number
  readonly shake: readonly [(seconds: number) => number, (seconds: number) => number]
}

/** A camera that pans and zooms over a sheet and never shows what lies beyond it. */
export function sweep({ cell, sheet, targets, everySeconds, scale, shake }: Sweep): Path {
  const least = Math.max(cell.w / sheet.width, cell.h / sheet.height)
  const x = wander(
    targets.map(p => p.x),
    everySeconds,
  )
  const y = wander(
    targets.map(p => p.y),
    everySeconds,
  )
  return seconds => {
    const s = Math.max(least, scale(seconds))
    const place = (start: number, length: number, whole: number, target: number, shaken: number) =>
      Math.min(start, Math.max(start + length - whole * s, start + length / 2 - target * s + shaken))
    return {
      x: place(cell.x, cell.w, sheet.width, x(seconds), shake[0](seconds)),
      y: place(cell.y, cell.h, sheet.height, y(seconds), shake[1](seconds)),
      scale: s,
    }
  }
}

export interface Passing {
  /** The point of the sheet that is followed, in its own units. */
  readonly anchor: Point
  /** Where that point is at `at` seconds, in pixels of the frame, and how fast it goes, in pixels a second. */
  readonly through: Point
  readonly at: number
  readonly speed: Point
  readonly scale: number
  /** The scale grows by this factor a second, as of someone who comes nearer. */
  readonly nearing: number
  /** Up and down by so many pixels, twice a second, as of someone who walks. */
  readonly bob: number
}

export function passing({ anchor, through, at, speed, scale, nearing, bob }: Passing): Path {
  return seconds => {
    const t = seconds - at
    const s = scale * nearing ** t
    return {
      x: through.x + speed.x * t - anchor.x * s,
      y: through.y + speed.y * t - anchor.y * s + bob * Math.sin(4 * Math.PI * seconds),
      scale: s,
    }
  }
}
