import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { sql } from 'drizzle-orm'
import { describe, expect, test } from 'vitest'
import { formatCheckpoint } from '../../service/custody/checkpoint.ts'
import { newId } from '../../service/custody/id.ts'
import { LedgerUnavailable } from '../../service/custody/ledger.ts'
import { signNote } from '../../service/custody/note.ts'
import { generateSigningKey, openSigner } from '../../service/custody/signer.ts'
import { checkpoints, head } from '../../service/custody/tables.ts'
import { type Db, openDatabase } from '../../service/db.ts'
import { freshDatabase } from '../engines/postgres.ts'
import { checkLog } from './check-log.ts'
import { countRows, origin, signer, signingKey, testAct, testDatabase, testLedger } from './setup.ts'

describe('after a crash', () => {
  test('an act committed by a process killed before its number is recorded at the next start', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'killed-'))
    try {
      const url = (await freshDatabase()) ?? join(folder, 'data')
      const [chain, req] = [newId(), newId()]
      const script = fileURLToPath(new URL('killed-child.ts', import.meta.url))
      const child = spawn(process.execPath, [script, url, chain, req, signingKey], { stdio: 'inherit' })
      expect(await once(child, 'exit')).toEqual([null, 'SIGKILL'])
      await using database = await openDatabase(url)
      await using ledger = await testLedger(database)
      expect((await ledger.chain(chain)).map(({ index, openings }) => [index, openings[0]!.value])).toEqual([
        [0, 'exhibit.acquired'],
        [1, 'hold.placed'],
      ])
      expect((await ledger.append(testAct({ chain, req, ev: 'hold.placed' }))).index).toBe(1)
      expect((await checkLog(ledger)).size).toBe(2)
    } finally {
      await rm(folder, { recursive: true })
    }
  })

  test('an act whose commit went unanswered fails its caller, and its retry finds the one entry', async () => {
    await using use = await testDatabase()
    const { db, loseNext } = unreliable(use.database.db)
    await using ledger = await testLedger(use.database, { db })
    const act = testAct()
    const staged = await use.database.db.transaction(tx => ledger.stage(tx, act))
    loseNext()
    await expect(ledger.recorded(staged)).rejects.toThrow(LedgerUnavailable)
    expect(await countRows(use.database, 'entries')).toBe(1)
    expect((await ledger.append(act)).index).toBe(0)
    expect((await checkLog(ledger)).size).toBe(1)
  })

  test.runIf(process.env.CUSTOS_TEST_POSTGRES)(
    'an act whose flush lost its server fails its caller, and its retry is recorded',
    async () => {
      await using use = await testDatabase()
      await using ledger = await testLedger(use.database)
      const other = await use.again()
      const act = testAct()
      const locked = Promise.withResolvers<void>()
      const cut = Promise.withResolvers<void>()
      const blocker = other.db.transaction(async tx => {
        await tx.select().from(head).for('update')
        locked.resolve()
        await cut.promise
      })
      await locked.promise
      const doomed = Promise.allSettled([ledger.append(act)])
      const waiting = sql`select pg_terminate_backend(pid) from pg_stat_activity where wait_event_type = 'Lock' and datname = current_database()`
      while (((await other.db.execute(waiting)) as unknown as { rowCount: number }).rowCount === 0);
      expect(await doomed).toMatchObject([{ status: 'rejected', reason: { name: 'LedgerUnavailable' } }])
      cut.resolve()
      await blocker
      expect((await ledger.append(act)).index).toBe(0)
      expect((await checkLog(ledger)).size).toBe(1)
    },
  )

  test('entries that were never signed are signed at the next start, and not acknowledged before', async () => {
    await using use = await testDatabase()
    let broken = false
    const sign = (text: string) => (broken ? Promise.reject(new Error('the key service is away')) : signer.sign(text))
    await using ledger = await testLedger(use.database, { signer: { ...signer, sign } })
    await ledger.append(testAct())
    broken = true
    const act = testAct()
    await expect(ledger.append(act)).rejects.toThrow(LedgerUnavailable)
    expect([await countRows(use.database, 'entries'), await ledger.size()]).toEqual([2, 1])
    expect((await checkLog(ledger)).size).toBe(1)
    await using next = await testLedger(use.database)
    expect((await checkLog(next)).size).toBe(2)
    expect((await next.append(act)).index).toBe(1)
  })

  test('a closed ledger takes nothing, and what it staged is numbered by the next', async () => {
    await using use = await testDatabase()
    const ledger = await testLedger(use.database)
    const act = testAct()
    const staged = await use.database.db.transaction(tx => ledger.stage(tx, act))
    await ledger[Symbol.asyncDispose]()
    await expect(ledger.recorded(staged)).rejects.toThrow(LedgerUnavailable)
    await expect(ledger.append(testAct())).rejects.toThrow(LedgerUnavailable)
    await using next = await testLedger(use.database)
    expect((await next.chain(act.chain)).map(({ index }) => index)).toEqual([0])
  })

  test('a database of another log or another key is refused before anything is written', async () => {
    await using use = await testDatabase()
    await using ledger = await testLedger(use.database)
    await use.database.db.transaction(tx => ledger.stage(tx, testAct()))
    const stranger = openSigner(origin, generateSigningKey())
    await expect(testLedger(use.database, { signer: stranger })).rejects.toThrow(LedgerUnavailable)
    const renamed = openSigner('other.example', generateSigningKey())
    await expect(testLedger(use.database, { signer: renamed, origin: 'other.example' })).rejects.toThrow(
      LedgerUnavailable,
    )
    const note = await signNote(
      formatCheckpoint({ origin: 'other.example', size: 1, root: new Uint8Array(32) }),
      signer,
    )
    await use.database.db.insert(checkpoints).values({ size: 1, note })
    await expect(testLedger(use.database)).rejects.toThrow(/other.example/)
    expect(await countRows(use.database, 'pending')).toBe(1)
  })
})

/** The same database over a connection that can lose the answer to a commit, as a network does. */
function unreliable(db: Db): { db: Db; loseNext: () => void } {
  let losing = false
  const transaction: Db['transaction'] = async (...args) => {
    const result = await db.transaction(...args)
    if (losing) {
      losing = false
      throw new Error('connection lost')
    }
    return result
  }
  const proxy = new Proxy(db, {
    get: (target, name) => (name === 'transaction' ? transaction : Reflect.get(target, name)),
  })
  return {
    db: proxy,
    loseNext: () => {
      losing = true
    },
  }
}
