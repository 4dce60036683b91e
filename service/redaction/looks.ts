/** Which frames are looked at, and what of them: where something changed, and now and then all of it. */
import { type Box, union } from './box.ts'
import { blockSide, type Changes, changedRegion } from './changes.ts'
import type { Look } from './detector.ts'
import { fineness, isWhole, type Layout, wholeOf } from './layout.ts'

/** Times in milliseconds, unless the name says otherwise. They stand in every plan. */
export const lookRules = {
  /** What changes is looked at this often at most, and on no two frames running unless they are further apart: between looks it is followed. */
  changeMs: 100,
  apartMs: 150,
  /** All of the frame is looked at at least this often while something changes, and while nothing does. */
  movingMs: 800,
  stillMs: 1000,
  /** The fine look: what changed since the last one, and all of the frame. */
  fineChangeMs: 800,
  fineStillMs: 3000,
  /** What is longer than this on the fine picture, in its pixels, is left to a coarse look that holds it: there networks take less for what it is not. */
  fineMostPx: 80,
  /** From afar the frame has so much of its long side around it (of its short side 2.5 times that at most); what the frame cuts counts from so much of its area on. */
  afarRoomPerMille: 100,
  afarLeastPerMille: 250,
} as const

/** How much of a frame the detectors looked at, coarsely and besides finely: flags. Every frame was compared with what they last saw of it. */
export const lookedAt = { nothing: 0, part: 1, whole: 2, partFinely: 4, wholeFinely: 8 } as const

/** The flags of these looks at one frame. */
export function flagsOf(looks: readonly Look[], { width, height }: Layout): number {
  let flags = 0
  for (const { scale, region } of looks) {
    const times = scale === 'fine' ? fineness : 1
    const all = isWhole(region, { width: times * width, height: times * height })
    if (scale === 'fine') flags |= all ? lookedAt.wholeFinely : lookedAt.partFinely
    else flags |= all ? lookedAt.whole : lookedAt.part
  }
  return flags
}

export interface LookPlanner {
  /** What of a frame to look at, given what changed on it since that was last looked at. All of it, finely, at a cut. */
  next(seconds: number, changes: Changes, cut?: boolean): Look[]
}

/** What moves is seen with this much around it, in blocks: networks need the surroundings. */
const contextBlocks = 4
/** A part is at least so many blocks wide and high. */
const leastBlocks = 12
/** Above this share of the frame, all of it is looked at. */
const wholeFrom = 0.6

export function planLooks(layout: Layout): LookPlanner {
  const whole = wholeOf(layout)
  const last = {
    coarse: Number.NEGATIVE_INFINITY,
    whole: Number.NEGATIVE_INFINITY,
    fine: Number.NEGATIVE_INFINITY,
    fineWhole: Number.NEGATIVE_INFINITY,
  }

  let before = Number.NEGATIVE_INFINITY
  // What changed since the last fine look, in blocks: a coarse one has no eyes for what is small, so it may not take that off the list.
  let waiting: Box | undefined

  return {
    next(seconds, changes, cut = false) {
      if (cut) last.whole = last.fineWhole = Number.NEGATIVE_INFINITY
      const since = (what: keyof typeof last) => (seconds - last[what]) * 1000 + 0.5
      const changed = changedRegion(changes, layout.width / blockSide)
      if (changed) waiting = waiting ? union(waiting, changed) : changed
      const region = changed && widened(changed, layout)
      const looks: Look[] = []
      const isWhole = since('whole') >= (changed ? lookRules.movingMs : lookRules.stillMs)
      const due = since('coarse') >= (last.coarse === before ? lookRules.apartMs : lookRules.changeMs)
      before = seconds
      if (isWhole || (region && due)) {
        const seen = isWhole ? whole : region!
        looks.push({ scale: 'coarse', region: seen })
        last.coarse = seconds
        if (seen.w * seen.h >= whole.w * whole.h) last.whole = seconds
      }
      const fineWhole = since('fineWhole') >= lookRules.fineStillMs
      if (looks.length > 0 && (fineWhole || (waiting && since('fine') >= lookRules.fineChangeMs))) {
        const seen = fineWhole ? whole : widened(waiting!, layout)
        looks.push({ scale: 'fine', region: scaled(seen) })
        if (seen.w * seen.h >= whole.w * whole.h) last.fineWhole = seconds
        last.fine = seconds
        waiting = undefined
      }
      return looks
    },
  }
}

/** The region in pixels, with context, or all of the frame. */
function widened({ x, y, w, h }: Box, layout: Layout): Box {
  const [left, right] = stretched(x, w, layout.width / blockSide)
  const [top, bottom] = stretched(y, h, layout.height / blockSide)
  const box = { x: left * blockSide, y: top * blockSide, w: (right - left) * blockSide, h: (bottom - top) * blockSide }
  return box.w * box.h >= wholeFrom * layout.width * layout.height ? wholeOf(layout) : box
}

function stretched(from: number, length: number, most: number): [number, number] {
  const wanted = Math.min(most, Math.max(leastBlocks, length + 2 * contextBlocks))
  const start = Math.min(Math.max(0, Math.floor(from + (length - wanted) / 2)), most - wanted)
  return [start, start + wanted]
}

function scaled({ x, y, w, h }: Box): Box {
  return { x: x * fineness, y: y * fineness, w: w * fineness, h: h * fineness }
}
