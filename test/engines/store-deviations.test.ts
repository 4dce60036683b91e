import { expect, test } from 'vitest'
import { freshBucket, rawClient, s3Servers } from './buckets.ts'
import { deviations } from './store-deviations.ts'

test.each(deviations)('$engine still $what', async ({ engine, stillSo }) => {
  const server = s3Servers[engine]!
  const { bucket } = await freshBucket(server)
  expect(await stillSo({ client: rawClient(server), bucket, server })).toBe(true)
})
