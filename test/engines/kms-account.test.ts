/**
 * What only AWS KMS itself can prove: the engines of these tests do not authenticate what they wrap as it does, nor know who asks. It runs
 * where both variables name keys of a real account (ARNs; some 500 requests, nothing is made, changed or removed there), with credentials
 * from where the SDK always looks. The rights it needs: kms:DescribeKey, GenerateDataKey, Decrypt, ReEncrypt*, GenerateMac.
 */
import { describe, expect, test } from 'vitest'
import { KeyRefused, KeysUnfit } from '../../service/vault/keys.ts'
import { type KmsKeys, openKms } from '../../service/vault/kms.ts'
import { flipped, hex } from '../vault/key-service.contract.ts'

const keyId = process.env.CUSTOS_TEST_AWS_KMS_KEY
const macKeyId = process.env.CUSTOS_TEST_AWS_KMS_MAC_KEY
const left = keyId && macKeyId ? '' : ' (left out: set CUSTOS_TEST_AWS_KMS_KEY and CUSTOS_TEST_AWS_KMS_MAC_KEY)'
const awsRegion = keyId?.split(':')[3]
const kms = { region: 'local', keyId, macKeyId, previousKeyIds: [], ...(awsRegion && { awsRegion }) } as KmsKeys
const bare = (arn: string) => arn.replace(/.*:key\//, '')
const stranger = (arn: string) => arn.replace(/.{12}$/, '000000000000')

describe.skipIf(left !== '')(`AWS KMS itself${left}`, () => {
  const keys = left === '' ? openKms(kms) : undefined!
  const make = () => keys.generateDataKey('local', 'custos-test/v1|a')
  const open = (wrapped: Uint8Array, context = 'custos-test/v1|a') => keys.decrypt('local', wrapped, context)

  test('gives data keys that come back', async () => {
    const { plaintext, wrapped } = await make()
    expect(await open(wrapped)).toEqual(plaintext)
    expect(hex((await make()).plaintext)).not.toBe(hex(plaintext))
  })

  test('opens nothing that was changed in any byte, the key id within it included', async () => {
    const { wrapped } = await make()
    for (let at = 0; at < wrapped.length; at++)
      await expect(open(flipped(wrapped, at)), `byte ${at}`).rejects.toThrow(KeyRefused)
  })

  test('opens nothing that was cut or lengthened', async () => {
    const { wrapped } = await make()
    for (const len of [2, 20, 60, wrapped.length - 1])
      await expect(open(wrapped.subarray(0, len))).rejects.toThrow(KeyRefused)
    await expect(open(Buffer.concat([wrapped, Buffer.of(0)]))).rejects.toThrow(KeyRefused)
  })

  test('opens nothing in another context, and wraps nothing anew in it', async () => {
    const { wrapped } = await make()
    await expect(open(wrapped, 'custos-test/v1|b')).rejects.toThrow(KeyRefused)
    await expect(keys.rewrap('local', wrapped, 'custos-test/v1|b')).rejects.toThrow(KeyRefused)
    await expect(keys.rewrap('local', flipped(wrapped, 90), 'custos-test/v1|a')).rejects.toThrow(KeyRefused)
  })

  test('says which key opened, and one that is not configured is refused', async () => {
    const { plaintext, wrapped } = await make()
    expect(await openKms({ ...kms, keyId: bare(keyId!) }).decrypt('local', wrapped, 'custos-test/v1|a')).toEqual(
      plaintext,
    )
    const other = openKms({ ...kms, keyId: stranger(keyId!) })
    await expect(other.decrypt('local', wrapped, 'custos-test/v1|a')).rejects.toThrow(KeyRefused)
    await expect(other.generateDataKey('local', 'custos-test/v1|a')).rejects.toMatchObject({ type: 'unavailable' })
    await expect(other.check('local')).rejects.toThrow(KeysUnfit)
  })

  test('wraps anew, and says when the newest key had wrapped already', async () => {
    const { wrapped } = await make()
    expect(await keys.rewrap('local', wrapped, 'custos-test/v1|a')).toBe(wrapped)
  })

  test('makes the same reference each time', async () => {
    const mac = await keys.referenceMac('local', Buffer.alloc(32, 7))
    expect(mac.length).toBe(32)
    expect(hex(await keys.referenceMac('local', Buffer.alloc(32, 7)))).toBe(hex(mac))
    expect(hex(await keys.referenceMac('local', Buffer.alloc(32, 8)))).not.toBe(hex(mac))
  })

  test('lets both keys be checked, and names one of another use', async () => {
    expect(await keys.check('local')).toContain('wraps')
    await expect(openKms({ ...kms, keyId: macKeyId!, macKeyId: keyId! }).check('local')).rejects.toThrow(KeysUnfit)
    await expect(openKms({ ...kms, macKeyId: keyId! }).referenceMac('local', Buffer.alloc(32))).rejects.toMatchObject({
      type: 'unavailable',
    })
  })

  test('answers nobody whose signature is not good, and that is no fault of the wrapped key', async () => {
    const { wrapped } = await make()
    const credentials = { accessKeyId: 'AKIA0000000000000000', secretAccessKey: 'wrong' }
    const nobody = openKms({ ...kms, credentials })
    const unavailable = { type: 'unavailable', details: { retryAfterSeconds: 60 } }
    await expect(nobody.decrypt('local', wrapped, 'custos-test/v1|a')).rejects.toMatchObject(unavailable)
    await expect(nobody.generateDataKey('local', 'custos-test/v1|a')).rejects.toMatchObject(unavailable)
  })
})
