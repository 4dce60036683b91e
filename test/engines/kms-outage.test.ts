/** With the KMS lost in the middle of anything: 503, nothing half done, never plaintext, and all as before once it is back. */
import { existsSync } from 'node:fs'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { openLedger } from '../../service/custody/ledger.ts'
import { openKms } from '../../service/vault/kms.ts'
import { makeOpeningCipher } from '../../service/vault/opening-cipher.ts'
import { rewrapKeys } from '../../service/vault/rewrap.ts'
import { objectKeys, objects, subjectKeys } from '../../service/vault/tables.ts'
import { openVault } from '../../service/vault/vault.ts'
import { checkLog } from '../custody/check-log.ts'
import { origin, signer, testAct } from '../custody/setup.ts'
import { hex } from '../vault/key-service.contract.ts'
import { type Behaviour, startLoopbackKms } from '../vault/loopback-kms.ts'
import { chunks, collect, drain, pattern } from '../vault/streams.ts'
import { inAnHour, keep, recorded, region, workbench } from '../vault/workbench.ts'
import { freshKey, freshKmsKeys, kmsEngine, startMinistack } from './kms.ts'

const patienceMs = 1_500
const plain = pattern(2_500_000)
const text = Buffer.from('{"who":"an officer"}')
const unavailable = { name: 'Problem', type: 'unavailable', details: { retryAfterSeconds: expect.any(Number) } }

/** A vault and a ledger on a KMS behind a way that can be spoilt, with one clip and one opening already there. */
async function bench(engine = kmsEngine('MINISTACK')!) {
  const stack = new AsyncDisposableStack()
  const kms = stack.use(await startLoopbackKms(engine.endpoint))
  const kmsKeys = { ...(await freshKmsKeys(engine, region)), endpoint: kms.endpoint, patienceMs }
  const keys = openKms(kmsKeys)
  const made = stack.use(await workbench(() => ({ keys })))
  const { stored } = await keep(made, plain)
  const cipher = () => makeOpeningCipher({ keys, region })
  const sealed = await made.db.transaction(tx => cipher().seal(tx, 's', text))
  const rows = async () => ({
    objects: (await made.db.select().from(objects)).length,
    objectKeys: (await made.db.select().from(objectKeys)).map(row => hex(row.wrapped)).sort(),
    subjectKeys: (await made.db.select().from(subjectKeys)).map(row => hex(row.wrapped)).sort(),
  })
  return {
    ...made,
    kms,
    kmsKeys,
    keys,
    cipher,
    sealed,
    rows,
    ref: stored.clipRef,
    spool: (bytes: Buffer, plaintextTo?: string) =>
      made.vault.spool(chunks(bytes), { region, maxBytes: 1e9, ...(plaintextTo && { plaintextTo }) }),
    /** From a vault that has nothing in memory. */
    async expectWorking() {
      expect((await collect((await made.vault.open(stored.clipRef, recorded())).stream)).equals(plain)).toBe(true)
      expect(await cipher().open(made.db, 's', sealed)).toEqual(text)
      const { stored: again } = await keep(made, plain)
      expect(again).toMatchObject({ clipRef: stored.clipRef, adopted: true })
      expect(await readdir(made.parts.scratchDir)).toEqual([])
    },
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  }
}

const lost: [string, Behaviour][] = [
  ['stalls', 'stall'],
  ['stalls in the middle of an answer', 'stall halfway'],
  ['drops connections', 'cut'],
  ['drops connections in the middle of an answer', 'cut the answer'],
  ['denies', { status: 400, name: 'AccessDeniedException' }],
  ['is throttled', { status: 400, name: 'ThrottlingException' }],
  ['fails', { status: 500, name: 'KMSInternalException' }],
]

test.each(lost)(
  'a KMS that %s: nothing is taken in, nothing comes out, nothing is left behind',
  async (_, behaviour) => {
    await using b = await bench()
    const before = await b.rows()
    const plaintextTo = join(b.folder, 'fresh', 'clip')

    b.kms.behave(behaviour)
    await expect(b.spool(pattern(3_000_000), plaintextTo)).rejects.toMatchObject(unavailable)
    await expect(b.vault.open(b.ref, recorded())).rejects.toMatchObject(unavailable)
    await expect(b.vault.open(b.ref, recorded(), { start: 1_100_000, end: 1_100_010 })).rejects.toMatchObject(
      unavailable,
    )
    // Not `undefined`, which would say that the key is destroyed.
    await expect(b.cipher().open(b.db, 's', b.sealed)).rejects.toMatchObject(unavailable)
    await expect(b.db.transaction(tx => b.cipher().seal(tx, 'new', text))).rejects.toMatchObject(unavailable)
    await expect(b.db.transaction(tx => b.cipher().seal(tx, 's', text))).rejects.toMatchObject(unavailable)

    // The body is sealed by then, and only its name is missing.
    b.kms.behave('pass')
    b.kms.behave(behaviour, 'GenerateMac')
    await expect(b.spool(pattern(3_000_000), plaintextTo)).rejects.toMatchObject(unavailable)

    expect(existsSync(join(b.folder, 'fresh'))).toBe(false)
    expect(await readdir(b.parts.scratchDir)).toEqual([])
    expect(await b.rows()).toEqual(before)
    b.kms.behave('pass')
    await b.expectWorking()
  },
)

