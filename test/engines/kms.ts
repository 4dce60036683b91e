/**
 * Two programs that speak the protocol of AWS KMS, on free loopback ports, everything in memory. What each gets wrong is in
 * kms-deviations.ts; what neither can prove is asked of a real account in kms-account.test.ts.
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { CreateKeyCommand, KMSClient } from '@aws-sdk/client-kms'
import type { KmsKeys } from '../../service/vault/kms.ts'
import { findPythonProgram, howToGet } from './python-packages.ts'
import { type Engine, freePort, startServer, untilAnswering } from './servers.ts'

export interface KmsEngine {
  readonly endpoint: string
  readonly awsRegion: string
  readonly credentials: { readonly accessKeyId: string; readonly secretAccessKey: string }
}

export interface StartedKms {
  readonly engine: KmsEngine
  stop(): Promise<void>
}

export const ministack: Engine = {
  name: 'ministack',
  missing: async () => (findPythonProgram('ministack') ? undefined : howToGet()),
  async start() {
    const { engine, stop } = await startMinistack()
    return { env: { CUSTOS_TEST_KMS_MINISTACK: JSON.stringify(engine) }, stop }
  },
}

export const moto: Engine = {
  name: 'moto',
  missing: async () => (findPythonProgram('moto_server') ? undefined : howToGet()),
  async start() {
    const { engine, stop } = await startMoto()
    return { env: { CUSTOS_TEST_KMS_MOTO: JSON.stringify(engine) }, stop }
  },
}

/** The engine that the run names; undefined when there is none. */
export function kmsEngine(name: 'MINISTACK' | 'MOTO'): KmsEngine | undefined {
  const text = process.env[`CUSTOS_TEST_KMS_${name}`]
  return text ? JSON.parse(text) : undefined
}

/** Everything but the gateway is switched off: its other listeners would not keep to the loopback. */
export function startMinistack(port?: number): Promise<StartedKms> {
  return start(
    'ministack',
    at => [[], { BIND_HOST: '127.0.0.1', GATEWAY_PORT: at, SERVICES: 'kms', IOT_MTLS_ENABLED: '0', SFTP_ENABLED: '0' }],
    port,
  )
}

export function startMoto(): Promise<StartedKms> {
  return start('moto_server', at => [['-H', '127.0.0.1', '-p', at], {}])
}

/** Keys of its own for a test: one that wraps, one that makes references. */
export async function freshKmsKeys(engine: KmsEngine, region = 'local'): Promise<KmsKeys> {
  return {
    ...engine,
    region,
    keyId: await freshKey(engine),
    previousKeyIds: [],
    macKeyId: await freshKey(engine, 'HMAC_256'),
  }
}

/** Its ARN. */
export async function freshKey(
  engine: KmsEngine,
  KeySpec: 'SYMMETRIC_DEFAULT' | 'HMAC_256' = 'SYMMETRIC_DEFAULT',
): Promise<string> {
  const KeyUsage = KeySpec === 'HMAC_256' ? 'GENERATE_VERIFY_MAC' : 'ENCRYPT_DECRYPT'
  const { KeyMetadata } = await administer(engine).send(new CreateKeyCommand({ KeySpec, KeyUsage }))
  return KeyMetadata!.Arn!
}

/** The engine as its administrator sees it. */
export function administer({ endpoint, awsRegion, credentials }: KmsEngine): KMSClient {
  return new KMSClient({ endpoint, region: awsRegion, credentials, maxAttempts: 1 })
}

async function start(
  tool: string,
  options: (port: string) => [string[], Record<string, string>],
  wanted?: number,
): Promise<StartedKms> {
  const port = wanted ?? (await freePort())
  const [args, settings] = options(String(port))
  const folder = await mkdtemp(join(tmpdir(), `custos-${tool}-`))
  const server = startServer(findPythonProgram(tool)!, args, { cwd: folder, env: { TMPDIR: folder, ...settings } })
  const endpoint = `http://127.0.0.1:${port}`
  await untilAnswering(() => fetch(endpoint), server)
  return {
    engine: {
      endpoint,
      // The S3 server's: a service looks for both in the same place. (Twelve digits would name an account of their own.)
      awsRegion: 'us-east-1',
      credentials: { accessKeyId: 'testaccess', secretAccessKey: 'testsecret' },
    },
    async stop() {
      await server.stop('SIGKILL')
      await rm(folder, { recursive: true, force: true })
    },
  }
}
