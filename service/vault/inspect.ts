/**
 * The rolling look at what is stored: every object is there, locked and held as its row says, and, a part of them each time, read again
 * whole. Ciphertext only; nothing is opened. What cannot be asked now is left for the next time, and keeps nobody else waiting.
 */
import { createHash } from 'node:crypto'
import { and, asc, eq, gt, isNotNull, isNull, lt, or, sql } from 'drizzle-orm'
import { concurrently } from '../concurrently.ts'
import type { Tx } from '../db.ts'
import { type Parts, reach } from './settle.ts'
import { type ObjectFault, type ObjectRow, objects } from './tables.ts'

/** Questions to the store that wait for its answers together. */
const atOnce = 8
const batch = 500

export interface Inspection {
  readonly inspected: number
  /** Could not be asked; the first error. */
  readonly unreached: number
  readonly error: unknown
}

export interface InspectOptions {
  readonly now: Date
  /** Those last looked at before this. */
  readonly before: Date
  /** Hears of each fault that was not known; the row says so once `note` has committed it together with what else is written then. */
  readonly onFault: (fault: Fault) => Promise<void>
}

export interface Fault {
  readonly clipRef: string
  readonly what: ObjectFault
  note(tx: Tx): Promise<void>
}

/** Asks after every object that is due. */
export async function inspect(parts: Parts, { now, before, onFault }: InspectOptions): Promise<Inspection> {
  let [inspected, unreached, error] = [0, 0, undefined as unknown]
  for (let after = ''; ; ) {
    const due = await parts.db
      .select()
      .from(objects)
      .where(and(living, gt(objects.objectId, after), or(isNull(objects.inspectedAt), lt(objects.inspectedAt, before))))
      .orderBy(asc(objects.objectId))
      .limit(batch)
    const last = due.at(-1)
    if (!last) return { inspected, unreached, error }
    after = last.objectId
    await concurrently(due, atOnce, async row => {
      try {
        await tell(parts, row, await faultOf(parts, row, now), onFault, { inspectedAt: now })
        inspected++
      } catch (cause) {
        unreached++
        error ??= cause
      }
    })
  }
}

export interface Rereading extends Inspection {
  readonly bytes: number
}

/** Reads ciphertext again, the longest not read first, until it was `mostBytes` or more. */
export async function reread(
  parts: Parts,
  { now, before, mostBytes, onFault }: InspectOptions & { mostBytes: number },
): Promise<Rereading> {
  let [inspected, unreached, bytes, error] = [0, 0, 0, undefined as unknown]
  while (bytes < mostBytes) {
    const [row] = await parts.db
      .select()
      .from(objects)
      .where(and(living, or(isNull(objects.rereadAt), lt(objects.rereadAt, before))))
      .orderBy(sql`${objects.rereadAt} asc nulls first`, asc(objects.objectId))
      .limit(1)
    if (!row) break
    // Marked before it is read: one that cannot be read is not the first again at once.
    await parts.db.update(objects).set({ rereadAt: now }).where(eq(objects.objectId, row.objectId))
    try {
      const fault = (await faultOf(parts, row, now)) ?? (await faultInside(parts, row, now))
      await tell(parts, row, fault, onFault, fault ? {} : { fault: null })
      inspected++
      bytes += row.sealedLen
    } catch (cause) {
      unreached++
      error ??= cause
      // A store that is away is not asked for the next one.
      if (unreached === atOnce) break
    }
  }
  return { inspected, unreached, bytes, error }
}

const living = and(isNotNull(objects.storedAt), isNull(objects.disposedAt))

/** What a question can find, and therefore find mended. */
const visible: readonly (ObjectFault | null)[] = ['missing', 'unlocked', 'released']

async function tell(
  { db }: Parts,
  row: ObjectRow,
  what: ObjectFault | undefined,
  onFault: InspectOptions['onFault'],
  looked: Partial<ObjectRow>,
): Promise<void> {
  const mended = !what && visible.includes(row.fault) ? { fault: null } : {}
  const change = { ...mended, ...looked }
  const own = eq(objects.objectId, row.objectId)
  if (Object.keys(change).length > 0) await db.update(objects).set(change).where(own)
  if (!what || what === row.fault) return
  const [current] = await db.select({ at: objects.disposedAt }).from(objects).where(own)
  // A disposal may have come between the list and the look.
  if (!current || current.at !== null) return
  await onFault({
    clipRef: row.clipRef,
    what,
    // From now on the row says what the store says, so that the next sweep of the locks mends it.
    note: async tx =>
      void (await tx
        .update(objects)
        .set({ fault: what, ...actual(row, what) })
        .where(own)),
  })
}

function actual({ storedAt }: ObjectRow, what: ObjectFault): Partial<ObjectRow> {
  if (what === 'unlocked') return { retainUntil: storedAt! }
  return what === 'released' ? { held: false } : {}
}

async function faultOf(parts: Parts, row: ObjectRow, now: Date): Promise<ObjectFault | undefined> {
  const { region, objectKey, versionId, sealedSha256, sealedLen, retainUntil } = row
  const version = await reach(parts.objects.head(region, objectKey, versionId!))
  if (!version) return 'missing'
  if (version.sha256 !== sealedSha256 || version.len !== sealedLen) return 'changed'
  const unlocked = version.retainUntil === undefined || version.retainUntil < retainUntil
  if (unlocked && retainUntil > now) return 'unlocked'
  return row.held && !version.held ? 'released' : undefined
}

/** Bytes that fail to come twice, of an object that the store says is there, are lost ones. */
async function faultInside(parts: Parts, row: ObjectRow, now: Date): Promise<ObjectFault | undefined> {
  const digest = await digestOf(parts, row).catch(() => digestOf(parts, row).catch(() => undefined))
  if (digest === row.sealedSha256) return undefined
  if (digest !== undefined) return 'changed'
  return (await faultOf(parts, row, now)) ?? 'unreadable'
}

async function digestOf(
  parts: Parts,
  { region, objectKey, versionId, sealedLen }: ObjectRow,
): Promise<string | undefined> {
  const hash = createHash('sha256')
  for await (const chunk of parts.objects.get(region, objectKey, versionId!, 0, sealedLen)) hash.update(chunk)
  return hash.digest('hex')
}
