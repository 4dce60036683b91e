export interface Templates {
  readonly all: readonly Uint8Array[]
  readonly mean: Float32Array
}

export function templatesOf(all: readonly Uint8Array[]): Templates {
  const mean = new Float32Array(all[0]!.length)
  for (const template of all) for (let i = 0; i < mean.length; i++) mean[i]! += template[i]!
  return { all, mean: mean.map(each => each / all.length) }
}

/** The template that lies nearest to the observation: the best guess where both were made alike but for noise. */
export function nearest(observed: Uint8Array, { all }: Templates): number {
  return best(all, template => {
    let apart = 0
    for (let i = 0; i < observed.length; i++) {
      const difference = observed[i]! - template[i]!
      apart += difference * difference
    }
    return -apart
  })
}

/** The template with the best normalised correlation: the best guess where only a trace of it may be left, at any strength. */
export function likest(observed: Uint8Array, { all, mean }: Templates): number {
  const own = observed.reduce((sum, each) => sum + each, 0) / observed.length
  return best(all, template => {
    let [product, power] = [0, 0]
    for (let i = 0; i < observed.length; i++) {
      const difference = template[i]! - mean[i]!
      product += (observed[i]! - own) * difference
      power += difference * difference
    }
    return power === 0 ? Number.NEGATIVE_INFINITY : product / Math.sqrt(power)
  })
}

function best(all: readonly Uint8Array[], score: (template: Uint8Array) => number): number {
  let [found, most] = [0, Number.NEGATIVE_INFINITY]
  for (const [k, template] of all.entries()) {
    const scored = score(template)
    if (scored > most) [found, most] = [k, scored]
  }
  return found
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
