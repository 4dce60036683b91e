import {
  CancelKeyDeletionCommand,
  CreateAliasCommand,
  DisableKeyCommand,
  EnableKeyCommand,
  type KMSClient,
  ScheduleKeyDeletionCommand,
  UpdateAliasCommand,
} from '@aws-sdk/client-kms'
import { describe, expect, test } from 'vitest'
import { keysByRegion, UnknownRegion } from '../../service/vault/by-region.ts'
import { KeyRefused, KeysUnfit } from '../../service/vault/keys.ts'
import { openKms } from '../../service/vault/kms.ts'
import { hex, type KeyBench, keyServiceContract } from '../vault/key-service.contract.ts'
import { administer, freshKey, freshKmsKeys, type KmsEngine, kmsEngine } from './kms.ts'
import { ministackDeviations, motoDeviations, motoIgnores } from './kms-deviations.ts'

const engines = { ministack: kmsEngine('MINISTACK')!, moto: kmsEngine('MOTO')! }
const nowhere = '00000000-0000-4000-8000-000000000000'

async function open(engine: KmsEngine): Promise<KeyBench> {
  const [local, other] = [await freshKmsKeys(engine, 'local'), await freshKmsKeys(engine, 'other')]
  const both = (first: typeof local) => keysByRegion(new Map([first, other].map(keys => [keys.region, openKms(keys)])))
  return {
    keys: both(local),
    async rotated() {
      const keyId = await freshKey(engine)
      return {
        both: both({ ...local, keyId, previousKeyIds: [local.keyId] }),
        newest: both({ ...local, keyId }),
      }
    },
    elsewhere: async () => openKms(await freshKmsKeys(engine)),
    missing: async () => openKms({ ...local, keyId: nowhere }),
    async [Symbol.asyncDispose]() {},
  }
}

keyServiceContract('ministack', () => open(engines.ministack), ministackDeviations)
keyServiceContract('moto', () => open(engines.moto), motoDeviations)

