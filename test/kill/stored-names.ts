import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { ListObjectVersionsCommand, S3Client } from '@aws-sdk/client-s3'
import type { Config } from '../../service/config.ts'

/** `<key> <version id>` of everything in the store of the only region, read past the service. */
export async function storedNames(config: Config): Promise<string[]> {
  const { bucket, s3Endpoint, awsRegion } = config.onlyRegion
  if (bucket === undefined) return await inFolder(join(config.dataDir, 'objects', 'objects', config.region))
  const client = new S3Client({ endpoint: s3Endpoint!, region: awsRegion!, forcePathStyle: true })
  const found: string[] = []
  for (let seam: { KeyMarker?: string; VersionIdMarker?: string } | undefined = {}; seam; ) {
    const page: Awaited<ReturnType<typeof list>> = await list(client, bucket, seam)
    for (const { Key, VersionId } of page.Versions ?? []) found.push(`${Key!.split('/').at(-1)} ${VersionId}`)
    seam = page.IsTruncated ? { KeyMarker: page.NextKeyMarker!, VersionIdMarker: page.NextVersionIdMarker! } : undefined
  }
  client.destroy()
  // versitygw repeats a row where two pages meet.
  return [...new Set(found)]
}

const list = (client: S3Client, Bucket: string, seam: object) =>
  client.send(new ListObjectVersionsCommand({ Bucket, ...seam }))

async function inFolder(folder: string): Promise<string[]> {
  const all = await readdir(folder, { recursive: true }).catch(() => [])
  return all.flatMap(name => {
    const [, key, digest] = /^[^/]+\/([^/]+)\/([0-9a-f]{64})\.sealed$/.exec(name) ?? []
    return key ? [`${key} ${digest}`] : []
  })
}
