/** A record to open the vault with. */
import { randomBytes } from 'node:crypto'
import { makeRecorded, type Recorded } from '../../service/custody/recorded.ts'

/** The tests of the vault hand themselves what only the ledger can make. */
export function recorded(): Recorded {
  const [chain, req] = [randomBytes(16).toString('hex'), randomBytes(16).toString('hex')]
  return makeRecorded({
    index: 0,
    chain,
    seq: 1,
    leafHash: '00'.repeat(32),
    time: '2026-01-01T00:00:00.000000Z',
    req,
    ev: 'master.opened',
  })
}

export const inAnHour = () => new Date(Date.now() + 3_600_000)
