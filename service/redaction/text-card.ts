import type { TextBox } from './text-boxes.ts'
import type { Grey } from './text-detector.ts'
import { lineOf } from './text-line.ts'
import type { Lines } from './text-worker.ts'

/** Two lines of a card are alike within this, and stand no farther apart than this share of their height. */
const likeness = 2
const apart = 0.5
const shared = 0.6

/** A line as it is to be read: with the one other that makes a card of two lines with it, where there is just one. */
export function writtenOn(line: TextBox, lines: readonly TextBox[], frame: Grey): Lines {
  const size = { along: line.along, across: line.across, frameWidth: frame.width }
  const mates = lines.filter(other => other !== line && isMate(line, other))
  const [mate] = mates
  const alone = mate && mates.length === 1 && lines.every(one => one === line || one === mate || !isMate(mate, one))
  if (!alone) return { lines: [lineOf(frame, line)], size }
  const [upper, lower] = mate.y < line.y ? [mate, line] : [line, mate]
  return { lines: [lineOf(frame, upper), lineOf(frame, lower)], size }
}

/** Right above or below one another, and alike. */
export function isMate(a: TextBox, b: TextBox): boolean {
  const ratio = Math.max(a.along / b.along, b.along / a.along, a.across / b.across, b.across / a.across)
  const [dx, dy] = [b.x - a.x, b.y - a.y]
  const side = Math.abs(dx * Math.cos(a.angle) + dy * Math.sin(a.angle))
  const down = Math.abs(dy * Math.cos(a.angle) - dx * Math.sin(a.angle))
  const height = (a.across + b.across) / 2
  const overlap = (a.along + b.along) / 2 - side
  return (
    ratio <= likeness &&
    overlap >= shared * Math.min(a.along, b.along) &&
    down >= 0.4 * height &&
    down <= (1 + apart) * height
  )
}
