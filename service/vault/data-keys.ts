/** Unwrapped keys in memory, for a bounded time and in a bounded number. What is let go is overwritten first. */

export interface KeyCache {
  /**
   * Runs `use` with the key of this name, unwrapped anew where it is not held or held for too long. The key lives until `use` has ended, even
   * when it is dropped meanwhile; it must not be kept beyond. `unwrap` hands over bytes that are the cache's from then on.
   */
  with<T>(name: string, unwrap: () => Promise<Buffer>, use: (key: Buffer) => T | Promise<T>): Promise<T>
  drop(name: string): void
  /** Keys held now. */
  readonly size: number
}

interface Held {
  readonly key: Buffer
  readonly untilMs: number
  users: number
  dropped: boolean
}

/** `now` in milliseconds, never backwards: a clock that is set back must not lengthen a key's life. */
export function makeKeyCache({
  maxKeys,
  maxAgeMs,
  now = () => performance.now(),
}: {
  maxKeys: number
  maxAgeMs: number
  now?: () => number
}): KeyCache {
  // In order of last use; the age counts from the unwrapping all the same.
  const held = new Map<string, Held>()
  let timer: NodeJS.Timeout | undefined

  const wipe = (entry: Held) => {
    if (entry.users === 0) entry.key.fill(0)
  }
  const drop = (name: string) => {
    const entry = held.get(name)
    if (!entry) return
    held.delete(name)
    entry.dropped = true
    wipe(entry)
  }
  const sweep = () => {
    for (const [name, { untilMs }] of held) if (untilMs <= now()) drop(name)
    clearTimeout(timer)
    timer = undefined
    if (held.size === 0) return
    // Nobody needs to ask for a key again for it to go.
    timer = setTimeout(sweep, Math.max(1, Math.ceil(maxAgeMs / 10))).unref()
  }
  /** Counts its user before anything else can run: a key that nobody uses may be overwritten at any moment. */
  const take = async (name: string, unwrap: () => Promise<Buffer>): Promise<Held> => {
    const known = held.get(name)
    if (known && known.untilMs > now()) {
      held.delete(name)
      held.set(name, known)
      known.users++
      return known
    }
    drop(name)
    const made: Held = { key: await unwrap(), untilMs: now() + maxAgeMs, users: 1, dropped: false }
    drop(name)
    held.set(name, made)
    while (held.size > maxKeys) drop(held.keys().next().value!)
    if (!timer) sweep()
    return made
  }

  return {
    async with(name, unwrap, use) {
      const entry = await take(name, unwrap)
      try {
        return await use(entry.key)
      } finally {
        entry.users--
        if (entry.dropped) wipe(entry)
      }
    },
    drop,
    get size() {
      return held.size
    },
  }
}
