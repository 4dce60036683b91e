/** The ledger's half of appending: one transaction that gives pending acts their index, seq, prev and time. */
import { asc, desc, getTableColumns, inArray, max, sql } from 'drizzle-orm'
import type { Db, Tx } from '../db.ts'
import { equal, toHex } from './encoding.ts'
import { type Entry, encodeEntry } from './entry.ts'
import { extend, type Frontier, packFrontier, rootOf, unpackFrontier } from './frontier.ts'
import { makeRecorded, type Recorded } from './recorded.ts'
import { checkpoints, entries, head, nodes, openings, pending } from './tables.ts'
import { formatTime } from './time.ts'
import { leafHash } from './tree.ts'
import { LedgerCorrupt, LedgerUnavailable } from './unavailable.ts'

export interface SequenceOptions {
  readonly db: Db
  readonly origin: string
  /** Milliseconds since 1970. */
  readonly clock: () => number
  readonly backwardsToleranceMs: number
  readonly batchSize: number
}

/** What identifies an act for good. */
export interface ActKey {
  readonly req: string
  readonly ev: string
}

export interface Sequenced {
  /** The acts of this batch, and those asked for that were numbered before; by `keyOf`. */
  readonly recorded: ReadonlyMap<string, Recorded>
  /** The batch was full, so more may be pending. */
  readonly more: boolean
}

export function keyOf({ req, ev }: ActKey): string {
  return `${req} ${ev}`
}

type Row = typeof entries.$inferInsert
type Pending = typeof pending.$inferSelect

/**
 * Numbers what is pending and looks up `acts`. When it throws, the outcome may be unknown, since a commit's answer can be lost: then the
 * rows are either still pending or already numbered, and the next call finds out which.
 */
export async function sequencePending(options: SequenceOptions, acts: readonly ActKey[]): Promise<Sequenced> {
  return options.db.transaction(async tx => {
    const { frontier, lastMicros } = await lockHead(tx)
    const batch = await tx.select().from(pending).orderBy(asc(pending.id)).limit(options.batchSize)
    const known = await findRecorded(tx, [...batch, ...acts])
    const fresh = batch.filter(row => !known.has(keyOf(row)))
    const rows = await numberRows(tx, fresh, frontier.size, firstMicros(options, lastMicros), options.origin)
    if (rows.length > 0) await insertRows(tx, frontier, rows, fresh)
    const ids = batch.map(row => row.id)
    if (ids.length > 0) await tx.delete(pending).where(inArray(pending.id, ids))
    for (const row of rows) known.set(keyOf(row), toRecorded(row))
    return { recorded: known, more: batch.length === options.batchSize }
  })
}

/** The lock serializes all replicas. Throws a LedgerCorrupt when the head disagrees with itself, the entries or the newest checkpoint. */
async function lockHead(tx: Tx): Promise<{ frontier: Frontier; lastMicros: number }> {
  const [row] = await tx.select().from(head).for('update')
  if (!row) throw new LedgerCorrupt('the head row is gone')
  const [top] = await tx
    .select({ index: max(entries.index), signed: sql`(select max(${checkpoints.size}) from ${checkpoints})` })
    .from(entries)
  const frontier = frontierOf(row.size, row.frontier)
  if (!equal(rootOf(frontier), row.root)) throw new LedgerCorrupt('the head does not have the root that it names')
  if ((top?.index ?? -1) + 1 !== row.size)
    throw new LedgerCorrupt(`the head says ${row.size} entries, the table ends at ${top?.index}`)
  if (Number(top?.signed ?? 0) > row.size)
    throw new LedgerCorrupt(`the head is behind the checkpoint of size ${top?.signed}`)
  return { frontier, lastMicros: row.lastMicros }
}

/** Time must rise, so a clock that went back too far would make the ledger lie about when; a small step is bridged by microseconds. */
function firstMicros({ clock, backwardsToleranceMs }: SequenceOptions, lastMicros: number): number {
  const now = Math.floor(clock() * 1000)
  if (now < lastMicros - backwardsToleranceMs * 1000) {
    throw new LedgerUnavailable(`the clock stands ${(lastMicros - now) / 1000} ms before the newest entry`)
  }
  return Math.max(now, lastMicros + 1)
}

async function numberRows(
  tx: Tx,
  batch: readonly Pending[],
  size: number,
  micros: number,
  origin: string,
): Promise<Row[]> {
  const ends = await chainEnds(tx, batch)
  return batch.map(({ chain, req, ev, blind, commitments }, i) => {
    const end = ends.get(chain)
    const seq = (end?.seq ?? 0) + 1
    const prev = end && { prev: { i: end.index, h: toHex(end.leafHash) } }
    const c = JSON.parse(commitments) as Entry['c']
    const bytes = encodeEntry({ log: origin, chain, seq, ...prev, t: formatTime(micros + i), req, blind, c })
    const row = { index: size + i, chain, seq, req, ev, micros: micros + i, leafHash: leafHash(bytes), bytes }
    ends.set(chain, row)
    return row
  })
}

async function chainEnds(
  tx: Tx,
  batch: readonly Pending[],
): Promise<Map<string, Pick<Row, 'index' | 'seq' | 'leafHash'>>> {
  const chains = [...new Set(batch.map(row => row.chain))]
  if (chains.length === 0) return new Map()
  const rows = await tx
    .selectDistinctOn([entries.chain], {
      chain: entries.chain,
      index: entries.index,
      seq: entries.seq,
      leafHash: entries.leafHash,
    })
    .from(entries)
    .where(inArray(entries.chain, chains))
    .orderBy(entries.chain, desc(entries.seq))
  return new Map(rows.map(row => [row.chain, row]))
}

async function insertRows(tx: Tx, before: Frontier, rows: Row[], batch: readonly Pending[]): Promise<void> {
  const { frontier, completed } = extend(
    before,
    rows.map(row => row.leafHash),
  )
  await tx.insert(entries).values(rows)
  if (completed.length > 0) await tx.insert(nodes).values(completed)
  await tx.insert(openings).values(
    batch.flatMap(({ chain, sealed, person, sealedPerson }, i) => {
      const { index } = rows[i]!
      return [
        { index, subject: chain, sealed },
        { index, subject: person, sealed: sealedPerson },
      ]
    }),
  )
  const { micros } = rows.at(-1)!
  await tx
    .update(head)
    .set({ size: frontier.size, root: rootOf(frontier), frontier: packFrontier(frontier), lastMicros: micros })
}

async function findRecorded(tx: Tx, acts: readonly ActKey[]): Promise<Map<string, Recorded>> {
  const reqs = [...new Set(acts.map(act => act.req))]
  if (reqs.length === 0) return new Map()
  const { bytes: _, ...columns } = getTableColumns(entries)
  const rows = await tx.select(columns).from(entries).where(inArray(entries.req, reqs))
  return new Map(rows.map(row => [keyOf(row), toRecorded(row)]))
}

function frontierOf(size: number, bytes: Uint8Array): Frontier {
  try {
    return unpackFrontier(size, bytes)
  } catch (error) {
    throw new LedgerCorrupt('the head is not of its own size', { cause: error })
  }
}

function toRecorded(row: Omit<Row, 'bytes'>): Recorded {
  const { index, chain, seq, req, ev, micros, leafHash } = row
  return makeRecorded({ index, chain, seq, leafHash: toHex(leafHash), time: formatTime(micros), req, ev })
}
