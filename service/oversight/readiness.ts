import { constants } from 'node:fs'
import { access } from 'node:fs/promises'
import { setTimeout as delay } from 'node:timers/promises'
import { sql } from 'drizzle-orm'
import type { Config } from '../config.ts'
import type { Ledger } from '../custody/ledger.ts'
import type { Db } from '../db.ts'
import type { Policy } from '../policy/policy.ts'
import type { KeyService } from '../vault/keys.ts'
import type { ObjectStore } from '../vault/object-store.ts'

export interface Readiness {
  readonly ready: boolean
  readonly parts: Record<string, 'up' | 'down'>
}

export interface Asked {
  readonly db: Db
  readonly ledger: Ledger
  readonly policy: Policy
  readonly scratchDir: string
  readonly objects: ObjectStore
  readonly keys: KeyService
  readonly regions: readonly string[]
  /** Its `region` keeps the keys of the ledger's openings: without those nothing can be recorded, and so nothing done. */
  readonly config: Pick<Config, 'region'>
}

/** An orchestrator gives up after five. */
const patienceMs = 3_000
/** Stores and key services count their calls, and /readyz is open to everyone. */
const freshMs = 15_000

/**
 * Asks every part that a release needs, stores and keys by region. Ready while the work of one region at least can be done: what lies in another
 * one that is down is refused there and then. Says which part is down, never why: /readyz is open to everyone.
 */
export function makeReadiness(parts: Asked): () => Promise<Readiness> {
  const { region: home } = parts.config
  const asked: Record<string, () => Promise<unknown>> = {
    database: async () => parts.db.execute(sql`select 1`),
    ledger: () => parts.ledger.checkpoint(),
    policy: async () => parts.policy.bundle.length === 64 || Promise.reject(new Error('no bundle')),
    scratch: () => access(parts.scratchDir, constants.W_OK),
  }
  const needed = [...Object.keys(asked), keysOf(home)]
  for (const region of parts.regions) {
    asked[objectsOf(region)] = remembered(() => parts.objects.check(region))
    asked[keysOf(region)] = remembered(() => parts.keys.check(region))
  }
  return async function askAll() {
    const answers = await Promise.all(
      Object.entries(asked).map(async ([name, ask]) => [name, (await inTime(ask())) ? 'up' : 'down'] as const),
    )
    const states = Object.fromEntries(answers)
    const up = (...names: string[]) => names.every(name => states[name] === 'up')
    const ready = up(...needed) && parts.regions.some(region => up(objectsOf(region), keysOf(region)))
    return { ready, parts: states }
  }
}

const objectsOf = (region: string) => `objects ${region}`
const keysOf = (region: string) => `keys ${region}`

async function inTime(answer: Promise<unknown>): Promise<boolean> {
  const answered = answer.then(
    () => true,
    () => false,
  )
  return Promise.race([answered, delay(patienceMs, false, { ref: false })])
}

/** However many ask, one question at a time, and its answer serves for a while, a refusal too. */
function remembered(ask: () => Promise<unknown>): () => Promise<unknown> {
  let last: { readonly answer: Promise<unknown>; readonly askedAt: number } | undefined
  return () => {
    const now = performance.now()
    if (!last || now - last.askedAt > freshMs) last = { answer: ask(), askedAt: now }
    return last.answer
  }
}
