/** Reading from S3: what stands under a key, and its bytes. A short or stalled answer is an error, never an end. */
import { GetObjectCommand, ListObjectVersionsCommand, type ObjectVersion } from '@aws-sdk/client-s3'
import { objectName, type S3Clients } from './s3-client.ts'

/** Ids of everything under exactly this key, oldest first; delete markers hide nothing and are nothing. */
export async function versionIds(s3: S3Clients, key: string): Promise<string[]> {
  const { Bucket, Key } = objectName(s3, key)
  const found = new Map<string, ObjectVersion>()
  let from: { KeyMarker?: string; VersionIdMarker?: string } = {}
  for (;;) {
    const page = await s3.patient.send(
      new ListObjectVersionsCommand({ Bucket, Prefix: Key, MaxKeys: s3.limits.listPageLen, ...from }),
      { abortSignal: AbortSignal.timeout(s3.limits.stallMs) },
    )
    for (const version of page.Versions ?? [])
      if (version.Key === Key && version.VersionId !== undefined) found.set(version.VersionId, version)
    const { NextKeyMarker, NextVersionIdMarker } = page
    // What starts with the key comes after the key itself.
    if (!page.IsTruncated || NextKeyMarker === undefined || NextKeyMarker > Key) break
    if (NextKeyMarker === from.KeyMarker && NextVersionIdMarker === from.VersionIdMarker)
      throw new Error('the store lists the same page for ever')
    from = { KeyMarker: NextKeyMarker, ...(NextVersionIdMarker && { VersionIdMarker: NextVersionIdMarker }) }
  }
  // Servers list the newest first, which decides between those of one moment.
  const time = (version: ObjectVersion) => version.LastModified?.getTime() ?? 0
  return [...found.values()]
    .reverse()
    .sort((a, b) => time(a) - time(b))
    .map(version => version.VersionId!)
}

/** Bytes `start` up to, not including, `end`. A reader may take its time; the store may not. */
export async function* readRange(
  s3: S3Clients,
  key: string,
  versionId: string,
  start: number,
  end: number,
): AsyncGenerator<Uint8Array, void, undefined> {
  if (end <= start) return
  const stop = new AbortController()
  let waiting = true
  const clock = setTimeout(() => waiting && stop.abort(), s3.limits.stallMs)
  let missing = end - start
  try {
    const command = new GetObjectCommand({
      ...objectName(s3, key),
      VersionId: versionId,
      Range: `bytes=${start}-${end - 1}`,
    })
    const answer = await s3.patient.send(command, { abortSignal: stop.signal })
    if (answer.ContentLength !== missing) throw new Error('the store answered with another range')
    const chunks = (answer.Body as AsyncIterable<Uint8Array>)[Symbol.asyncIterator]()
    for (;;) {
      waiting = true
      clock.refresh()
      const next = await chunks.next()
      if (next.done) break
      waiting = false
      missing -= next.value.length
      yield next.value
    }
    if (missing !== 0) throw new Error('the store broke off')
  } catch (cause) {
    throw stop.signal.aborted ? new Error('the store stopped sending', { cause }) : cause
  } finally {
    clearTimeout(clock)
    if (missing !== 0) stop.abort()
  }
}
