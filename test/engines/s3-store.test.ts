import { DeleteObjectCommand } from '@aws-sdk/client-s3'
import { describe } from 'vitest'
import { openS3Store } from '../../service/vault/s3-store.ts'
import { objectStoreContract, region } from '../vault/object-store.contract.ts'
import { freshBucket, rawClient, s3Servers } from './buckets.ts'

describe.each(Object.entries(s3Servers))('%s', (_, server) => {
  const subject = (limits: object, lockMode: 'COMPLIANCE' | 'GOVERNANCE') => async () => {
    const bucket = await freshBucket(server!, { lockMode })
    return {
      open: () => openS3Store(bucket, limits),
      async hide(key: string) {
        await rawClient(server!).send(
          new DeleteObjectCommand({ Bucket: bucket.bucket, Key: `sealed/${region}/${key}` }),
        )
      },
    }
  }
  describe('in COMPLIANCE mode', () => objectStoreContract(subject({}, 'COMPLIANCE')))
  describe('in GOVERNANCE mode', () => objectStoreContract(subject({}, 'GOVERNANCE')))
  // The least that S3 takes as a part is 5 MiB, and three of them are enough to meet every seam.
  describe('in parts', () =>
    objectStoreContract(subject({ singlePutLen: 6 * 1_048_576, partLen: 5 * 1_048_576 }, 'COMPLIANCE'), 13))
  describe('in listings of two', () => objectStoreContract(subject({ listPageLen: 2 }, 'COMPLIANCE')))
})
