/** A server that stalls, breaks off or lies ends as an error in bounded time, and what can be asked again is. */
import { randomBytes } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import { CreateMultipartUploadCommand, ListMultipartUploadsCommand } from '@aws-sdk/client-s3'
import { describe, expect, test } from 'vitest'
import { ObjectExists } from '../../service/vault/object-store.ts'
import { openS3Store } from '../../service/vault/s3-store.ts'
import { bodyOf, freshKey, hours, region } from '../vault/object-store.contract.ts'
import { collect, drain } from '../vault/streams.ts'
import { freshBucket, rawClient, s3Servers } from './buckets.ts'
import { type Fault, getsObject, putsObject, startS3Proxy } from './s3-proxy.ts'

const len = 4_000_000

describe.each(Object.entries(s3Servers))('%s', (_, server) => {
  async function bench() {
    const proxy = await startS3Proxy(server!.endpoint)
    const bucket = { ...(await freshBucket(server!)), endpoint: proxy.endpoint }
    const store = await openS3Store(bucket, { stallMs: 3_000 })
    const [key, bytes] = [freshKey(), randomBytes(len)]
    await store.put(region, key, bodyOf(bytes), hours(1))
    const [version] = await store.versions(region, key)
    const read = () => store.get(region, key, version!.versionId, 0, len)
    return {
      proxy,
      bucket,
      store,
      key,
      bytes,
      id: version!.versionId,
      read,
      [Symbol.asyncDispose]: () => proxy[Symbol.asyncDispose](),
    }
  }

  test.each(['answer body cut', 'answer body stalls'] as Fault[])(
    'a read whose %s is an error, never a short clip',
    async fault => {
      await using b = await bench()
      b.proxy.fail(fault, 1, getsObject)
      const { bytes, error } = await drain(b.read())
      expect(error).toBeInstanceOf(Error)
      expect(bytes.length).toBeLessThan(len)
      expect(bytes.equals(b.bytes.subarray(0, bytes.length))).toBe(true)
      expect((await collect(b.read())).equals(b.bytes)).toBe(true)
    },
  )

  test('a reader may take longer than the server may', async () => {
    await using b = await bench()
    let got = 0
    for await (const chunk of b.read()) {
      if (got === 0) await delay(4_000)
      got += chunk.length
    }
    expect(got).toBe(len)
  })

  test.each(['stall', 'reset', 'answer cut', '503 SlowDown', '500 InternalError', 'body cut'] as Fault[])(
    'a put that meets %s fails, and is not tried again behind the vault',
    async fault => {
      await using b = await bench()
      const before = b.proxy.failed
      b.proxy.fail(fault, 5, putsObject)
      const key = freshKey()
      await expect(b.store.put(region, key, bodyOf(b.bytes), hours(1))).rejects.toThrow()
      expect(b.proxy.failed - before).toBe(1)
      expect(await b.store.versions(region, key)).toHaveLength(fault === 'answer cut' ? 1 : 0)
    },
  )

  test('parts that a crash left behind go with the next put of the key', async () => {
    await using b = await bench()
    const [client, key] = [rawClient(server!), freshKey()]
    const name = (k: string) => ({ Bucket: b.bucket.bucket, Key: `sealed/${region}/${k}` })
    for (const k of [key, key, `${key}.1`]) await client.send(new CreateMultipartUploadCommand(name(k)))
    const store = await openS3Store(b.bucket, { singlePutLen: 1_000, partLen: 5 * 1_048_576 })
    await store.put(region, key, bodyOf(b.bytes), hours(1))
    const { Uploads } = await client.send(new ListMultipartUploadsCommand({ Bucket: b.bucket.bucket }))
    expect(Uploads?.map(upload => upload.Key)).toEqual([name(`${key}.1`).Key])
  })

  test.each(['answer cut', 'answer 500', 'reset'] as Fault[])(
    'nor is the end of an upload in parts: %s',
    async fault => {
      await using b = await bench()
      const store = await openS3Store(b.bucket, { singlePutLen: 1_000, partLen: 5 * 1_048_576 })
      const [before, key] = [b.proxy.failed, freshKey()]
      b.proxy.fail(fault, 5, req => req.method === 'POST' && req.url!.includes('uploadId='))
      await expect(store.put(region, key, bodyOf(b.bytes), hours(1))).rejects.toThrow()
      expect(b.proxy.failed - before).toBe(1)
      b.proxy.heal()
      expect(await store.versions(region, key)).toHaveLength(fault === 'reset' ? 0 : 1)
      if (fault === 'reset') await store.put(region, key, bodyOf(b.bytes), hours(1))
      else await expect(store.put(region, key, bodyOf(b.bytes), hours(1))).rejects.toThrow(ObjectExists)
      const page = await rawClient(server!).send(new ListMultipartUploadsCommand({ Bucket: b.bucket.bucket }))
      expect(page.Uploads ?? []).toEqual([])
    },
  )

  test.each(['503 SlowDown', '500 InternalError', 'reset', 'answer cut'] as Fault[])(
    'what may be said twice is, when it meets %s twice',
    async fault => {
      await using b = await bench()
      const twice = () => b.proxy.fail(fault, 2, () => true)
      twice()
      expect(await b.store.versions(region, b.key)).toHaveLength(1)
      twice()
      await b.store.extend(region, b.key, b.id, hours(3))
      twice()
      await b.store.hold(region, b.key, b.id, true)
      expect(await b.store.head(region, b.key, b.id)).toMatchObject({ held: true })
      twice()
      await b.store.check(region)
      twice()
      expect((await collect(b.read())).equals(b.bytes)).toBe(true)
    },
  )

  test.each(['stall', 'reset'] as Fault[])('every question to a server that does nothing but %s ends', async fault => {
    await using b = await bench()
    b.proxy.fail(fault, 1_000, () => true)
    const questions = [
      b.store.put(region, freshKey(), bodyOf(b.bytes), hours(1)),
      b.store.versions(region, b.key),
      b.store.head(region, b.key, b.id),
      collect(b.read()),
      b.store.extend(region, b.key, b.id, hours(9)),
      b.store.hold(region, b.key, b.id, true),
      b.store.remove(region, b.key, b.id),
      b.store.check(region),
    ]
    for (const answer of await Promise.allSettled(questions)) expect(answer.status).toBe('rejected')
  })
})
