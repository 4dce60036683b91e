/** Where the objects of a workbench lie: versitygw where the engines' run offers it, else a folder. Either can be meddled with on its disk. */
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { storesByRegion } from '../../service/vault/by-region.ts'
import { openFolderStore } from '../../service/vault/folder-store.ts'
import type { ObjectStore } from '../../service/vault/object-store.ts'
import { openS3Store } from '../../service/vault/s3-store.ts'
import { freshBucket, s3Servers, versionsIn } from '../engines/buckets.ts'

export interface Place {
  readonly objects: ObjectStore
  /** Names of all that is stored, versions of one key included. */
  names(): Promise<string[]>
  /** The file on the server's disk that holds the bytes of a key. */
  file(region: string, key: string): Promise<string>
}

const regions = ['local', 'elsewhere']

export async function openPlace(folder: string): Promise<Place> {
  return s3Servers.versitygw ? await onVersitygw(s3Servers.versitygw) : await inFolder(join(folder, 'objects'))
}

async function inFolder(root: string): Promise<Place> {
  const folder = join(root, 'objects')
  return {
    objects: await openFolderStore(root),
    names: async () => (await readdir(folder, { recursive: true })).filter(name => name.endsWith('.sealed')),
    async file(region, key) {
      const home = join(folder, region, key.slice(0, 2), key)
      return join(home, (await readdir(home)).find(name => name.endsWith('.sealed'))!)
    },
  }
}

async function onVersitygw(server: NonNullable<typeof s3Servers.versitygw>): Promise<Place> {
  const buckets = new Map(
    await Promise.all(regions.map(async r => [r, await freshBucket(server, { region: r })] as const)),
  )
  const stores = await Promise.all(
    [...buckets].map(async ([region, bucket]) => [region, await openS3Store(bucket)] as const),
  )
  return {
    objects: storesByRegion(new Map(stores)),
    async names() {
      const found = await Promise.all([...buckets.values()].map(versionsIn))
      return found.flat().map(version => `${version.Key}?${version.VersionId}`)
    },
    file: async (region, key) => join(server.folder!, buckets.get(region)!.bucket, 'sealed', region, key),
  }
}
