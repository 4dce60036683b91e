/** Writes the log as files in the C2SP tlog-tiles layout, so that it can be served, copied and verified without this service. */
import { mkdir, readFile, rename, stat, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { Db } from '../db.ts'
import { type Checkpoint, parseCheckpoint } from './checkpoint.ts'
import { openNote, type VerifierKey } from './note.ts'
import type { SignedCheckpoint } from './publish.ts'
import { proveConsistency, readBundle, readTile } from './read.ts'
import { entriesPath, tileLevels, tilePath, tilesOf, tileWidth } from './tiles.ts'

export interface ExportOptions {
  readonly db: Db
  readonly key: VerifierKey
  /** The vkey text, written as `key`. */
  readonly verifierKey: string
}

/**
 * Writes `key`, all tiles and entry bundles of `at`, and last `checkpoint`, so that at every moment the folder holds what its checkpoint
 * needs. Full tiles that are there already are kept. Refuses a folder whose checkpoint is not a past of this log.
 */
export async function exportLog(
  dir: string,
  at: SignedCheckpoint,
  { db, key, verifierKey }: ExportOptions,
): Promise<void> {
  const before = await storedCheckpoint(join(dir, 'checkpoint'), key)
  if (before && before.size > at.size) throw new Error(`the folder holds a newer checkpoint, of size ${before.size}`)
  if (before) await proveConsistency(db, before.size, before.root, at)
  await write(join(dir, 'key'), `${verifierKey}\n`)
  for (let level = 0; level < tileLevels(at.size); level++) {
    for (const tile of tilesOf(level, at.size)) {
      await writeTile(join(dir, tilePath(level, tile)), tile.width, () =>
        readTile(db, level, tile.n, tile.width, at.size),
      )
    }
  }
  for (const tile of tilesOf(0, at.size)) {
    await writeTile(join(dir, entriesPath(tile)), tile.width, () => readBundle(db, tile.n, tile.width, at.size))
  }
  await write(join(dir, 'checkpoint'), at.note)
}

async function writeTile(path: string, width: number, read: () => Promise<Uint8Array | undefined>): Promise<void> {
  if (width === tileWidth && (await exists(path))) return
  await write(path, (await read())!)
}

/** Renamed into place, so that a file is whole or absent. */
async function write(path: string, content: Uint8Array | string): Promise<void> {
  await mkdir(dirname(path), { recursive: true })
  await writeFile(`${path}.tmp`, content)
  await rename(`${path}.tmp`, path)
}

async function storedCheckpoint(path: string, key: VerifierKey): Promise<Checkpoint | undefined> {
  return (await exists(path)) ? parseCheckpoint(openNote(await readFile(path, 'utf8'), [key]).text) : undefined
}

async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    error => (error.code === 'ENOENT' ? false : Promise.reject(error)),
  )
}
