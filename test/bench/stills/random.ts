/** Numbers that a seed decides, in [0, 1): mulberry32. */
export interface Random {
  next(): number
  between(low: number, high: number): number
  /** Every doubling from low to high is as likely as the next. */
  doubling(low: number, high: number): number
  pick<T>(from: readonly T[]): T
  shuffled<T>(from: readonly T[]): T[]
}

export function randomFrom(seed: number): Random {
  let state = seed >>> 0
  const next = () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
  const between = (low: number, high: number) => low + (high - low) * next()
  return {
    next,
    between,
    doubling: (low, high) => low * (high / low) ** next(),
    pick: from => from[Math.floor(next() * from.length)]!,
    shuffled: from => {
      const left = [...from]
      for (let i = left.length - 1; i > 0; i--) {
        const j = Math.floor(next() * (i + 1))
        ;[left[i], left[j]] = [left[j]!, left[i]!]
      }
      return left
    },
  }
}
