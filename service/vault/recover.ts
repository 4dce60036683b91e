/** After a crash: every intent ends stored or dropped, and no file of a lost acquisition stays. Safe to call at any time. */
import { readdir, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { eq, inArray, isNull } from 'drizzle-orm'
import { ObjectDigestMismatch, ObjectLocked, type StoredVersion } from './object-store.ts'
import { adopt, look, type Parts, putTurn, reach, settle } from './settle.ts'
import { fileBody, spoolPath } from './spool.ts'
import { type ObjectRow, objects } from './tables.ts'
import type { WorkFolders } from './work-folders.ts'

export interface RecoverOptions {
  /**
   * Younger intents and files may be another process's work and are left alone: an hour when not given. A process that has database and
   * scratch folder for itself, as with the embedded engine, gives 0 before it takes in anything.
   */
  readonly staleMs?: number
}

/** Clip references, but for `orphans` (object keys of locked ciphertext that no data key opens) and `waiting` (the store could not be asked). */
export interface Recovery {
  readonly stored: string[]
  readonly dropped: string[]
  readonly waiting: string[]
  readonly orphans: string[]
}

type Place = Parts & { scratchDir: string; folders: WorkFolders }

/** No job takes as long: nothing tells whether another process still works in a folder of its own. */
const longestJobMs = 24 * 60 * 60 * 1000

export async function recover(parts: Place, { staleMs = 60 * 60 * 1000 }: RecoverOptions = {}): Promise<Recovery> {
  const stale = (epochMs: number, afterMs = staleMs) => staleMs === 0 || epochMs < Date.now() - afterMs
  const recovery: Recovery = { stored: [], dropped: [], waiting: [], orphans: [] }
  const pending = await parts.db.select().from(objects).where(isNull(objects.storedAt)).orderBy(objects.createdAt)
  for (const intent of pending) {
    if (!stale(intent.createdAt.getTime())) continue
    try {
      const orphans = await finish(parts, intent)
      recovery[orphans ? 'dropped' : 'stored'].push(intent.clipRef)
      recovery.orphans.push(...(orphans ?? []))
    } catch {
      // The intent and its spool file stay for the next time: a store that is away at start-up must not keep the service down.
      recovery.waiting.push(intent.clipRef)
    }
  }
  await sweep(parts, stale)
  return recovery
}

/**
 * Undefined once the clip is stored, by this intent or by another. Where its bytes are lost, which nobody was told they were not, it is
 * dropped, and the answer is what `clear` could not remove.
 */
async function finish(parts: Place, intent: ObjectRow): Promise<string[] | undefined> {
  const path = spoolPath(parts.scratchDir, intent.objectId)
  if ((await sizeOf(path)) === intent.sealedLen) {
    try {
      await settle(parts, intent, fileBody(path, { len: intent.sealedLen, sha256: intent.sealedSha256 }))
      return undefined
    } catch (error) {
      // A power cut can leave a spool file of the right length with holes in it.
      if (!(error instanceof ObjectDigestMismatch)) throw error
    }
  }
  // The spool file may lie on another host, whose put is still under way: it has the turn until the store has answered.
  return await parts.exclusive(putTurn(intent), () => giveUp(parts, intent))
}

async function giveUp(parts: Place, { objectId, objectKey }: ObjectRow): Promise<string[] | undefined> {
  const [intent] = await parts.db.select().from(objects).where(eq(objects.objectId, objectId))
  if (!intent || intent.storedAt !== null) return undefined
  if (intent.objectKey !== objectKey) throw new Error('its put is under way under another name')
  const { known, strangers } = await look(parts, intent)
  if (!known) return await clear(parts, intent, strangers)
  await adopt(parts, intent, known)
  return undefined
}

/** Drops the intent; of the bytes that stand under its name and belong to no row, removes what is unlocked and names the rest. */
async function clear(parts: Place, intent: ObjectRow, strangers: readonly StoredVersion[]): Promise<string[]> {
  const { region, objectKey } = intent
  const locked: string[] = []
  for (const { versionId } of strangers) {
    await reach(
      parts.objects.remove(region, objectKey, versionId).catch(error => {
        if (!(error instanceof ObjectLocked)) throw error
        locked.push(objectKey)
      }),
    )
  }
  await parts.db.delete(objects).where(eq(objects.objectId, intent.objectId))
  return locked
}

type Stale = (epochMs: number, afterMs?: number) => boolean

/** Sealed files without an intent are of no use: their data key was in memory. Work folders hold plaintext. */
async function sweep({ db, scratchDir, folders }: Place, stale: Stale): Promise<void> {
  const names = (await readdir(scratchDir)).filter(name => /^([0-9a-f]{32}\.sealed|work-\w{6})$/.test(name))
  const ids = names.map(name => name.slice(0, 32))
  const pending = ids.length === 0 ? [] : await db.select().from(objects).where(inArray(objects.objectId, ids))
  const needed = new Set(pending.filter(row => row.storedAt === null).map(row => `${row.objectId}.sealed`))
  for (const name of names.filter(name => !needed.has(name) && !folders.uses(name))) {
    const path = join(scratchDir, name)
    const changed = await stat(path).then(
      s => s.mtimeMs,
      () => undefined,
    )
    const afterMs = name.startsWith('work-') ? longestJobMs : undefined
    if (changed !== undefined && stale(changed, afterMs)) await rm(path, { recursive: true, force: true })
  }
}

async function sizeOf(path: string): Promise<number | undefined> {
  return await stat(path).then(
    s => s.size,
    () => undefined,
  )
}
