/** What a sweep works with. */
import type { Database } from '../db.ts'
import type { Court } from '../policy/judge.ts'
import type { Vault } from '../vault/vault.ts'

export interface Sweeper extends Court {
  readonly database: Database
  readonly vault: Vault
  readonly houseChain: string
  readonly sweepPeriodMs: number
  readonly regions: readonly string[]
  readonly keyBackupDays: number
  /** One line for the operator. */
  readonly log: (line: string) => void
}

export const dayMs = 86_400_000

export function instantOf({ nowSeconds }: Pick<Sweeper, 'nowSeconds'>): Date {
  return new Date(nowSeconds() * 1000)
}

export function alert({ log }: Pick<Sweeper, 'log'>, what: string, details: object): void {
  log(JSON.stringify({ time: new Date().toISOString(), level: 'alert', alert: what, ...details }))
}
