import { describe, expect, test } from 'vitest'
import { newId } from '../../service/custody/id.ts'
import { LedgerUnavailable } from '../../service/custody/ledger.ts'
import { checkLog } from './check-log.ts'
import { countRows, testAct, testDatabase, testLedger } from './setup.ts'

describe('acts at the same time', () => {
  test('are each recorded once, 200 of them, and those rolled back leave nothing', async () => {
    await using use = await testDatabase()
    await using ledger = await testLedger(use.database, { batchSize: 64 })
    const chains = Array.from({ length: 7 }, newId)
    const acts = Array.from({ length: 200 }, (_, i) => testAct({ chain: chains[i % chains.length]! }))
    const outcomes = await Promise.allSettled(
      acts.map(async (act, i) => {
        const staged = await use.database.db.transaction(async tx => {
          const result = await ledger.stage(tx, act)
          if (i % 4 === 0) throw new Error('rolled back')
          return result
        })
        return ledger.recorded(staged)
      }),
    )
    const indices = outcomes.flatMap(outcome => (outcome.status === 'fulfilled' ? [outcome.value.index] : []))
    expect(indices.toSorted((a, b) => a - b)).toEqual(Array.from({ length: 150 }, (_, i) => i))
    expect((await checkLog(ledger)).size).toBe(150)
    for (const table of ['pending', 'openings'])
      expect(await countRows(use.database, table)).toBe(table === 'pending' ? 0 : 300)
    const undone = acts.filter((_, i) => i % 4 === 0).map(act => act.req)
    const stored = (await Promise.all(chains.map(chain => ledger.chain(chain))))
      .flat()
      .map(({ bytes }) => JSON.parse(new TextDecoder().decode(bytes)).req)
    expect(stored).toHaveLength(150)
    expect(stored.filter(req => undone.includes(req))).toEqual([])
  })

  test('from two replicas share one log, and the same act sent to both is one entry', async () => {
    await using use = await testDatabase()
    await using one = await testLedger(use.database)
    await using two = await testLedger(await use.again())
    const shared = Array.from({ length: 30 }, () => testAct())
    const results = await Promise.all(
      shared
        .flatMap(act => [one.append(act), two.append(act)])
        .concat(Array.from({ length: 30 }, (_, i) => (i % 2 ? one : two).append(testAct()))),
    )
    for (const i of shared.keys()) expect(results[2 * i]!.index).toBe(results[2 * i + 1]!.index)
    expect(new Set(results.map(({ index }) => index)).size).toBe(60)
    expect((await checkLog(one)).size).toBe(60)
    expect((await checkLog(two)).size).toBe(60)
    expect(await one.checkpoint()).toBe(await two.checkpoint())
  })

  test('that were numbered while they were staged once more are not numbered again', async () => {
    await using use = await testDatabase()
    await using ledger = await testLedger(use.database)
    const act = testAct()
    await use.database.db.transaction(tx => ledger.stage(tx, act))
    // A second staging that looked before the first was numbered and wrote after it leaves this row.
    await use.database.script('create table custody.late as select * from custody.pending')
    const first = await ledger.append(act)
    await use.database.script('insert into custody.pending overriding system value select * from custody.late')
    expect((await ledger.append(testAct())).index).toBe(1)
    expect((await ledger.append(act)).leafHash).toBe(first.leafHash)
    expect((await checkLog(ledger)).size).toBe(2)
    expect(await countRows(use.database, 'pending')).toBe(0)
  })

  test('that nobody waited for get their number with the next that somebody does', async () => {
    await using use = await testDatabase()
    await using ledger = await testLedger(use.database)
    await use.database.db.transaction(tx => ledger.stage(tx, testAct()))
    expect(await ledger.size()).toBe(0)
    expect((await ledger.append(testAct())).index).toBe(1)
    await checkLog(ledger)
  })

  test('that were rolled back are told so, and only they', async () => {
    await using use = await testDatabase()
    await using ledger = await testLedger(use.database)
    let lost: ReturnType<typeof ledger.recorded> | undefined
    await use.database.db
      .transaction(async tx => {
        const staged = await ledger.stage(tx, testAct())
        lost = ledger.recorded(staged)
        lost.catch(() => {})
        throw new Error('rolled back')
      })
      .catch(() => {})
    const [undone, kept] = await Promise.allSettled([lost!, ledger.append(testAct())])
    expect(undone).toMatchObject({ status: 'rejected', reason: expect.any(LedgerUnavailable) })
    expect(kept).toMatchObject({ status: 'fulfilled', value: { index: 0 } })
  })
})
