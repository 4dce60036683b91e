/** Whether the key that KMS names in an answer, always by its ARN, is one that the configuration names, in whichever way. */
import { DescribeKeyCommand } from '@aws-sdk/client-kms'
import type { AskKms } from './kms-client.ts'

export function makeKeyIds(ask: AskKms) {
  const aliases = new Map<string, string | undefined>()
  const resolve = async (alias: string): Promise<string | undefined> => {
    const { KeyMetadata } = await ask((client, options) =>
      client.send(new DescribeKeyCommand({ KeyId: alias }), options),
    )
    aliases.set(alias, KeyMetadata?.Arn)
    return KeyMetadata?.Arn
  }
  return {
    /** Aliases are asked for once, and again when they do not fit: one may point elsewhere by now. */
    async named(arn: string | undefined, configured: readonly string[]): Promise<boolean> {
      if (!arn) return false
      if (configured.some(id => !isAlias(id) && sameKey(arn, id))) return true
      for (const alias of configured.filter(isAlias)) {
        if (aliases.get(alias) === arn || (await resolve(alias)) === arn) return true
      }
      return false
    },
  }
}

function isAlias(id: string): boolean {
  return /^(arn:[^/]+:)?alias\//.test(id)
}

/** By ARN where the configuration has one. A bare id names a key of the account and AWS region that are asked. */
export function sameKey(arn: string, configured: string): boolean {
  return configured.startsWith('arn:') ? arn === configured : arn.endsWith(`:key/${configured}`)
}
