/** Reads hashes of complete subtrees back from where they were inserted, and builds proofs of them. */
import { and, asc, eq, gte, inArray, lt, or } from 'drizzle-orm'
import type { Db, Tx } from '../db.ts'
import type { Frontier } from './frontier.ts'
import { foldSubtrees, type NodeId, type Span, subtreesOf } from './subtrees.ts'
import { entries, nodes } from './tables.ts'
import { LedgerCorrupt } from './unavailable.ts'

/** In the order asked for. Throws a LedgerCorrupt when one is missing: the caller asks only for what a checkpoint covers. */
export async function readNodes(db: Db | Tx, ids: readonly NodeId[]): Promise<Uint8Array[]> {
  const found = new Map<string, Uint8Array>()
  const leaves = ids.filter(({ level }) => level === 0).map(({ n }) => n)
  if (leaves.length > 0) {
    const rows = await db
      .select({ n: entries.index, hash: entries.leafHash })
      .from(entries)
      .where(inArray(entries.index, leaves))
    for (const { n, hash } of rows) found.set(`0 ${n}`, hash)
  }
  const inner = ids.filter(({ level }) => level > 0)
  if (inner.length > 0) {
    const wanted = inner.map(({ level, n }) => and(eq(nodes.level, level), eq(nodes.n, n)))
    for (const { level, n, hash } of await db
      .select()
      .from(nodes)
      .where(or(...wanted)))
      found.set(`${level} ${n}`, hash)
  }
  return ids.map(({ level, n }) => found.get(`${level} ${n}`) ?? missing(`hash ${n} of level ${level}`))
}

export async function readFrontier(db: Db | Tx, size: number): Promise<Frontier> {
  return { size, hashes: await readNodes(db, subtreesOf({ start: 0, end: size })) }
}

/** The RFC 6962 proof that consists of these spans, in one query for each kind of hash. */
export async function readProof(db: Db | Tx, spans: readonly Span[]): Promise<Uint8Array[]> {
  const parts = spans.map(subtreesOf)
  const hashes = await readNodes(db, parts.flat())
  let at = 0
  return parts.map(part => {
    at += part.length
    return foldSubtrees(hashes.slice(at - part.length, at))
  })
}

/** Hashes [start, end) of one level, in order. Throws a LedgerCorrupt when one is missing. */
export async function readLevel(db: Db | Tx, level: number, { start, end }: Span): Promise<Uint8Array[]> {
  if (level === 0) return (await readEntries(db, { start, end })).map(entry => entry.leafHash)
  const rows = await db
    .select({ hash: nodes.hash })
    .from(nodes)
    .where(and(eq(nodes.level, level), gte(nodes.n, start), lt(nodes.n, end)))
    .orderBy(asc(nodes.n))
  if (rows.length !== end - start) missing(`a hash of level ${level}`)
  return rows.map(row => row.hash)
}

/** Entries [start, end) in order. Throws a LedgerCorrupt when one is missing. */
export async function readEntries(
  db: Db | Tx,
  { start, end }: Span,
): Promise<{ index: number; bytes: Uint8Array; leafHash: Uint8Array }[]> {
  const rows = await db
    .select({ index: entries.index, bytes: entries.bytes, leafHash: entries.leafHash })
    .from(entries)
    .where(and(gte(entries.index, start), lt(entries.index, end)))
    .orderBy(asc(entries.index))
  if (rows.length !== end - start) missing(`one of the entries ${start} to ${end - 1}`)
  return rows
}

function missing(what: string): never {
  throw new LedgerCorrupt(`${what} is missing`)
}
