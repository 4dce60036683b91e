/** Everything that stands in a bucket under our prefix. */
import { ListObjectVersionsCommand } from '@aws-sdk/client-s3'
import type { ListedVersion } from './object-store.ts'
import { objectName, type S3Clients } from './s3-client.ts'

/** A page at a time; some servers repeat what stands at a page's seam. Delete markers are nothing. */
export async function* listAll(s3: S3Clients): AsyncGenerator<ListedVersion, void, undefined> {
  const { Bucket, Key: Prefix } = objectName(s3, '')
  let from: { KeyMarker?: string; VersionIdMarker?: string } = {}
  for (;;) {
    const page = await s3.patient.send(
      new ListObjectVersionsCommand({ Bucket, Prefix, MaxKeys: s3.limits.listPageLen, ...from }),
      { abortSignal: AbortSignal.timeout(s3.limits.stallMs) },
    )
    for (const { Key, VersionId, LastModified } of page.Versions ?? [])
      if (Key && VersionId && LastModified)
        yield { key: Key.slice(Prefix.length), versionId: VersionId, putAt: LastModified }
    const { NextKeyMarker, NextVersionIdMarker } = page
    if (!page.IsTruncated || NextKeyMarker === undefined) return
    if (NextKeyMarker === from.KeyMarker && NextVersionIdMarker === from.VersionIdMarker)
      throw new Error('the store lists the same page for ever')
    from = { KeyMarker: NextKeyMarker, ...(NextVersionIdMarker && { VersionIdMarker: NextVersionIdMarker }) }
  }
}
