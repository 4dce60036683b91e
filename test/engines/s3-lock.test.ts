/** What the server itself refuses to whoever has the service's account and goes round the service. */
import { createHash, randomBytes } from 'node:crypto'
import {
  DeleteBucketCommand,
  DeleteObjectCommand,
  PutBucketVersioningCommand,
  PutObjectCommand,
  PutObjectRetentionCommand,
} from '@aws-sdk/client-s3'
import { describe, expect, test } from 'vitest'
import { UnknownRegion } from '../../service/vault/by-region.ts'
import { StoreUnfit } from '../../service/vault/object-store.ts'
import { openS3Store } from '../../service/vault/s3-store.ts'
import { bodyOf, freshKey, hours, region } from '../vault/object-store.contract.ts'
import { collect } from '../vault/streams.ts'
import { freshBucket, rawClient, s3Servers, versionsIn } from './buckets.ts'

describe.each(Object.entries(s3Servers))('%s', (engine, server) => {
  describe.each([
    ['COMPLIANCE', { singlePutLen: 5e9 }],
    ['COMPLIANCE', { singlePutLen: 100, partLen: 5 * 1_048_576 }],
    ['GOVERNANCE', { singlePutLen: 5e9 }],
  ] as const)('refuses in %s mode, put with %o,', (lockMode, limits) => {
    async function locked() {
      const bucket = await freshBucket(server!, { lockMode })
      const store = await openS3Store(bucket, limits)
      const [key, bytes] = [freshKey(), randomBytes(1_000)]
      await store.put(region, key, bodyOf(bytes), hours(2))
      const [version] = await store.versions(region, key)
      const name = { Bucket: bucket.bucket, Key: `sealed/${region}/${key}`, VersionId: version!.versionId }
      const client = rawClient(server!)
      const stands = async () => {
        expect(await store.head(region, key, name.VersionId)).toEqual(version)
        expect((await collect(store.get(region, key, name.VersionId, 0, 1_000))).equals(bytes)).toBe(true)
      }
      return { client, name, stands, bucket }
    }

    test('to delete', async () => {
      const { client, name, stands } = await locked()
      await expect(client.send(new DeleteObjectCommand(name))).rejects.toThrow()
      await stands()
    })

    test('to shorten the lock', async () => {
      const { client, name, stands } = await locked()
      const Retention = { Mode: lockMode, RetainUntilDate: hours(1) }
      await expect(client.send(new PutObjectRetentionCommand({ ...name, Retention }))).rejects.toThrow()
      await stands()
    })

    test('to have the object overwritten: what is put over it is another version', async () => {
      const { client, name, stands, bucket } = await locked()
      const { VersionId: _, ...current } = name
      await client.send(new PutObjectCommand({ ...current, Body: 'another' }))
      await client.send(new DeleteObjectCommand(current))
      await stands()
      expect(await versionsIn(bucket)).toHaveLength(2)
    })

    test('to stop keeping versions, or to drop the bucket', async () => {
      const { client, name, stands } = await locked()
      const Bucket = name.Bucket
      const suspended = new PutBucketVersioningCommand({ Bucket, VersioningConfiguration: { Status: 'Suspended' } })
      await expect(client.send(suspended)).rejects.toThrow()
      await expect(client.send(new DeleteBucketCommand({ Bucket }))).rejects.toThrow()
      await stands()
    })

    test.runIf(lockMode === 'COMPLIANCE')('all that to whoever bypasses governance', async () => {
      const { client, name, stands } = await locked()
      const bypass = { ...name, BypassGovernanceRetention: true }
      await expect(client.send(new DeleteObjectCommand(bypass))).rejects.toThrow()
      const Retention = { Mode: 'GOVERNANCE', RetainUntilDate: hours(1) } as const
      await expect(client.send(new PutObjectRetentionCommand({ ...bypass, Retention }))).rejects.toThrow()
      await stands()
    })
  })

  test('a lock of the weaker mode does not count where the stronger is asked for, nor does a lock ever get weaker', async () => {
    const lenient = await freshBucket(server!, { lockMode: 'GOVERNANCE' })
    const [weak, strong] = [await openS3Store(lenient), await openS3Store({ ...lenient, lockMode: 'COMPLIANCE' })]
    const lockOf = async (key: string) => (await strong.versions(region, key)).map(v => v.retainUntil)
    const [a, b] = [freshKey(), freshKey()]
    await weak.put(region, a, bodyOf(randomBytes(10)), hours(2))
    expect(await lockOf(a)).toEqual([undefined])
    await strong.put(region, b, bodyOf(randomBytes(10)), hours(2))
    const [version] = await strong.versions(region, b)
    await weak.extend(region, b, version!.versionId, hours(3))
    expect((await lockOf(b))[0]!.getTime()).toBeGreaterThan(hours(2.5).getTime())
  })

  test('what others put over a key is seen whole, oldest first', async () => {
    const bucket = await freshBucket(server!)
    const store = await openS3Store(bucket, { listPageLen: 2 })
    const [key, client] = [freshKey(), rawClient(server!)]
    const ids: (string | undefined)[] = []
    for (const Key of [key, `${key}.1`, key, key, `${key}.1`, key, key]) {
      const name = { Bucket: bucket.bucket, Key: `sealed/${region}/${Key}` }
      const { VersionId } = await client.send(new PutObjectCommand({ ...name, Body: `${ids.length}` }))
      if (Key === key) ids.push(VersionId)
      if (ids.length === 3) await client.send(new DeleteObjectCommand(name))
    }
    const versions = await store.versions(region, key)
    expect(versions.map(v => v.versionId)).toEqual(ids)
    expect(versions.map(v => [v.retainUntil, v.held])).toEqual(ids.map(() => [undefined, false]))
    await expect(store.put(region, key, bodyOf(randomBytes(10)), hours(1))).rejects.toThrow()
  })

  test.each([
    ['without versions', { lock: false }, /keeps no versions/],
    ['with versions and without object lock', { lock: false, versions: true }, /no object lock/],
  ])('a bucket %s is unfit, and nothing put there is taken for locked', async (_, options, says) => {
    const bucket = await freshBucket(server!, options)
    const store = await openS3Store(bucket)
    await expect(store.check(region)).rejects.toThrow(StoreUnfit)
    await expect(store.check(region)).rejects.toThrow(says)
    await expect(store.put(region, freshKey(), bodyOf(randomBytes(10)), hours(1))).rejects.toThrow()
  })

  test('a bucket that is not there, or not ours, is unfit', async () => {
    const bucket = await freshBucket(server!)
    const elsewhere = await openS3Store({ ...bucket, bucket: 'there-is-no-such-bucket' })
    await expect(elsewhere.check(region)).rejects.toThrow(/there is no bucket/)
    const stranger = await openS3Store({
      ...bucket,
      credentials: { ...bucket.credentials!, secretAccessKey: 'guessed' },
    })
    await expect(stranger.check(region)).rejects.toThrow(/refuses this account/)
  })

  test('a store serves its own region alone', async () => {
    const store = await openS3Store(await freshBucket(server!))
    const [key, body] = [freshKey(), bodyOf(randomBytes(10))]
    const calls = [
      () => store.put('elsewhere', key, body, hours(1)),
      () => store.versions('elsewhere', key),
      () => store.head('elsewhere', key, 'v'),
      () => collect(store.get('elsewhere', key, 'v', 0, 1)),
      () => store.extend('elsewhere', key, 'v', hours(1)),
      () => store.hold('elsewhere', key, 'v', true),
      () => store.remove('elsewhere', key, 'v'),
      () => store.check('elsewhere'),
    ]
    for (const call of calls) await expect(call()).rejects.toThrow(UnknownRegion)
  })

  test.runIf(engine === 'versitygw')(
    'of eight at once on one key one is put, by the condition of the PUT alone',
    async () => {
      const bucket = await freshBucket(server!)
      const stores = await Promise.all(Array.from({ length: 8 }, () => openS3Store(bucket)))
      const key = freshKey()
      const bodies = stores.map(() => bodyOf(Buffer.from(createHash('sha256').update(randomBytes(9)).digest())))
      const answers = await Promise.allSettled(stores.map((store, n) => store.put(region, key, bodies[n]!, hours(1))))
      expect(answers.filter(answer => answer.status === 'fulfilled')).toHaveLength(1)
      expect(await versionsIn(bucket)).toHaveLength(1)
    },
  )
})
