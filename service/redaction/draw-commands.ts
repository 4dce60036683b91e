/** What `sendcmd` tells the `drawbox` slots, and when. */
import { type Canvas, type Cover, changesOf } from './covers.ts'
import type { Ratio } from './probe.ts'

export interface DrawScript {
  /** How many `drawbox@s<n>` filters the graph needs, from s0. */
  readonly slots: number
  /** A sendcmd file: on each line a moment between two frames, and what changes there. */
  readonly text: string
}

/**
 * ffmpeg reads a sendcmd file in quadratic time and memory: each word claims as much as there is left to read. Measured with
 * 5.1: 110 KB cost 0.4 s, and 1.7 MB want 170 GB of address space.
 */
const longestScript = 128 * 1024
/** A graph is searched for each frame and filter: 100 cost 0.15 ms a frame, 400 five times that. */
const mostSlots = 100

type Side = 'x' | 'y' | 'w' | 'h'
interface Slot {
  readonly name: string
  readonly at: Record<Side, number>
  track: number
  last: number
}

/** A parked box lies wholly to the left of the frame. It keeps its width: a width of 0 would mean all of the frame. */
export function parkedAt(canvas: Canvas): number {
  return -(canvas.width + 200)
}

/**
 * Gives each cover a slot for as long as it stands, and says only what changes. `pts` are the times of the frames at the
 * filter; a change for frame n is timed midway between n - 1 and n, so that no rounding moves it to a neighbour. Undefined
 * where that takes more slots or words than ffmpeg deals with quickly.
 */
export function drawScript(
  covers: readonly Cover[],
  pts: readonly number[],
  timeBase: Ratio,
  canvas: Canvas,
): DrawScript | undefined {
  const slots: Slot[] = []
  const free: Slot[] = []
  const busy = new Set<Slot>()
  let text = ''
  for (const { frame, starting, ended } of changesOf(covers, pts.length)) {
    const released = ended.length > 0 ? [...busy].filter(s => s.last < frame) : []
    for (const slot of released) busy.delete(slot)
    const commands: string[] = []
    for (const cover of starting) {
      const slot = take(released, cover.track) ?? released.pop() ?? free.pop() ?? addSlot(slots, canvas)
      slot.last = cover.last
      slot.track = cover.track
      busy.add(slot)
      for (const side of ['x', 'y', 'w', 'h'] as const) move(slot, side, cover[side], commands)
    }
    for (const slot of released) move(slot, 'x', parkedAt(canvas), commands)
    free.push(...released)
    if (commands.length > 0) text += `${seconds(momentBefore(frame, pts, timeBase))} ${commands.join(',')};\n`
    if (slots.length > mostSlots || text.length > longestScript) return undefined
  }
  return { slots: slots.length, text }
}

function take(released: Slot[], track: number): Slot | undefined {
  const i = released.findIndex(s => s.track === track)
  return i < 0 ? undefined : released.splice(i, 1)[0]
}

function addSlot(slots: Slot[], canvas: Canvas): Slot {
  const slot = { name: `drawbox@s${slots.length}`, at: { x: parkedAt(canvas), y: 0, w: 2, h: 2 }, track: -1, last: -1 }
  slots.push(slot)
  return slot
}

function move(slot: Slot, side: Side, value: number, commands: string[]): void {
  if (slot.at[side] === value) return
  slot.at[side] = value
  commands.push(`${slot.name} ${side} ${value}`)
}

/** Seconds with the six digits that sendcmd reads; it compares them with frame times rounded to the microsecond. */
function seconds(microseconds: bigint): string {
  return `${microseconds / 1_000_000n}.${String(microseconds % 1_000_000n).padStart(6, '0')}`
}

/** The microsecond midway between a frame and the one before it; 0 for the first. */
export function momentBefore(frame: number, pts: readonly number[], { num, den }: Ratio): bigint {
  if (frame === 0) return 0n
  const microseconds = (n: number) => (BigInt(pts[n]!) * BigInt(num) * 1_000_000n) / BigInt(den)
  return (microseconds(frame - 1) + microseconds(frame)) / 2n + 1n
}
