import { describe, expect, test } from 'vitest'
import { parseVerifierKey } from '../../service/custody/note.ts'
import { verdict, verifyChain } from '../../service/custody/verify.ts'
import { checkLog } from './check-log.ts'
import { createTables, signer, tamper, testAct, testDatabase, testLedger } from './setup.ts'

const { CUSTOS_TEST_POSTGRES: onPostgres } = process.env

describe('the append-only tables', () => {
  test.each([
    ['entries', `update custody.entries set ev = 'hold.lifted'`],
    ['entries', 'delete from custody.entries'],
    ['entries', 'truncate custody.entries cascade'],
    ['nodes', 'update custody.nodes set n = n + 1'],
    ['nodes', 'delete from custody.nodes'],
    ['nodes', 'truncate custody.nodes'],
    ['checkpoints', `update custody.checkpoints set note = ''`],
    ['checkpoints', 'delete from custody.checkpoints'],
    ['checkpoints', 'truncate custody.checkpoints'],
    ['openings', `update custody.openings set subject = 'x'`],
    ['openings', 'truncate custody.openings'],
  ])('%s refuse: %s', async (_table, statement) => {
    await using use = await testDatabase()
    await using ledger = await testLedger(use.database)
    for (let i = 0; i < 2; i++) await ledger.append(testAct())
    await expect(use.database.script(statement)).rejects.toThrow(/append-only/)
    // What silences ordinary triggers does not silence these.
    await expect(
      use.database.script(`begin; set local session_replication_role = replica; ${statement}; commit`),
    ).rejects.toThrow(/append-only/)
    await use.database.script('rollback')
    expect((await checkLog(ledger)).size).toBe(2)
  })

  test.runIf(onPostgres)('cannot be changed by the service role even without triggers', async () => {
    await using use = await testDatabase()
    await use.database.script(
      `drop schema custody cascade; do $$ begin create role custos_service; exception when duplicate_object then null; end $$`,
    )
    await createTables(use.database)
    await use.database.script('alter table custody.entries disable trigger all')
    const asService = (statement: string) =>
      use.database.script(`begin; set local role custos_service; ${statement}; commit`)
    for (const table of ['entries', 'nodes', 'checkpoints']) {
      await expect(asService(`delete from custody.${table}`)).rejects.toThrow(/permission denied/)
      await use.database.script('rollback')
      await asService(`select from custody.${table}`)
    }
    await asService('delete from custody.openings; update custody.head set size = 0; delete from custody.pending')
  })
})

