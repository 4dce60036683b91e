/**
 * A key file gets a newer wrapping key, and loses those that nothing needs any more. Two that replace one file at once would lose a key:
 * the caller sees to it that only one does (Database.exclusive).
 */
import { freshWrapping, type KeyRing, readRing, replaceRing } from './key-ring.ts'

/** Before then a process may hold a key that it wrapped before the rotation and has not committed: a clip of hours, still coming in. */
export const settlingHours = 24

export interface Rotation {
  /** Ids, 16 hex digits. */
  readonly newest: string
  readonly earlier: readonly string[]
}

/** Appends a wrapping key, durable when it returns. Processes that run use it for the next data key they make. */
export async function rotateKeyFile(path: string, now: Date): Promise<Rotation> {
  const { ring } = await readRing(path)
  const fresh = { ...freshWrapping(), since: now.toISOString() }
  await replaceRing(path, { ...ring, wrapping: [...ring.wrapping, fresh] })
  return { newest: fresh.id, earlier: ring.wrapping.map(key => key.id) }
}

export interface Retirement {
  readonly retired: readonly string[]
  /** Earlier keys that stay, and how many rows each still wraps. */
  readonly needed: readonly { readonly id: string; readonly rows: number }[]
}

/** The newest wrapping key is younger than `settlingHours`. */
export class RotationUnsettled extends Error {
  override readonly name = 'RotationUnsettled'
}

/**
 * Removes the earlier wrapping keys that wrap nothing. `rowsUnder` counts what a key wraps; it is asked after the age is known to suffice.
 * Whatever a backup of the tables still holds under a removed key opens no more. Throws RotationUnsettled, unless `alone`: no process runs.
 */
export async function retireKeys(
  path: string,
  rowsUnder: (id: string) => Promise<number>,
  { now, alone = false }: { now: Date; alone?: boolean },
): Promise<Retirement> {
  const { ring } = await readRing(path)
  const earlier = ring.wrapping.slice(0, -1)
  if (earlier.length > 0 && !alone) refuseUnsettled(ring, now)
  const counted = await Promise.all(earlier.map(async ({ id }) => ({ id, rows: await rowsUnder(id) })))
  const needed = counted.filter(({ rows }) => rows > 0)
  const retired = counted.filter(({ rows }) => rows === 0).map(({ id }) => id)
  if (retired.length > 0) {
    await replaceRing(path, { ...ring, wrapping: ring.wrapping.filter(({ id }) => !retired.includes(id)) })
  }
  return { retired, needed }
}

function refuseUnsettled({ wrapping }: KeyRing, now: Date): void {
  const { id, since } = wrapping[wrapping.length - 1]!
  const hours = since === undefined ? Number.POSITIVE_INFINITY : (now.getTime() - Date.parse(since)) / 3_600_000
  if (hours >= settlingHours) return
  throw new RotationUnsettled(
    `the wrapping key ${id} is of ${since}: earlier ones can go ${settlingHours} hours after it, or when no process runs`,
  )
}
