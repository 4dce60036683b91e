import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { CanonicalError } from '../../service/custody/canonical.ts'
import { parseCheckpoint } from '../../service/custody/checkpoint.ts'
import { parseEntry } from '../../service/custody/entry.ts'
import { newId } from '../../service/custody/id.ts'
import { Recorded, type Staged } from '../../service/custody/ledger.ts'
import { openNote, parseVerifierKey } from '../../service/custody/note.ts'
import { parseTlogProof } from '../../service/custody/tlog-proof.ts'
import { verdict, verifyChain } from '../../service/custody/verify.ts'
import { checkLog } from './check-log.ts'
import { countRows, testAct, testCipher, testDatabase, testLedger, testSecret } from './setup.ts'

describe('the ledger', () => {
  test('numbers acts in order, links their chains, and holds from exported files after each of them', async () => {
    await using use = await testDatabase()
    await using ledger = await testLedger(use.database)
    await checkLog(ledger)
    const [a, b] = [newId(), newId()]
    const recorded: Recorded[] = []
    for (const chain of [a, a, b, a, b]) {
      recorded.push(await ledger.append(testAct({ chain })))
      expect((await checkLog(ledger)).size).toBe(recorded.length)
    }
    expect(recorded.map(({ index, chain, seq }) => [index, chain, seq])).toEqual([
      [0, a, 1],
      [1, a, 2],
      [2, b, 1],
      [3, a, 3],
      [4, b, 2],
    ])
    expect(recorded.every(Recorded.is)).toBe(true)
    expect((await ledger.chain(a)).map(({ leafHash }) => leafHash)).toEqual([0, 1, 3].map(i => recorded[i]!.leafHash))
    expect(await ledger.chain(newId())).toEqual([])
  })

  test('gives a bundle that verifies offline, with the openings that were asked for', async () => {
    await using use = await testDatabase()
    await using ledger = await testLedger(use.database)
    const trust = { keys: [parseVerifierKey(ledger.verifierKey)] }
    const chain = newId()
    for (const ev of ['exhibit.acquired', 'hold.placed', 'hold.lifted'] as const) {
      await ledger.append(testAct({ chain, ev }))
      await ledger.append(testAct())
    }
    const bundle = await ledger.bundle(chain, { opening: ({ field }) => field === 'ev' })
    expect(verdict(verifyChain(bundle, trust))).toBe('verified')
    expect(bundle.openings.map(({ index, value }) => [index, value])).toEqual([
      [0, 'exhibit.acquired'],
      [2, 'hold.placed'],
      [4, 'hold.lifted'],
    ])
    expect((await ledger.bundle(chain)).openings).toEqual([])
  })

  test('records a retried act once, and answers every try with the same entry', async () => {
    await using use = await testDatabase()
    await using ledger = await testLedger(use.database)
    const { db } = use.database
    const act = testAct()
    const [first, again] = [
      await db.transaction(tx => ledger.stage(tx, act)),
      await db.transaction(tx => ledger.stage(tx, act)),
    ]
    const tries = [
      ...(await Promise.all([ledger.recorded(first), ledger.recorded(again), ledger.recorded(first)])),
      await ledger.append(act),
    ]
    expect(tries.map(recorded => [recorded.index, recorded.leafHash, recorded.time])).toEqual(
      tries.map(() => [0, tries[0]!.leafHash, tries[0]!.time]),
    )
    expect((await checkLog(ledger)).size).toBe(1)
    expect((await ledger.append({ ...act, ev: 'hold.placed' })).index).toBe(1)
    await expect(ledger.append({ ...act, chain: newId() })).rejects.toThrow(TypeError)
  })

  test('keeps act and entry together: what no entry can hold undoes the act', async () => {
    await using use = await testDatabase()
    await using ledger = await testLedger(use.database)
    await expect(ledger.append(testAct({ legal: { amount: 1.5 } }))).rejects.toThrow(CanonicalError)
    await expect(ledger.append(testAct({ legal: { text: 'x'.repeat(20_000) } }))).rejects.toThrow(CanonicalError)
    await expect(ledger.append(testAct({ chain: 'exhibit 7' }))).rejects.toThrow(TypeError)
    expect(await countRows(use.database, 'pending')).toBe(0)
    expect((await ledger.append(testAct())).index).toBe(0)
  })

  test('makes a Recorded only of what it staged itself', async () => {
    await using use = await testDatabase()
    await using ledger = await testLedger(use.database)
    const { req, ev } = await ledger.append(testAct())
    await expect(ledger.recorded({ req, ev } as unknown as Staged)).rejects.toThrow(TypeError)
  })

  test('shows nothing of an act in its entry, not even which fields it had', async () => {
    await using use = await testDatabase()
    await using ledger = await testLedger(use.database)
    await ledger.append(testAct({ legal: { type: 'warrant' }, from: { parent: 'cd'.repeat(32) } }))
    const { obj: _, ...bare } = testAct({ ev: 'access.refused' })
    await ledger.append(bare)
    const [full, empty] = (await checkLog(ledger)).entries
    const shape = (bytes: Uint8Array) => new TextDecoder().decode(bytes).replace(/[0-9a-f]{32,}|"t":"[^"]+"/g, '')
    expect(shape(full!)).toBe(shape(empty!))
    expect(Object.keys(parseEntry(full!)).sort()).toEqual(['blind', 'c', 'chain', 'log', 'req', 'seq', 't', 'v'])
  })

  test('keeps every proof when a person is erased, and shows what is left', async () => {
    await using use = await testDatabase()
    const destroyed = new Set<string>()
    await using ledger = await testLedger(use.database, { openings: testCipher(testSecret, destroyed) })
    const act = testAct()
    await ledger.append(act)
    destroyed.add(`person:${act.who.subject}`)
    await use.database.script(`delete from custody.openings where subject = 'person:${act.who.subject}'`)
    const [entry] = await ledger.chain(act.chain)
    expect(entry!.openings.map(({ field }) => field)).toEqual(['ev', 'obj', 'from', 'pol', 'legal'])
    const bundle = await ledger.bundle(act.chain, { opening: () => true })
    expect(verdict(verifyChain(bundle, { keys: [parseVerifierKey(ledger.verifierKey)] }))).toBe('verified')
  })

  test('proves any entry and any past size against its newest checkpoint, and nothing beyond', async () => {
    await using use = await testDatabase()
    await using ledger = await testLedger(use.database)
    const keys = [parseVerifierKey(ledger.verifierKey)]
    const past = []
    for (let i = 0; i < 6; i++) {
      await ledger.append(testAct())
      past.push(parseCheckpoint(openNote(await ledger.checkpoint(), keys).text))
    }
    for (const { size, root } of past) {
      const proof = parseTlogProof(await ledger.proof(size - 1))
      expect([proof.index, proof.checkpoint]).toEqual([size - 1, await ledger.checkpoint()])
      expect(await ledger.consistency(size, root)).toBeInstanceOf(Array)
    }
    await expect(ledger.consistency(3, past[3]!.root)).rejects.toThrow(/not a prefix/)
    for (const index of [6, -1, 0.5]) await expect(ledger.proof(index)).rejects.toThrow(RangeError)
    expect(await ledger.size()).toBe(6)
    expect(await ledger.tile(0, 0, 6)).toHaveLength(6 * 32)
    for (const [level, n, width] of [
      [0, 0, 7],
      [0, 0, 0],
      [0, 1, 1],
      [1, 0, 1],
      [64, 0, 1],
      [0, -1, 1],
    ] as const) {
      expect(await ledger.tile(level, n, width)).toBeUndefined()
    }
    expect(await ledger.tile(0, 0)).toBeUndefined()
    expect(await ledger.entriesTile(0, 7)).toBeUndefined()
  })

  test('exports full tiles, adds to an export, and never overwrites one that is not its own past', async () => {
    await using use = await testDatabase()
    await using ledger = await testLedger(use.database)
    const stageMany = (count: number) =>
      use.database.db.transaction(async tx => {
        let last: Staged | undefined
        for (let i = 0; i < count; i++) last = await ledger.stage(tx, testAct())
        return last!
      })
    const dir = await mkdtemp(join(tmpdir(), 'export-'))
    try {
      await ledger.recorded(await stageMany(3))
      await ledger.exportTo(dir)
      await ledger.recorded(await stageMany(510))
      expect((await checkLog(ledger)).size).toBe(513)
      await ledger.exportTo(dir)
      expect(await readFile(join(dir, 'checkpoint'), 'utf8')).toBe(await ledger.checkpoint())
      expect(await readFile(join(dir, 'tile/1/000.p/2'))).toEqual(Buffer.from((await ledger.tile(1, 0, 2))!))
      await using other = await testDatabase()
      await using shorter = await testLedger(other.database)
      await expect(shorter.exportTo(dir)).rejects.toThrow(/newer checkpoint/)
    } finally {
      await rm(dir, { recursive: true })
    }
  })
})
