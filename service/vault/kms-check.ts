/** What a region's keys in KMS are, and whether this process may use them: doctor's question, and a start's. */
import {
  DecryptCommand,
  DescribeKeyCommand,
  GenerateDataKeyCommand,
  GenerateMacCommand,
  type KeyMetadata,
} from '@aws-sdk/client-kms'
import { Problem } from '../http/problem.ts'
import { KeysUnfit } from './keys.ts'
import type { KmsKeys } from './kms.ts'
import type { AskKms } from './kms-client.ts'
import { explainKms, meaningOf } from './kms-errors.ts'

const wraps = { KeyUsage: 'ENCRYPT_DECRYPT', KeySpec: 'SYMMETRIC_DEFAULT' } as const
const names = { KeyUsage: 'GENERATE_VERIFY_MAC', KeySpec: 'HMAC_256' } as const

/**
 * Reads what each key is, wraps, unwraps and makes a MAC of nothing's, all at once, since readiness has little time. With `earlier` the keys
 * that only unwrap are read too. Throws KeysUnfit, or Problem `unavailable`.
 */
export async function checkKms(
  ask: AskKms,
  { keyId, previousKeyIds, macKeyId }: KmsKeys,
  { earlier = false }: { readonly earlier?: boolean } = {},
): Promise<string> {
  const may = async <T>(what: string, key: string, answer: Promise<T>): Promise<T> =>
    await answer.catch(error => {
      if (meaningOf(error) === 'soon') throw explainKms(error)
      throw new KeysUnfit(`${what} of KMS key ${key}: ${(error as Error).name}: ${(error as Error).message}`, {
        cause: error,
      })
    })
  const describe = async (KeyId: string, wanted: typeof wraps | typeof names): Promise<KeyMetadata> => {
    const { KeyMetadata: key } = await may(
      'kms:DescribeKey',
      KeyId,
      ask((client, options) => client.send(new DescribeKeyCommand({ KeyId }), options)),
    )
    if (!key) throw new Problem('unavailable', { cause: new Error(`KMS does not describe ${KeyId}`) })
    if (key.KeyState !== 'Enabled') throw new KeysUnfit(`KMS key ${KeyId} is ${key.KeyState}: enable it`)
    if (key.KeyUsage !== wanted.KeyUsage || key.KeySpec !== wanted.KeySpec) {
      throw new KeysUnfit(
        `KMS key ${KeyId} is ${key.KeyUsage} ${key.KeySpec}, and must be ${wanted.KeyUsage} ${wanted.KeySpec}`,
      )
    }
    return key
  }

  const EncryptionContext = { custos: 'custos-check/v1' }
  const wrapAndUnwrap = async () => {
    const { CiphertextBlob } = await may(
      'kms:GenerateDataKey',
      keyId,
      ask((client, options) =>
        client.send(new GenerateDataKeyCommand({ KeyId: keyId, KeySpec: 'AES_256', EncryptionContext }), options),
      ),
    )
    await may(
      'kms:Decrypt',
      keyId,
      ask((client, options) => client.send(new DecryptCommand({ CiphertextBlob, EncryptionContext }), options)),
    )
  }
  const makeMac = () =>
    may(
      'kms:GenerateMac',
      macKeyId,
      ask((client, options) =>
        client.send(
          new GenerateMacCommand({
            KeyId: macKeyId,
            MacAlgorithm: 'HMAC_SHA_256',
            Message: Buffer.from('custos-check/v1'),
          }),
          options,
        ),
      ),
    )
  const described = Promise.all([
    describe(keyId, wraps),
    describe(macKeyId, names),
    ...(earlier ? previousKeyIds.map(id => describe(id, wraps)) : []),
  ])
  // What a key is says more about what to mend than that it cannot be used.
  const used = Promise.allSettled([wrapAndUnwrap(), makeMac()])
  const [current, mac] = await described
  for (const use of await used) if (use.status === 'rejected') throw use.reason
  const more = previousKeyIds.length > 0 ? `, ${previousKeyIds.length} earlier` : ''
  return `AWS KMS: ${current.Arn} wraps${more}; ${mac.Arn} makes references`
}
