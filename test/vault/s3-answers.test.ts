/** What is made of a server's answers that the real servers of test/engines do not give. */
import { expect, test } from 'vitest'
import { ObjectLocked, StoreUnfit } from '../../service/vault/object-store.ts'
import { openS3Store } from '../../service/vault/s3-store.ts'
import { type Answer, startLoopbackS3 } from './loopback-s3.ts'

const minute = 60_000
const versioned: Answer = {
  status: 200,
  xml: '<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>',
}

async function refusedRemoval(until: number, held = 'OFF') {
  await using s3 = await startLoopbackS3(({ method }) =>
    method === 'DELETE'
      ? { status: 403, code: 'AccessDenied' }
      : {
          status: 200,
          headers: {
            'content-length': '10',
            'x-amz-object-lock-mode': 'COMPLIANCE',
            'x-amz-object-lock-retain-until-date': new Date(until).toISOString(),
            'x-amz-object-lock-legal-hold': held,
          },
        },
  )
  const store = await openS3Store(s3.bucket)
  return await store.remove('local', 'a', 'v1').catch((error: unknown) => error)
}

test('a refusal to remove is a lock only while one can stand: after that the account lacks the right', async () => {
  expect(await refusedRemoval(Date.now() + minute)).toBeInstanceOf(ObjectLocked)
  expect(await refusedRemoval(Date.now() - minute)).toBeInstanceOf(ObjectLocked)
  expect(await refusedRemoval(Date.now() - 60 * minute, 'ON')).toBeInstanceOf(ObjectLocked)
  const refused = await refusedRemoval(Date.now() - 60 * minute)
  expect(refused).not.toBeInstanceOf(ObjectLocked)
  expect(refused).toMatchObject({ name: 'AccessDenied' })
})

async function checked(versions: Answer, lock: Answer) {
  await using s3 = await startLoopbackS3(({ url }) => (url!.includes('object-lock') ? lock : versions))
  const store = await openS3Store(s3.bucket)
  return await store.check('local').catch((error: unknown) => error)
}

test.each([
  { status: 501, code: 'NotImplemented' },
  { status: 400, code: 'InvalidRequest' },
  { status: 404, code: 'NoSuchKey' },
  { status: 405, code: 'MethodNotAllowed' },
  { status: 301, code: 'PermanentRedirect' },
])('a server that answers $status for lock or versions would not keep what is put there', async answer => {
  expect(await checked(versioned, answer)).toBeInstanceOf(StoreUnfit)
  expect(await checked(answer, versioned)).toBeInstanceOf(StoreUnfit)
})

test.each([
  { status: 503, code: 'SlowDown' },
  { status: 500, code: 'InternalError' },
  { status: 429, code: 'TooManyRequests' },
  { status: 400, code: 'RequestTimeout' },
])('a server that answers $status $code is asked again later', async answer => {
  const error = await checked(versioned, answer)
  expect(error).toBeInstanceOf(Error)
  expect(error).not.toBeInstanceOf(StoreUnfit)
})
