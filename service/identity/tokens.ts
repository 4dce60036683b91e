/** Access tokens in the JWT profile of RFC 9068, from an OIDC provider or from the development issuer. */
import { createHash } from 'node:crypto'
import { createRemoteJWKSet, type JWTVerifyGetKey, jwtVerify } from 'jose'
import { z } from 'zod'
import type { Config } from '../config.ts'
import { readDevelopmentKey } from './development-issuer.ts'
import { type Person, roles } from './person.ts'

export interface Tokens {
  /** Throws what jose or zod throws; the caller turns any of it into one 401. */
  verify(token: string): Promise<Person>
}

const Claims = z.object({
  sub: z.string().min(1).max(128),
  jti: z.string().min(8).max(256),
  org: z.string().regex(/^[a-z0-9][a-z0-9-]{0,62}$/),
  // A role this service does not know grants nothing, so it is left out and not an error.
  roles: z.array(z.string()).transform(list => roles.filter(role => list.includes(role))),
  acr: z.enum(['aal1', 'aal2', 'aal3']).default('aal1'),
})

export async function openTokens(config: Pick<Config, 'tokens' | 'audience'>, issuerKeyFile: string): Promise<Tokens> {
  const { issuer, key, algorithms } = await trusted(config, issuerKeyFile)
  return {
    async verify(token) {
      const { payload } = await jwtVerify(token, key, {
        issuer,
        audience: config.audience,
        typ: 'at+jwt',
        algorithms,
        requiredClaims: ['exp', 'iat', 'jti', 'sub'],
        clockTolerance: 5,
      })
      const claims = Claims.parse(payload)
      return {
        subject: claims.sub,
        organisation: claims.org,
        roles: claims.roles,
        assurance: Number(claims.acr.at(-1)),
        credential: createHash('sha256').update(`${issuer}\n${claims.jti}`).digest('hex'),
      }
    },
  }
}

async function trusted(config: Pick<Config, 'tokens'>, issuerKeyFile: string) {
  if (config.tokens.kind === 'oidc') {
    const key: JWTVerifyGetKey = createRemoteJWKSet(new URL(config.tokens.jwksUrl))
    return { issuer: config.tokens.issuer, key, algorithms: ['ES256', 'ES384', 'PS256', 'RS256', 'EdDSA'] }
  }
  const { issuer, publicKey } = await readDevelopmentKey(issuerKeyFile)
  const key: JWTVerifyGetKey = async () => publicKey
  return { issuer, key, algorithms: ['EdDSA'] }
}
