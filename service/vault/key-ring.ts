/** The key file as bytes on the disk: read, made, and replaced in one step, so that a reader sees the one before or the one after. */
import { randomBytes } from 'node:crypto'
import { link, open, readdir, rename, rm, stat } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { z } from 'zod'
import { createFile, isErrno, makeFolder, syncFolder } from './durable.ts'

export const wrappingIdLen = 8
const format = 'custos-keys/v1'
const Key = z
  .base64()
  .transform(text => Buffer.from(text, 'base64'))
  .refine(key => key.length === 32, 'a key has 32 bytes')
const Ring = z.strictObject({
  v: z.literal(format),
  reference: Key,
  wrapping: z
    .array(z.strictObject({ id: z.string().regex(/^[0-9a-f]{16}$/), key: Key, since: z.iso.datetime().optional() }))
    .min(1)
    .refine(keys => new Set(keys.map(key => key.id)).size === keys.length, 'two keys bear one id'),
})

/** Wrapping keys oldest first: the last one wraps. `since` is when a rotation made it; the first has none. */
export type KeyRing = z.infer<typeof Ring>

/** The ring, and what changes whenever the file is replaced or written. */
export interface ReadRing {
  readonly ring: KeyRing
  readonly mark: string
}

/** Throws an Error when the file is missing, when others may read it, or when it is no key file. */
export async function readRing(path: string): Promise<ReadRing> {
  const handle = await open(path)
  try {
    const { mode, ino, size, mtimeNs } = await handle.stat({ bigint: true })
    const permissions = Number(mode) & 0o777
    if ((permissions & 0o077) !== 0) {
      throw new Error(
        `the key file is open to others (mode ${permissions.toString(8)}): chmod 600 it, and consider its keys known`,
      )
    }
    const parsed = Ring.safeParse(parseJson(await handle.readFile('utf8')))
    // A parser's own message could quote the file, and the file is keys.
    if (!parsed.success)
      throw new Error(`the key file is no ${format}: ${parsed.error.issues.map(i => i.path.join('.')).join(', ')}`)
    return { ring: parsed.data, mark: `${ino} ${size} ${mtimeNs}` }
  } finally {
    await handle.close()
  }
}

/** The `mark` of what stands there now. Throws when nothing does. */
export async function ringMark(path: string): Promise<string> {
  const { ino, size, mtimeNs } = await stat(path, { bigint: true })
  return `${ino} ${size} ${mtimeNs}`
}

/** Two processes that start together end with one file: the second link fails, and it reads what the first made. */
export async function createRing(path: string): Promise<void> {
  await makeFolder(dirname(path))
  await written(path, { v: format, reference: randomBytes(32), wrapping: [freshWrapping()] }, async draft => {
    await link(draft, path).catch(error => {
      if (!isErrno(error, 'EEXIST')) throw error
    })
  })
}

/** The caller sees to it that nobody else replaces the file between its reading and this. */
export async function replaceRing(path: string, ring: KeyRing): Promise<void> {
  await sweepDrafts(path)
  await written(path, ring, draft => rename(draft, path))
}

/** What a crash left behind holds keys, also those that are to go. */
async function sweepDrafts(path: string): Promise<void> {
  const [folder, name] = [dirname(path), basename(path)]
  for (const entry of await readdir(folder)) {
    const left = entry.startsWith(`${name}.`) && /^[0-9a-f]{12}$/.test(entry.slice(name.length + 1))
    // A young one may be another process's that is just starting.
    if (left && Date.now() - (await stat(join(folder, entry))).mtimeMs > 60_000) await rm(join(folder, entry))
  }
}

export function freshWrapping(): KeyRing['wrapping'][number] {
  return { id: randomBytes(wrappingIdLen).toString('hex'), key: randomBytes(32) }
}

/** A crash before `place` leaves a draft beside the file, mode 0600, which nothing reads and the next replacement removes. */
async function written(path: string, ring: KeyRing, place: (draft: string) => Promise<void>): Promise<void> {
  const content = {
    v: ring.v,
    reference: ring.reference.toString('base64'),
    wrapping: ring.wrapping.map(({ id, key, since }) => ({ id, key: key.toString('base64'), ...(since && { since }) })),
  }
  const draft = `${path}.${randomBytes(6).toString('hex')}`
  try {
    await createFile(draft, 0o600, [Buffer.from(`${JSON.stringify(content, null, 2)}\n`)])
    await place(draft)
  } finally {
    await rm(draft, { force: true })
  }
  await syncFolder(dirname(path))
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
