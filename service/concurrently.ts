/** Runs `work` for every item, so many at a time, and ends with the first error after those that run have ended. */
export async function concurrently<T>(
  items: readonly T[],
  most: number,
  work: (item: T) => Promise<void>,
): Promise<void> {
  const rest = items.values()
  const errors: unknown[] = []
  const worker = async () => {
    for (const item of rest) {
      if (errors.length > 0) return
      await work(item).catch(error => errors.push(error))
    }
  }
  await Promise.all(Array.from({ length: Math.min(most, items.length) }, worker))
  if (errors.length > 0) throw errors[0]
}
