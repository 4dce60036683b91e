/** Bytes in the store that no row knows: a put that landed after its intent was given up, or a database restored from before it. */
import { and, eq, inArray, isNull } from 'drizzle-orm'
import { type ListedVersion, ObjectLocked } from './object-store.ts'
import { type Parts, reach } from './settle.ts'
import { objects } from './tables.ts'

export interface StrangersFound {
  readonly removed: number
  /** Their locks have not ended: they go when those do. */
  readonly locked: number
  /** Object keys of the first of them. */
  readonly examples: readonly string[]
}

const batch = 500
const mostExamples = 20

/** Removes those put before `before`. No data key opens them. Throws Problem `unavailable`. */
export async function removeStrangers(parts: Parts, region: string, before: Date): Promise<StrangersFound> {
  const found = { removed: 0, locked: 0, examples: [] as string[] }
  let page: ListedVersion[] = []
  const settle = async () => {
    for (const { key, versionId } of await unknown(parts, region, page)) {
      if (await reach(removed(parts, region, key, versionId))) found.removed++
      else found.locked++
      if (found.examples.length < mostExamples) found.examples.push(key)
    }
    page = []
  }
  for await (const version of reached(parts.objects.list(region))) {
    if (version.putAt < before) page.push(version)
    if (page.length === batch) await settle()
  }
  await settle()
  return found
}

/** A pending intent may be waiting for what stands under its key. */
async function unknown({ db }: Parts, region: string, listed: readonly ListedVersion[]): Promise<ListedVersion[]> {
  if (listed.length === 0) return []
  const keys = [...new Set(listed.map(version => version.key))]
  const rows = await db
    .select({ key: objects.objectKey, versionId: objects.versionId })
    .from(objects)
    .where(and(eq(objects.region, region), inArray(objects.objectKey, keys), isNull(objects.removedAt)))
  return listed.filter(
    ({ key, versionId }) => !rows.some(row => row.key === key && (row.versionId ?? versionId) === versionId),
  )
}

async function removed(parts: Parts, region: string, key: string, versionId: string): Promise<boolean> {
  try {
    await parts.objects.remove(region, key, versionId)
    return true
  } catch (error) {
    if (error instanceof ObjectLocked) return false
    throw error
  }
}

async function* reached<T>(items: AsyncIterable<T>): AsyncGenerator<T> {
  const iterator = items[Symbol.asyncIterator]()
  for (;;) {
    const next = await reach(iterator.next())
    if (next.done) return
    yield next.value
  }
}
