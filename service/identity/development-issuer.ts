/** Signs access tokens for trying things out. It refuses to exist in production: see config.ts. */
import { createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject, randomUUID } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { SignJWT } from 'jose'
import { makeOnce } from '../make-once.ts'
import type { Role } from './person.ts'

const issuer = 'https://issuer.custos.localhost'

/** Reads the key file, and makes it (0600) the first time. */
export async function readDevelopmentKey(
  file: string,
): Promise<{ issuer: string; privateKey: KeyObject; publicKey: KeyObject }> {
  await makeOnce(file, () => JSON.stringify(generateKeyPairSync('ed25519').privateKey.export({ format: 'jwk' })))
  const privateKey = createPrivateKey({ key: JSON.parse(await readFile(file, 'utf8')), format: 'jwk' })
  return { issuer, privateKey, publicKey: createPublicKey(privateKey) }
}

export interface TokenRequest {
  readonly subject: string
  readonly organisation: string
  readonly roles: readonly Role[]
  readonly audience: string
  readonly lifetimeSeconds: number
}

/** RFC 9068, section 2.2. Throws when NODE_ENV is production. */
export async function issueToken(keyFile: string, request: TokenRequest): Promise<string> {
  const { privateKey } = await readDevelopmentKey(keyFile)
  return new SignJWT({ org: request.organisation, roles: request.roles, client_id: 'custos-cli', acr: 'aal2' })
    .setProtectedHeader({ alg: 'EdDSA', typ: 'at+jwt' })
    .setIssuer(issuer)
    .setAudience(request.audience)
    .setSubject(request.subject)
    .setJti(randomUUID())
    .setIssuedAt()
    .setExpirationTime(`${request.lifetimeSeconds}s`)
    .sign(privateKey)
}
