/**
 * An ObjectStore in a folder: `<region>/<first two>/<key>/` holds `<sha256>.sealed` (0444) and an empty `locked-until-<epoch seconds>`.
 * The three appear together, by the rename of a finished folder, which fails where one stands: nothing is ever overwritten or half there.
 * A legal hold is an empty `held` beside them. Lock and hold bind this service, not the owner of the disk.
 */
import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { access, constants, readdir, rename, rm, stat } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { createFile, isErrno, makeFolder, syncFolder } from './durable.ts'
import {
  type ObjectBody,
  ObjectDigestMismatch,
  ObjectExists,
  ObjectLocked,
  type ObjectStore,
  type StoredVersion,
  StoreUnfit,
} from './object-store.ts'

const lockName = /^locked-until-(\d{1,12})$/
const sealedName = /^([0-9a-f]{64})\.sealed$/
const heldName = 'held'
const draftStaleMs = 24 * 60 * 60 * 1000

/** `now` gives the store's clock in epoch milliseconds. The version id of an object is its SHA-256. */
export async function openFolderStore(root: string, now: () => number = Date.now): Promise<ObjectStore> {
  const drafts = join(root, 'drafts')
  await makeFolder(drafts)
  await sweep(drafts, now() - draftStaleMs)
  const home = (region: string, key: string) => join(root, 'objects', named(region), named(key).slice(0, 2), key)
  const file = (region: string, key: string, sha256: string) => join(home(region, key), `${named(sha256)}.sealed`)

  const store: ObjectStore = {
    async put(region, key, body, retainUntil) {
      const folder = home(region, key)
      if ((await store.versions(region, key)).length > 0) throw new ObjectExists(key)
      // Sealed bytes are unique, so a draft under this name is what a crash left of this same put.
      const draft = join(drafts, named(body.sha256))
      await rm(draft, { recursive: true, force: true })
      try {
        await makeFolder(draft)
        await createFile(join(draft, `${body.sha256}.sealed`), 0o444, checked(body))
        await addLock(draft, retainUntil)
        await makeFolder(dirname(folder))
        await rename(draft, folder)
      } catch (error) {
        await rm(draft, { recursive: true, force: true })
        throw isErrno(error, 'EEXIST', 'ENOTEMPTY') ? new ObjectExists(key) : error
      }
      await syncFolder(dirname(folder))
    },

    async versions(region, key) {
      const names = await readdir(home(region, key)).catch(absent)
      const digests = (names ?? []).flatMap(name => sealedName.exec(name)?.[1] ?? [])
      const found = await Promise.all(digests.map(sha256 => store.head(region, key, sha256)))
      return found.filter(version => version !== undefined)
    },

    async *list(region) {
      const shelf = join(root, 'objects', named(region))
      const names = await readdir(shelf, { recursive: true }).catch(absent)
      for (const name of names ?? []) {
        const versionId = sealedName.exec(basename(name))?.[1]
        const file = versionId && (await stat(join(shelf, name)).catch(absent))
        if (file) yield { key: basename(dirname(name)), versionId, putAt: file.mtime }
      }
    },

    async head(region, key, versionId): Promise<StoredVersion | undefined> {
      const size = await stat(file(region, key, versionId)).catch(absent)
      const names = await readdir(home(region, key)).catch(absent)
      if (!size || !names) return undefined
      const until = Math.max(...lockSeconds(names), 0)
      return {
        versionId,
        len: size.size,
        sha256: versionId,
        retainUntil: until > 0 ? new Date(until * 1000) : undefined,
        held: names.includes(heldName),
      }
    },

    async *get(region, key, versionId, start, end) {
      // Node's `end` is inclusive, so an empty range has no form.
      if (end > start)
        yield* createReadStream(file(region, key, versionId), { start, end: end - 1, highWaterMark: 1 << 18 })
    },

    async extend(region, key, _versionId, retainUntil) {
      const folder = home(region, key)
      await addLock(folder, retainUntil)
      const known = lockSeconds(await readdir(folder))
      // The latest counts, so the earlier ones may go at any time, or stay after a crash.
      for (const seconds of known)
        if (seconds < Math.max(...known)) await rm(join(folder, `locked-until-${seconds}`), { force: true })
    },

    async hold(region, key, _versionId, held) {
      if (held) return await addMark(home(region, key), heldName)
      await rm(join(home(region, key), heldName), { force: true })
      await syncFolder(home(region, key))
    },

    async remove(region, key, versionId) {
      const version = await store.head(region, key, versionId)
      if (!version) return
      if (version.held || (version.retainUntil && now() < version.retainUntil.getTime())) throw new ObjectLocked(key)
      const grave = join(drafts, `removed-${versionId}`)
      await rename(home(region, key), grave)
      await syncFolder(dirname(home(region, key)))
      await rm(grave, { recursive: true, force: true })
    },

    async check(region) {
      named(region)
      await access(drafts, constants.W_OK | constants.X_OK).catch(cause => {
        throw new StoreUnfit(`cannot write in ${drafts}: give it to the account that runs this service`, { cause })
      })
      return { says: `folder ${root}, where locks and holds bind this service alone`, clockSkewMs: now() - Date.now() }
    },
  }
  return store
}

async function* checked(body: ObjectBody): AsyncGenerator<Uint8Array> {
  const hash = createHash('sha256')
  let missing = body.len
  for await (const chunk of body.open()) {
    missing -= chunk.length
    hash.update(chunk)
    yield chunk
  }
  if (missing !== 0 || hash.digest('hex') !== body.sha256) throw new ObjectDigestMismatch()
}

/** Each lock is a file of its own, so that two that are set at once leave the later one, and a crash leaves one. */
async function addLock(folder: string, retainUntil: Date): Promise<void> {
  await addMark(folder, `locked-until-${Math.ceil(retainUntil.getTime() / 1000)}`)
}

async function addMark(folder: string, name: string): Promise<void> {
  await createFile(join(folder, name), 0o444, []).catch(error => {
    if (!isErrno(error, 'EEXIST')) throw error
  })
  await syncFolder(folder)
}

function lockSeconds(names: readonly string[]): number[] {
  return names.flatMap(name => lockName.exec(name)?.[1] ?? []).map(Number)
}

/** Regions, keys and digests become names in a folder: nothing else gets through. */
function named(name: string): string {
  if (!/^[a-z0-9][a-z0-9.-]{0,99}$/.test(name)) throw new TypeError('this cannot name an object')
  return name
}

function absent(error: unknown): undefined {
  if (!isErrno(error, 'ENOENT', 'ENOTDIR')) throw error
}

/** What a crash left half written, once nobody can be writing it any more. */
async function sweep(drafts: string, before: number): Promise<void> {
  for (const name of await readdir(drafts)) {
    const draft = join(drafts, name)
    if (((await stat(draft).catch(absent))?.mtimeMs ?? before) < before)
      await rm(draft, { recursive: true, force: true })
  }
}