describe('an intruder who owns the database', () => {
  test('cannot edit a signed entry unseen', async () => {
    await using use = await testDatabase()
    await using ledger = await testLedger(use.database)
    const act = testAct()
    for (const each of [act, testAct(), testAct()]) await ledger.append(each)
    const before = await ledger.bundle(act.chain)
    await tamper(use.database, 'entries', `update custody.entries set bytes = ${edited} where index = 0`)
    await expect(checkLog(ledger)).rejects.toThrow()
    await expect(ledger.chain(act.chain)).rejects.toThrow(/leaf hash/)
    await expect(ledger.proof(0)).rejects.toThrow(/does not hold/)
    const entries = before.entries.map(entry => ({ ...entry, bytes: editedBytes(entry.bytes) }))
    expect(verdict(verifyChain({ ...before, entries }, { keys: [parseVerifierKey(ledger.verifierKey)] }))).toBe(
      'refuted',
    )
  })

  test('cannot edit an entry between its commit and its signature', async () => {
    await using use = await testDatabase()
    let broken = false
    const sign = (text: string) => (broken ? Promise.reject(new Error('away')) : signer.sign(text))
    await using ledger = await testLedger(use.database, { signer: { ...signer, sign } })
    await ledger.append(testAct())
    broken = true
    await expect(ledger.append(testAct())).rejects.toThrow()
    broken = false
    await tamper(use.database, 'entries', `update custody.entries set bytes = ${edited} where index = 1`)
    await expect(ledger.append(testAct())).rejects.toThrow()
    await expect(testLedger(use.database)).rejects.toThrow(/leaf hash/)
    const consistent = `update custody.entries set leaf_hash = sha256('\\x00'::bytea || bytes) where index = 1`
    await tamper(use.database, 'entries', consistent)
    await expect(testLedger(use.database)).rejects.toThrow(/do not hash to the root/)
  })

  test.each([
    [
      'set back',
      'update custody.head set size = 1, frontier = substr(frontier, 1, 32), root = substr(frontier, 1, 32)',
    ],
    ['given another root', `update custody.head set root = sha256('')`],
    ['given another frontier', `update custody.head set frontier = ''`],
    ['removed', 'delete from custody.head'],
  ])('stops the ledger for good with a head that was %s', async (_how, statement) => {
    await using use = await testDatabase()
    await using ledger = await testLedger(use.database)
    for (let i = 0; i < 2; i++) await ledger.append(testAct())
    await use.database.script(`create table custody.saved as select * from custody.head; ${statement}`)
    await expect(ledger.append(testAct())).rejects.toThrow()
    await expect(testLedger(use.database)).rejects.toThrow()
    await use.database.script('delete from custody.head; insert into custody.head select * from custody.saved')
    await expect(ledger.append(testAct())).rejects.toThrow()
    await using next = await testLedger(use.database)
    expect((await checkLog(next)).size).toBeGreaterThanOrEqual(2)
  })

  test.each([
    [
      'with the head',
      'update custody.head set size = 2, root = hash, frontier = hash from custody.nodes where level = 1 and n = 0',
      /behind/,
    ],
    ['and leave the head', 'select 1', /the table ends at 1/],
  ])('cannot cut off the newest entries %s while a checkpoint remembers them', async (_how, statement, fault) => {
    await using use = await testDatabase()
    await using ledger = await testLedger(use.database)
    for (let i = 0; i < 4; i++) await ledger.append(testAct())
    await use.database.script('delete from custody.openings where index >= 2')
    await tamper(use.database, 'entries', 'delete from custody.entries where index >= 2')
    await use.database.script(statement)
    await expect(ledger.append(testAct())).rejects.toMatchObject({ cause: { message: expect.stringMatching(fault) } })
    await expect(testLedger(use.database)).rejects.toThrow(fault)
  })

  test('who rewrites an entry and every hash above it gets no signature, since the last one covers it', async () => {
    await using use = await testDatabase()
    await using ledger = await testLedger(use.database)
    for (let i = 0; i < 2; i++) await ledger.append(testAct())
    await tamper(use.database, 'entries', `update custody.entries set bytes = ${edited} where index = 0`)
    await tamper(use.database, 'entries', `update custody.entries set leaf_hash = sha256('\\x00'::bytea || bytes)`)
    const root = `(select sha256('\\x01'::bytea || string_agg(leaf_hash, ''::bytea order by index)) from custody.entries)`
    await tamper(use.database, 'nodes', `update custody.nodes set hash = ${root}`)
    await use.database.script(`update custody.head set root = ${root}, frontier = ${root}`)
    await expect(ledger.append(testAct())).rejects.toMatchObject({
      cause: { message: expect.stringMatching(/not the one that was signed/) },
    })
    await expect(testLedger(use.database)).rejects.toThrow(/not the one that was signed/)
  })

  test('who also removes the checkpoints is caught by whoever kept one', async () => {
    await using use = await testDatabase()
    await using ledger = await testLedger(use.database)
    for (let i = 0; i < 3; i++) await ledger.append(testAct())
    await checkLog(ledger)
    await use.database.script('delete from custody.openings where index >= 2')
    await tamper(use.database, 'checkpoints', 'delete from custody.checkpoints where size > 2')
    await tamper(use.database, 'entries', 'delete from custody.entries where index >= 2')
    await expect(checkLog(ledger)).rejects.toThrow('the log shrank')
  })

  test('cannot exchange a hash that proofs are made of', async () => {
    await using use = await testDatabase()
    await using ledger = await testLedger(use.database)
    for (let i = 0; i < 4; i++) await ledger.append(testAct())
    await tamper(use.database, 'nodes', `update custody.nodes set hash = sha256('') where level = 1 and n = 1`)
    await expect(ledger.proof(0)).rejects.toThrow(/does not hold/)
    await tamper(use.database, 'nodes', `update custody.nodes set hash = sha256('') where level = 2`)
    await expect(ledger.append(testAct())).rejects.toThrow()
    await expect(testLedger(use.database)).rejects.toThrow()
  })
})

/** One hex digit of `blind` exchanged: still canonical, still a well-formed entry. */
const edited = `convert_to(regexp_replace(convert_from(bytes, 'UTF8'), '"blind":".', '"blind":"' || case when convert_from(bytes, 'UTF8') like '{"blind":"0%' then '1' else '0' end), 'UTF8')`

function editedBytes(bytes: Uint8Array): Uint8Array {
  return new TextEncoder().encode(
    new TextDecoder().decode(bytes).replace(/"blind":"(.)/, (_, digit) => `"blind":"${digit === '0' ? 1 : 0}`),
  )
}
