import { readFile } from 'node:fs/promises'
import { describe, expect, test } from 'vitest'
import { Problem } from '../../service/http/problem.ts'
import { KeyRefused } from '../../service/vault/keys.ts'
import { type KmsKeys, openKms } from '../../service/vault/kms.ts'
import { explainKms, kmsErrors, meaningOf } from '../../service/vault/kms-errors.ts'
import { type Behaviour, startLoopbackKms } from './loopback-kms.ts'

const patienceMs = 900
const wrapped = Buffer.concat([Buffer.of(2), Buffer.alloc(100, 7)])
const here = (endpoint: string, more: Partial<KmsKeys> = {}): KmsKeys => ({
  region: 'local',
  keyId: 'a-key',
  previousKeyIds: [],
  macKeyId: 'a-mac-key',
  endpoint,
  awsRegion: 'eu-central-1',
  credentials: { accessKeyId: 'x', secretAccessKey: 'y' },
  patienceMs,
  ...more,
})
const questions = {
  GenerateDataKey: (keys: ReturnType<typeof openKms>) => keys.generateDataKey('local', 'a'),
  Decrypt: (keys: ReturnType<typeof openKms>) => keys.decrypt('local', wrapped, 'a'),
  ReEncrypt: (keys: ReturnType<typeof openKms>) => keys.rewrap('local', wrapped, 'a'),
  GenerateMac: (keys: ReturnType<typeof openKms>) => keys.referenceMac('local', Buffer.alloc(32)),
  DescribeKey: (keys: ReturnType<typeof openKms>) => keys.check('local'),
}

describe('the table of errors', () => {
  test.each(Object.keys(questions))('has every error that the SDK documents for %s', async operation => {
    const folder = new URL('../../node_modules/@aws-sdk/client-kms/dist-types/commands/', import.meta.url)
    const text = await readFile(new URL(`${operation}Command.d.ts`, folder), 'utf8')
    const documented = [...text.matchAll(/@throws \{@link (\w+)\}/g)]
      .map(match => match[1]!)
      .filter(name => name !== 'KMSServiceException')
    expect(documented.length).toBeGreaterThan(3)
    expect(documented.filter(name => !(name in kmsErrors))).toEqual([])
  })

  test('takes only the two errors about the bytes themselves for a proof that they do not open', () => {
    const refused = Object.keys(kmsErrors).filter(name => kmsErrors[name] === 'refused')
    expect(refused).toEqual(['InvalidCiphertextException', 'IncorrectKeyException'])
  })

  test('says for each name what the port throws, and for an unknown one that asking again may help', () => {
    for (const [name, meaning] of Object.entries({ ...kmsErrors, SomethingNew: 'soon', toString: 'soon' })) {
      const cause = Object.assign(new Error('inside'), { name })
      const said = explainKms(cause)
      if (meaning === 'refused') expect(said).toBeInstanceOf(KeyRefused)
      else expect(said).toMatchObject({ status: 503, details: { retryAfterSeconds: meaning === 'soon' ? 5 : 60 } })
      expect(said.cause).toBe(cause)
    }
    expect(meaningOf('not even an error')).toBe('soon')
    const known = new Problem('unavailable')
    expect(explainKms(known)).toBe(known)
  })
})

test('an error that comes over the wire is known by its name', async () => {
  await using kms = await startLoopbackKms()
  const keys = openKms(here(kms.endpoint))
  const own = ['TimeoutError', 'AbortError', 'CredentialsProviderError']
  for (const [name, meaning] of Object.entries(kmsErrors).filter(([name]) => !own.includes(name))) {
    kms.behave({ status: /Internal|Unavailable|Dependency/.test(name) ? 500 : 400, name })
    const error = await questions.Decrypt(keys).catch(e => e)
    if (meaning === 'refused') expect(error, name).toBeInstanceOf(KeyRefused)
    else expect(error, name).toMatchObject({ type: 'unavailable', details: { retryAfterSeconds: expect.any(Number) } })
  }
})

const lost: [string, Behaviour][] = [
  ['stalls', 'stall'],
  ['stalls in the middle of an answer', 'stall halfway'],
  ['drops connections', 'cut'],
  ['answers with a page for people', 'babble'],
  ['answers 503', { status: 503, name: 'ServiceUnavailableException' }],
  ['answers 500 without a name', { status: 500, name: '' }],
  ['asks for fewer questions', { status: 400, name: 'ThrottlingException' }],
  ['denies', { status: 400, name: 'AccessDeniedException' }],
]
test.each(lost)('a KMS that %s cannot be asked now, whatever is asked', async (_, behaviour) => {
  const asked = Object.entries(questions).map(async ([operation, ask]) => {
    await using kms = await startLoopbackKms()
    kms.behave(behaviour)
    const error = await ask(openKms(here(kms.endpoint))).catch(e => e)
    const denied = operation === 'DescribeKey' && typeof behaviour === 'object' && /Denied/.test(behaviour.name)
    if (denied) expect(error).toMatchObject({ name: 'KeysUnfit', message: expect.stringContaining('kms:DescribeKey') })
    else expect(error).toMatchObject({ type: 'unavailable', details: { retryAfterSeconds: expect.any(Number) } })
    expect(kms.asked.length).toBeGreaterThan(0)
    // A check asks for several operations at once, one of them of both keys.
    const most = operation === 'DescribeKey' ? 6 : 3
    for (const name of new Set(kms.asked))
      expect(kms.asked.filter(each => each === name).length).toBeLessThanOrEqual(most)
  })
  await Promise.all(asked)
})

test('a KMS that is not there, and credentials that are not to be had, end the same', async () => {
  const kms = await startLoopbackKms()
  await kms[Symbol.asyncDispose]()
  await expect(questions.Decrypt(openKms(here(kms.endpoint)))).rejects.toMatchObject({ type: 'unavailable' })
  const never = { credentials: (() => new Promise(() => {})) as never }
  await expect(questions.Decrypt(openKms(here(kms.endpoint, never)))).rejects.toMatchObject({ type: 'unavailable' })
})

test('a check asks for everything at once: one that stalls keeps nothing else waiting', async () => {
  await using kms = await startLoopbackKms()
  kms.behave('stall')
  await expect(openKms(here(kms.endpoint)).check('local')).rejects.toMatchObject({ type: 'unavailable' })
  expect(new Set(kms.asked)).toEqual(new Set(['DescribeKey', 'GenerateDataKey', 'GenerateMac']))
})

test('what cannot be a wrapped key is not sent at all', async () => {
  await using kms = await startLoopbackKms()
  const keys = openKms(here(kms.endpoint))
  for (const wrong of [Buffer.alloc(0), Buffer.of(2), Buffer.of(1, 7), Buffer.alloc(6_146, 2)]) {
    await expect(keys.decrypt('local', wrong, 'a')).rejects.toThrow(KeyRefused)
    await expect(keys.rewrap('local', wrong, 'a')).rejects.toThrow(KeyRefused)
  }
  expect(kms.asked).toEqual([])
})
