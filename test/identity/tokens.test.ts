import { mkdtemp, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { SignJWT, UnsecuredJWT } from 'jose'
import { beforeAll, expect, test } from 'vitest'
import { readConfig } from '../../service/config.ts'
import { issueToken, readDevelopmentKey } from '../../service/identity/development-issuer.ts'
import { openTokens, type Tokens } from '../../service/identity/tokens.ts'

let keyFile: string
let tokens: Tokens
const request = {
  subject: 's-1',
  organisation: 'agency-a',
  roles: ['officer'] as const,
  audience: 'custos',
  lifetimeSeconds: 60,
}

beforeAll(async () => {
  keyFile = join(await mkdtemp(join(tmpdir(), 'custos-issuer-')), 'issuer.json')
  tokens = await openTokens({ tokens: { kind: 'development' }, audience: 'custos' }, keyFile)
})

test('a token from the development issuer names its person, and its key file is nobody else’s to read', async () => {
  expect(await tokens.verify(await issueToken(keyFile, request))).toMatchObject({
    subject: 's-1',
    organisation: 'agency-a',
    roles: ['officer'],
    assurance: 2,
  })
  expect((await stat(keyFile)).mode & 0o777).toBe(0o600)
})

test('the development issuer does not exist in production', () => {
  expect(() => readConfig({ NODE_ENV: 'production' })).toThrow(/does not run in production/)
})

test('a token that is expired, unsigned, of another key, type, audience or without a role list is refused', async () => {
  const { privateKey, issuer } = await readDevelopmentKey(keyFile)
  const sign = (change: { typ?: string; audience?: string; claims?: object; exp?: number }) =>
    new SignJWT({ org: 'agency-a', roles: ['officer'], ...change.claims })
      .setProtectedHeader({ alg: 'EdDSA', typ: change.typ ?? 'at+jwt' })
      .setIssuer(issuer)
      .setAudience(change.audience ?? 'custos')
      .setSubject('s-1')
      .setJti('12345678')
      .setIssuedAt()
      .setExpirationTime(change.exp ?? Math.floor(Date.now() / 1000) + 60)
      .sign(privateKey)
  await expect(tokens.verify(await sign({}))).resolves.toBeDefined()
  const bad = [
    await sign({ exp: 1 }),
    await sign({ typ: 'JWT' }),
    await sign({ audience: 'else' }),
    await sign({ claims: { roles: 'officer' } }),
    await sign({ claims: { org: 'Agency A' } }),
    new UnsecuredJWT({ org: 'agency-a', roles: ['officer'] })
      .setIssuer(issuer)
      .setAudience('custos')
      .setSubject('s')
      .setJti('12345678')
      .setIssuedAt()
      .setExpirationTime('1m')
      .encode(),
    await issueToken(`${keyFile}.other`, request),
  ]
  for (const token of bad) await expect(tokens.verify(token)).rejects.toThrow()
})