test('what needs no key goes on without the KMS: a read that has begun, and the store of what is sealed', async () => {
  await using b = await bench()
  const fresh = pattern(1_200_000)
  const [whole, part, spooled] = [
    await b.vault.open(b.ref, recorded()),
    await b.vault.open(b.ref, recorded(), { start: 5, end: 2_000_000 }),
    await b.spool(fresh),
  ]
  b.kms.behave('stall')
  const { clipRef } = await b.vault.store(spooled, { role: 'master', retainUntil: inAnHour() })
  expect((await drain(whole.stream)).bytes.equals(plain)).toBe(true)
  expect((await drain(part.stream)).bytes.equals(plain.subarray(5, 2_000_000))).toBe(true)
  b.kms.behave('pass')
  expect((await collect((await b.vault.open(clipRef, recorded())).stream)).equals(fresh)).toBe(true)
  await b.expectWorking()
})

test.each(lost)(
  'a ledger whose KMS %s takes no act whose openings it cannot seal, and goes on after',
  async (_, behaviour) => {
    await using b = await bench()
    const openings = b.cipher()
    await using ledger = await openLedger({ db: b.db, origin, signer, openings })
    await ledger.append(testAct({}))
    const before = await ledger.size()
    b.kms.behave(behaviour)
    const who = { subject: 'someone-new', organisation: 'agency-x', credential: 'token' }
    await expect(ledger.append(testAct({ who }))).rejects.toMatchObject({ type: 'unavailable' })
    expect(await ledger.size()).toBe(before)
    b.kms.behave('pass')
    await ledger.append(testAct({ who }))
    expect(await ledger.size()).toBe(before + 1)
    await checkLog(ledger)
  },
)

test('keys are not half wrapped anew when the KMS is lost in the middle, and a second run ends it', async () => {
  await using b = await bench(kmsEngine('MOTO')!)
  for (let n = 1; n <= 20; n++) await keep(b, pattern(n))
  const keyId = await freshKey(kmsEngine('MOTO')!)
  const keys = openKms({ ...b.kmsKeys, keyId, previousKeyIds: [b.kmsKeys.keyId] })
  let asked = 0
  const losing: typeof keys = {
    ...keys,
    async rewrap(...args) {
      if (++asked === 11) b.kms.behave('cut')
      return keys.rewrap(...args)
    },
  }
  const wraps = { db: b.db, keys: losing, openingsRegion: region }
  await expect(rewrapKeys(wraps, { batchSize: 4 })).rejects.toMatchObject(unavailable)
  b.kms.behave('pass')
  const vault = await openVault({ ...b.parts, keys })
  const expectAllToOpen = async () => {
    for (const { clipRef, len } of await b.db.select().from(objects))
      expect((await collect((await vault.open(clipRef, recorded())).stream)).equals(pattern(len))).toBe(true)
    expect(await makeOpeningCipher({ keys, region }).open(b.db, 's', b.sealed)).toEqual(text)
  }
  await expectAllToOpen()
  const rest = await rewrapKeys({ ...wraps, keys })
  expect(rest).toMatchObject({ overtaken: 0, refused: [] })
  expect(rest.unchanged).toBeGreaterThan(0)
  expect(rest.rewrapped).toBeGreaterThan(0)
  expect(rest.rewrapped + rest.unchanged).toBe(22)
  await expectAllToOpen()
  const newest = openKms({ ...b.kmsKeys, keyId })
  expect((await rewrapKeys({ ...wraps, keys: newest })).unchanged).toBe(22)
})

test('a KMS that is killed and comes back with other keys opens nothing, and says so', async () => {
  const first = await startMinistack()
  await using b = await bench(first.engine)
  await first.stop()
  await expect(b.vault.open(b.ref, recorded())).rejects.toMatchObject(unavailable)
  await expect(b.spool(pattern(10))).rejects.toMatchObject(unavailable)
  const second = await startMinistack(Number(new URL(first.engine.endpoint).port))
  try {
    const error = await b.vault.open(b.ref, recorded()).catch(e => e)
    expect(error.name).toMatch(/^(IntegrityFailed|Problem)$/)
    await expect(b.keys.check(region)).rejects.toMatchObject({ name: 'KeysUnfit' })
  } finally {
    await second.stop()
  }
})
