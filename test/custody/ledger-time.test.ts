import { describe, expect, test } from 'vitest'
import { LedgerUnavailable } from '../../service/custody/ledger.ts'
import { checkLog } from './check-log.ts'
import { countRows, testAct, testDatabase, testLedger } from './setup.ts'

const start = Date.parse('2026-01-01T00:00:00Z')

describe('ledger time', () => {
  test('rises by at least a microsecond while the clock stands still or steps back a little', async () => {
    await using use = await testDatabase()
    let now = start
    await using ledger = await testLedger(use.database, { clock: () => now, backwardsToleranceMs: 100 })
    const times: string[] = []
    for (const step of [0, 0, -99, 1000]) {
      now = start + step
      times.push((await ledger.append(testAct())).time)
    }
    expect(times).toEqual([
      '2026-01-01T00:00:00.000000Z',
      '2026-01-01T00:00:00.000001Z',
      '2026-01-01T00:00:00.000002Z',
      '2026-01-01T00:00:01.000000Z',
    ])
    await checkLog(ledger)
  })

  test('stops the ledger when the clock steps back further, until it has caught up', async () => {
    await using use = await testDatabase()
    let now = start
    await using ledger = await testLedger(use.database, { clock: () => now, backwardsToleranceMs: 100 })
    await ledger.append(testAct())
    now = start - 101
    const late = testAct()
    await expect(ledger.append(late)).rejects.toThrow(LedgerUnavailable)
    expect(await countRows(use.database, 'entries')).toBe(1)
    await expect(testLedger(use.database, { clock: () => now, backwardsToleranceMs: 100 })).rejects.toThrow(
      LedgerUnavailable,
    )
    now = start
    expect((await ledger.append(late)).index).toBe(1)
    expect((await checkLog(ledger)).size).toBe(2)
  })
})
