import { constants } from 'node:fs'
import { access } from 'node:fs/promises'
import { sql } from 'drizzle-orm'
import type { Ledger } from '../custody/ledger.ts'
import type { Db } from '../db.ts'
import type { Policy } from '../policy/policy.ts'

export interface Readiness {
  readonly ready: boolean
  readonly parts: Record<string, 'up' | 'down'>
}

/** Asks every part that a release needs. Says which is down, never why: /readyz is open to everyone. */
export async function checkReadiness(parts: {
  db: Db
  ledger: Ledger
  policy: Policy
  scratchDir: string
}): Promise<Readiness> {
  const asked = {
    database: () => parts.db.execute(sql`select 1`),
    ledger: () => parts.ledger.checkpoint(),
    policy: async () => parts.policy.bundle.length === 64 || Promise.reject(new Error('no bundle')),
    scratch: () => access(parts.scratchDir, constants.W_OK),
  }
  const answers = await Promise.all(
    Object.entries(asked).map(
      async ([name, ask]) =>
        [
          name,
          await ask().then(
            () => 'up' as const,
            () => 'down' as const,
          ),
        ] as const,
    ),
  )
  return { ready: answers.every(([, state]) => state === 'up'), parts: Object.fromEntries(answers) }
}
