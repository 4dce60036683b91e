/** A clock that only the test moves, seconds since the epoch. */
export function movingClock(start: string) {
  let now = Math.floor(Date.parse(start) / 1000)
  return {
    nowSeconds: () => now,
    date: () => new Date(now * 1000),
    forward(seconds: number): void {
      now += seconds
    },
    to(instant: Date | string): void {
      now = Math.floor(new Date(instant).getTime() / 1000)
    },
  }
}

export const day = 86_400