describe.each(Object.entries(engines))('AWS KMS as %s speaks it', (name, engine) => {
  const bare = (arn: string) => arn.split('/')[1]!
  const opened = async () => {
    const kms = await freshKmsKeys(engine)
    const keys = openKms(kms)
    return { kms, keys, made: await keys.generateDataKey('local', 'a') }
  }

  test('a key is known by its ARN, its id and its alias, and by no other', async () => {
    const { kms, made } = await opened()
    const alias = `alias/${hex(crypto.getRandomValues(new Uint8Array(8)))}`
    await administer(engine).send(new CreateAliasCommand({ AliasName: alias, TargetKeyId: bare(kms.keyId) }))
    const aliasArn = kms.keyId.replace(/key\/.*/, alias)
    for (const keyId of [kms.keyId, bare(kms.keyId), alias, aliasArn]) {
      const keys = openKms({ ...kms, keyId })
      expect(await keys.decrypt('local', made.wrapped, 'a'), keyId).toEqual(made.plaintext)
      const { plaintext, wrapped } = await keys.generateDataKey('local', 'b')
      expect(await openKms(kms).decrypt('local', wrapped, 'b')).toEqual(plaintext)
    }
    for (const keyId of [nowhere, kms.keyId.replace(/.$/, x => (x === '0' ? '1' : '0')), bare(kms.keyId).slice(1)]) {
      await expect(openKms({ ...kms, keyId }).decrypt('local', made.wrapped, 'a')).rejects.toThrow(KeyRefused)
    }
  })

  test('an alias that points to a newer key by now is followed', async () => {
    const { kms } = await opened()
    const alias = `alias/${hex(crypto.getRandomValues(new Uint8Array(8)))}`
    await administer(engine).send(new CreateAliasCommand({ AliasName: alias, TargetKeyId: bare(kms.keyId) }))
    const keys = openKms({ ...kms, keyId: alias, previousKeyIds: [kms.keyId] })
    const before = await keys.generateDataKey('local', 'a')
    const newer = await freshKey(engine)
    await administer(engine).send(new UpdateAliasCommand({ AliasName: alias, TargetKeyId: bare(newer) }))
    const after = await keys.generateDataKey('local', 'a')
    expect(await openKms({ ...kms, keyId: newer }).decrypt('local', after.wrapped, 'a')).toEqual(after.plaintext)
    for (const { plaintext, wrapped } of [before, after])
      expect(await keys.decrypt('local', wrapped, 'a')).toEqual(plaintext)
  })

  test('what another principal wrapped for us under a key of its own is refused', async () => {
    const [ours, theirs] = [await opened(), await opened()]
    await expect(ours.keys.decrypt('local', theirs.made.wrapped, 'a')).rejects.toThrow(KeyRefused)
    expect((await theirs.keys.decrypt('local', theirs.made.wrapped, 'a')).length).toBe(32)
  })

  test('another region is not its to answer', async () => {
    const { keys, made } = await opened()
    for (const answer of [
      keys.generateDataKey('other', 'a'),
      keys.decrypt('other', made.wrapped, 'a'),
      keys.rewrap('other', made.wrapped, 'a'),
      keys.referenceMac('other', Buffer.alloc(32)),
      keys.check('other'),
    ]) {
      await expect(answer).rejects.toThrow(UnknownRegion)
    }
  })

  type Turn = (client: KMSClient, KeyId: string) => Promise<unknown>
  const states: [string, string, Turn, Turn][] = [
    [
      'a disabled key',
      'Disabled',
      (client, KeyId) => client.send(new DisableKeyCommand({ KeyId })),
      (client, KeyId) => client.send(new EnableKeyCommand({ KeyId })),
    ],
    [
      'a key that waits for its deletion',
      'PendingDeletion',
      (client, KeyId) => client.send(new ScheduleKeyDeletionCommand({ KeyId, PendingWindowInDays: 7 })),
      async (client, KeyId) => {
        await client.send(new CancelKeyDeletionCommand({ KeyId }))
        await client.send(new EnableKeyCommand({ KeyId }))
      },
    ],
  ]
  test.each(states)(
    '%s is no fault of what it wrapped: it opens again when the key is back',
    async (what, state, off, on) => {
      const { kms, keys, made } = await opened()
      const admin = administer(engine)
      await off(admin, bare(kms.keyId))
      await expect(keys.check('local')).rejects.toThrow(KeysUnfit)
      await expect(keys.check('local')).rejects.toThrow(state)
      const answers = [keys.generateDataKey('local', 'a'), keys.decrypt('local', made.wrapped, 'a')]
      for (const answer of answers) {
        if (name === 'moto' && (motoIgnores as readonly string[]).includes(what)) await answer
        else await expect(answer).rejects.toMatchObject({ type: 'unavailable', details: { retryAfterSeconds: 60 } })
      }
      await on(admin, bare(kms.keyId))
      expect(await keys.check('local')).toContain(kms.keyId)
      expect(await keys.decrypt('local', made.wrapped, 'a')).toEqual(made.plaintext)
    },
  )

  test('keys of another use are named by the check', async () => {
    const { kms } = await opened()
    await expect(openKms({ ...kms, macKeyId: kms.keyId }).check('local')).rejects.toThrow(
      /GENERATE_VERIFY_MAC HMAC_256/,
    )
    await expect(openKms({ ...kms, keyId: kms.macKeyId }).check('local')).rejects.toThrow(/SYMMETRIC_DEFAULT/)
    const withEarlier = openKms({ ...kms, previousKeyIds: [nowhere] })
    await expect(withEarlier.check('local', { earlier: true })).rejects.toThrow(nowhere)
    // What only unwraps is no reason to take nothing in.
    expect(await withEarlier.check('local')).toContain('wraps')
    await expect(
      openKms({ ...kms, macKeyId: kms.keyId }).referenceMac('local', Buffer.alloc(32)),
    ).rejects.toMatchObject({ type: 'unavailable' })
  })

  test('a wrapped key says by its first byte which kind of service made it', async () => {
    const { keys, made } = await opened()
    expect(made.wrapped[0]).toBe(2)
    for (const first of [0, 1, 3]) {
      const other = Buffer.from(made.wrapped)
      other[0] = first
      await expect(keys.decrypt('local', other, 'a')).rejects.toThrow(KeyRefused)
      await expect(keys.rewrap('local', other, 'a')).rejects.toThrow(KeyRefused)
    }
  })
})
