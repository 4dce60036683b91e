/**
 * A KeyService on AWS KMS: one symmetric key wraps, earlier ones still unwrap, and one HMAC key makes references. A wrapped key is
 * `0x02 ‖ CiphertextBlob`. Whoever may call Decrypt on the key and has the database can read everything, and CloudTrail says that they did.
 */
import { DecryptCommand, GenerateDataKeyCommand, GenerateMacCommand, ReEncryptCommand } from '@aws-sdk/client-kms'
import { Problem } from '../http/problem.ts'
import { UnknownRegion } from './by-region.ts'
import { KeyRefused, type KeyService } from './keys.ts'
import { checkKms } from './kms-check.ts'
import { type AskKms, connectKms, type KmsPlace } from './kms-client.ts'
import { explainKms } from './kms-errors.ts'
import { makeKeyIds } from './kms-key-ids.ts'

/** Key ids as KMS takes them: a key's id or ARN, an alias or an alias's ARN. */
export interface KmsKeys extends KmsPlace {
  /** Ours; the only one that is answered. */
  readonly region: string
  readonly keyId: string
  readonly previousKeyIds: readonly string[]
  readonly macKeyId: string
}

const wrapVersion = 2
const maxBlobLen = 6_144

/** Asks nothing yet. Every method rejects with UnknownRegion for a region other than its own. */
export function openKms(kms: KmsKeys): KeyService {
  const client = connectKms(kms)
  const ask: AskKms = send =>
    client(send).catch(error => {
      throw explainKms(error)
    })
  const ids = makeKeyIds(ask)
  const wrapping = [kms.keyId, ...kms.previousKeyIds]
  const only = (region: string) => {
    if (region !== kms.region) throw new UnknownRegion(`region ${region} has no keys in this KMS`)
  }
  /** A blob says itself which key made it, and whoever can write the database could bring one of their own. */
  const mustBeOurs = async (arn: string | undefined) => {
    if (!(await ids.named(arn, wrapping))) throw new KeyRefused({ cause: new Error(`KMS answered for the key ${arn}`) })
  }

  return {
    async generateDataKey(region, context) {
      only(region)
      const EncryptionContext = { custos: context }
      const { Plaintext, CiphertextBlob, KeyId } = await ask((client, options) =>
        client.send(new GenerateDataKeyCommand({ KeyId: kms.keyId, KeySpec: 'AES_256', EncryptionContext }), options),
      )
      const plaintext = secret(Plaintext)
      if (plaintext?.length === 32 && CiphertextBlob?.length && (await ids.named(KeyId, [kms.keyId]))) {
        return { plaintext, wrapped: Buffer.concat([Buffer.of(wrapVersion), CiphertextBlob]) }
      }
      plaintext?.fill(0)
      throw strange('GenerateDataKey')
    },

    async decrypt(region, wrapped, context) {
      only(region)
      const CiphertextBlob = blobOf(wrapped)
      const { Plaintext, KeyId } = await ask((client, options) =>
        client.send(new DecryptCommand({ CiphertextBlob, EncryptionContext: { custos: context } }), options),
      )
      const plaintext = secret(Plaintext)
      try {
        await mustBeOurs(KeyId)
        if (plaintext?.length === 32) return plaintext
        throw new KeyRefused({ cause: new Error('what was wrapped is no data key') })
      } catch (error) {
        plaintext?.fill(0)
        throw error
      }
    },

    async rewrap(region, wrapped, context) {
      only(region)
      const [CiphertextBlob, bound] = [blobOf(wrapped), { custos: context }]
      const answer = await ask((client, options) =>
        client.send(
          new ReEncryptCommand({
            CiphertextBlob,
            SourceEncryptionContext: bound,
            DestinationKeyId: kms.keyId,
            DestinationEncryptionContext: bound,
          }),
          options,
        ),
      )
      await mustBeOurs(answer.SourceKeyId)
      if (!(answer.CiphertextBlob?.length && (await ids.named(answer.KeyId, [kms.keyId])))) throw strange('ReEncrypt')
      if (answer.SourceKeyId === answer.KeyId) return wrapped
      return Buffer.concat([Buffer.of(wrapVersion), answer.CiphertextBlob])
    },

    async referenceMac(region, message) {
      only(region)
      const { Mac } = await ask((client, options) =>
        client.send(
          new GenerateMacCommand({ KeyId: kms.macKeyId, MacAlgorithm: 'HMAC_SHA_256', Message: message }),
          options,
        ),
      )
      if (Mac?.length !== 32) throw strange('GenerateMac')
      return Mac
    },

    async check(region, options) {
      only(region)
      return checkKms(client, kms, options)
    },
  }
}

function blobOf(wrapped: Uint8Array): Uint8Array {
  if (wrapped[0] !== wrapVersion || wrapped.length < 2 || wrapped.length > 1 + maxBlobLen) throw new KeyRefused()
  return wrapped.subarray(1)
}

/** The very bytes of the answer, so that overwriting them leaves no second copy. (The answer's text is the collector's to forget.) */
function secret(bytes: Uint8Array | undefined): Buffer | undefined {
  return bytes && Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}

function strange(operation: string): Problem {
  return new Problem('unavailable', { cause: new Error(`KMS answered ${operation} with something else`) })
}
