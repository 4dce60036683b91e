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

/** How many candidates the attacker would name before this one, 0 where he names it at once; those that score alike share their ranks. */
export function rankOf(scores: readonly number[], candidate: number): number {
  const own = scores[candidate]!
  let [before, alike] = [0, -1]
  for (const score of scores) {
    if (score > own) before++
    else if (score === own) alike++
  }
  return before + alike / 2
}

/** The mean of ranks among `count` candidates and its interval at 95 % where each is as likely, as parts of the last. */
export function meanRank(ranks: readonly number[], count: number): { mean: number; chanceWithin: number } {
  const mean = ranks.reduce((sum, rank) => sum + rank, 0) / ranks.length / (count - 1)
  return { mean, chanceWithin: 1.96 * Math.sqrt((count + 1) / (12 * (count - 1)) / ranks.length) }
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
