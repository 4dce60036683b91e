/** `custos doctor` on what keeps bytes and keys, and on who says who is asking. Opens only what is there already, so that nothing is made. */
import { access, constants, stat } from 'node:fs/promises'
import { join } from 'node:path'
import type { Config, Secrets } from '../config.ts'
import { bucketOf, kmsOf } from '../engines.ts'
import type { Region, Regions } from '../regions.ts'
import { openKeyFile } from '../vault/key-file.ts'
import { openKms } from '../vault/kms.ts'
import { openS3Store } from '../vault/s3-store.ts'
import { type Answer, type Check, fail, judgeSkew, ok, warn } from './doctor-check.ts'

/** `sealed` counts what could not be opened without keys; undefined where the database cannot be asked. */
export function engineChecks(
  config: Config,
  secrets: Secrets,
  regions: Regions,
  sealed: () => Promise<number | undefined>,
): Check[] {
  return [...regions.all].flatMap(([name, region]) => [
    { name: `objects ${name}`, run: () => checkObjects(config, name, region) },
    { name: `keys ${name}`, run: () => checkKeys(secrets, name, region, sealed) },
  ])
}

async function checkObjects(config: Config, name: string, region: Region): Promise<Answer> {
  if (region.bucket === undefined) return checkFolder(join(config.dataDir, 'objects'))
  const store = await openS3Store(bucketOf(name, region, region.bucket))
  const { says, clockSkewMs } = await store.check(name)
  return judgeSkew(says, clockSkewMs, 'the clock of the store')
}

async function checkFolder(root: string): Promise<Answer> {
  const says = `folder ${root}, where locks bind this service alone`
  if (!(await exists(root))) return ok(`${says}; it is made at the first start`)
  return await access(join(root, 'drafts'), constants.W_OK | constants.X_OK).then(
    () => ok(says),
    () => fail(`cannot write in ${root}`, 'give it to the account that runs the service'),
  )
}

async function checkKeys(
  secrets: Secrets,
  name: string,
  region: Region,
  sealed: () => Promise<number | undefined>,
): Promise<Answer> {
  const { kmsKeyId } = region
  if (kmsKeyId !== undefined) return ok(await openKms(kmsOf(name, region, kmsKeyId)).check(name, { earlier: true }))
  if (await exists(secrets.keyFile)) return ok(await (await openKeyFile(secrets.keyFile)).check(name))
  const rows = await sealed()
  return rows === undefined || rows === 0
    ? ok(`key file ${secrets.keyFile}, which is made at the first start`)
    : fail(
        `the key file ${secrets.keyFile} is not there, and ${rows} sealed keys need it`,
        'restore it from its backup before anything starts: a new one opens none of them',
      )
}

export function identityCheck({ tokens, production }: Config): Check {
  return {
    name: 'identity',
    async run() {
      if (tokens.kind === 'development') {
        const says = 'the development issuer: whoever can read its key file can be anybody'
        return production
          ? fail(says, 'set CUSTOS_TOKEN_ISSUER')
          : warn(says, 'set CUSTOS_TOKEN_ISSUER and CUSTOS_TOKEN_JWKS_URL before this is used for evidence')
      }
      const response = await fetch(tokens.jwksUrl, { signal: AbortSignal.timeout(5_000), redirect: 'error' })
      const { keys } = (await response.json()) as { keys?: unknown[] }
      return response.ok && Array.isArray(keys) && keys.length > 0
        ? ok(`${tokens.issuer}, ${keys.length} keys at ${tokens.jwksUrl}`)
        : fail(`${tokens.jwksUrl} answers ${response.status} without keys`, 'set CUSTOS_TOKEN_JWKS_URL to its key set')
    },
  }
}

async function exists(path: string): Promise<boolean> {
  return (await stat(path).catch(() => undefined)) !== undefined
}
