export interface Templates {
  readonly all: readonly Uint8Array[]
  readonly mean: Float32Array
}

export function templatesOf(all: readonly Uint8Array[]): Templates {
  const mean = new Float32Array(all[0]!.length)
  for (const template of all) for (let i = 0; i < mean.length; i++) mean[i]! += template[i]!
  return { all, mean: mean.map(each => each / all.length) }
}

/** How near each template lies to the observation: the best guess where both were made alike but for noise. */
export function nearness(observed: Uint8Array, { all }: Templates): number[] {
  return all.map(template => {
    let apart = 0
    for (let i = 0; i < observed.length; i++) {
      const difference = observed[i]! - template[i]!
      apart += difference * difference
    }
    return -apart
  })
}

/** Normalised correlation with each template: the best guess where only a trace of it may be left, at any strength. */
export function likeness(observed: Uint8Array, { all, mean }: Templates): number[] {
  const own = observed.reduce((sum, each) => sum + each, 0) / observed.length
  return all.map(template => {
    let [product, power] = [0, 0]
    for (let i = 0; i < observed.length; i++) {
      const difference = template[i]! - mean[i]!
      product += (observed[i]! - own) * difference
      power += difference * difference
    }
    return power === 0 ? Number.NEGATIVE_INFINITY : product / Math.sqrt(power)
  })
}

export interface Guess {
  /** How many candidates the attacker would name before this one; those that score alike share their ranks. */
  readonly rank: number
  /** How likely he names it at once: whole where it scores best, a share where others do so too. */
  readonly atOnce: number
}

export function guessOf(scores: readonly number[], candidate: number): Guess {
  const own = scores[candidate]!
  let [before, alike] = [0, -1]
  for (const score of scores) {
    if (score > own) before++
    else if (score === own) alike++
  }
  return { rank: before + alike / 2, atOnce: before > 0 ? 0 : 1 / (alike + 1) }
}

/** The mean of ranks among `count` candidates as a part of the last one, and how far it may lie from the true mean, at 95 %. */
export function meanRank(ranks: readonly number[], count: number): { mean: number; within: number } {
  const parts = ranks.map(rank => rank / (count - 1))
  const mean = parts.reduce((sum, part) => sum + part, 0) / parts.length
  const variance = parts.reduce((sum, part) => sum + (part - mean) ** 2, 0) / (parts.length - 1)
  return { mean, within: 1.96 * Math.sqrt(variance / parts.length) }
}

/** Wilson's interval for a rate, at 95 %. */
export function interval(hits: number, trials: number): [low: number, high: number] {
  const z = 1.96
  const rate = hits / trials
  const centre = rate + (z * z) / (2 * trials)
  const half = z * Math.sqrt((rate * (1 - rate)) / trials + (z * z) / (4 * trials * trials))
  const whole = 1 + (z * z) / trials
  return [Math.max(0, (centre - half) / whole), Math.min(1, (centre + half) / whole)]
}
