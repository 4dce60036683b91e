/** Frame times: what a clip says, what a player can show, and the ffmpeg expression that leads from one to the other. */
import type { Ratio } from './probe.ts'

export interface Timing {
  /** Ticks from 0, strictly rising. */
  readonly pts: number[]
  /** How many gaps are not the clip's own. */
  readonly repairs: number
  /** The usual gap between two frames, in ticks. */
  readonly frameTicks: number
  /** True where the gaps differ by more than the one tick that rounding explains. */
  readonly variableRate: boolean
}

type Source = readonly (number | null)[]

/** A pause of a motion-triggered recording can be long; a longer one than this is a broken clock. */
const longestGapSeconds = 3600
/** `sendcmd` counts microseconds, and the moment between two frames has to be one of them. */
const shortestGapSeconds = 4e-6
const fallbackRate = 25
const mostCorrections = 1000

/**
 * Times that rise, as near to the clip's own as can be: a lone frame out of order is put between its neighbours; a jump
 * backwards, a pause of more than an hour and a missing time become one usual gap. Where that needs more than a thousand
 * corrections the frames are spaced evenly.
 */
export function repairTiming(source: Source, timeBase: Ratio): Timing {
  const ticks = (seconds: number) => (seconds * timeBase.den) / timeBase.num
  const shortest = Math.max(1, Math.ceil(ticks(shortestGapSeconds)))
  const fits = (gap: number) => gap >= shortest && gap <= ticks(longestGapSeconds)
  const own = gaps(source.map(s => s ?? Number.NaN)).filter(fits)
  const frameTicks = median(own) ?? Math.max(shortest, Math.round(ticks(1 / fallbackRate)))

  const { pts, repairs } = rising(source, frameTicks, fits)
  const even = repairs > 0 && corrections(source, pts, frameTicks).steps.length > mostCorrections
  const times = even ? pts.map((_, n) => n * frameTicks) : pts
  return { pts: times, repairs: even ? times.length : repairs, frameTicks, variableRate: varies(times) }
}

/** A `setpts` expression that gives frame N the time `pts[N]`, whatever its own time is. */
export function retimeExpression(clip: { sourcePts: Source; pts: readonly number[]; frameTicks: number }): string {
  const { base, steps } = corrections(clip.sourcePts, clip.pts, clip.frameTicks)
  return [base, ...steps.map(([n, step]) => `${step < 0 ? '' : '+'}${step}*gte(N,${n})`)].join('')
}

function rising(
  source: Source,
  frameTicks: number,
  fits: (gap: number) => boolean,
): { pts: number[]; repairs: number } {
  const firstKnown = Math.max(
    0,
    source.findIndex(s => s !== null),
  )
  let offset = (source[firstKnown] ?? 0) - firstKnown * frameTicks
  let repairs = source[0] === null ? 1 : 0
  const pts = [0]
  for (let n = 1, last = 0; n < source.length; n++) {
    const own = (source[n] ?? Number.NaN) - offset
    const next = (source[n + 1] ?? Number.NaN) - offset
    if (fits(own - last)) {
      last = own
    } else if (fits((next - last) / 2) && next - last <= 4 * frameTicks) {
      repairs++
      last += Math.floor((next - last) / 2)
    } else {
      repairs++
      last += frameTicks
      offset = (source[n] ?? offset + last) - last
    }
    pts.push(last)
  }
  return { pts, repairs }
}

/** The times as a base (the clip's own, or evenly spaced) and the frames from which a further step is added to it. */
function corrections(source: Source, pts: readonly number[], frameTicks: number) {
  const from = (base: string, at: (n: number) => number) => {
    const steps: [n: number, step: number][] = []
    let sum = 0
    for (let n = 0; n < pts.length; n++) {
      const step = pts[n]! - at(n) - sum
      if (step !== 0) steps.push([n, step])
      sum += step
    }
    return { base, steps }
  }
  const even = from(`N*${frameTicks}`, n => n * frameTicks)
  if (source.includes(null)) return even
  const own = from('PTS', n => source[n]!)
  return own.steps.length <= Math.max(1, even.steps.length) ? own : even
}

function varies(times: readonly number[]): boolean {
  const all = gaps(times)
  const least = all.reduce((a, b) => Math.min(a, b), Infinity)
  return all.some(gap => gap > least + 1)
}

function gaps(times: readonly number[]): number[] {
  return times.slice(1).map((t, i) => t - times[i]!)
}

function median(values: number[]): number | undefined {
  return values.sort((a, b) => a - b)[Math.floor(values.length / 2)]
}
