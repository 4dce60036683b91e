/** An exhibit's chain as this service reads it: entries in order, with what can still be opened. */
import { asc, eq, inArray } from 'drizzle-orm'
import type { Db } from '../db.ts'
import { parseCanonical } from './canonical.ts'
import { checkOpening, type Opening } from './commitment.ts'
import { equal, toHex } from './encoding.ts'
import { parseEntry } from './entry.ts'
import type { SignedCheckpoint } from './publish.ts'
import { proveInclusion } from './read.ts'
import { maxSealedBytes, type OpeningCipher } from './stage.ts'
import { entries, openings } from './tables.ts'
import { leafHash as hashOf } from './tree.ts'
import { LedgerCorrupt } from './unavailable.ts'
import type { ProvenEntry } from './verify-chain.ts'

export interface LedgerEntry {
  /** Global index, from 0. */
  readonly index: number
  /** Canonical JSON. */
  readonly bytes: Uint8Array
  /** RFC 6962 leaf hash, lowercase hex. */
  readonly leafHash: string
  /** One for each field whose key still exists. */
  readonly openings: readonly Opening[]
}

/** What `verifyChain` takes. */
export interface ChainBundle {
  /** Signed note. */
  readonly checkpoint: string
  readonly entries: readonly ProvenEntry[]
  readonly openings: readonly Opening[]
}

export interface BundleOptions {
  /** Which openings the recipient may see; left out, none. */
  readonly opening?: (opening: Opening) => boolean
}

/** In seq order; empty for a chain that does not exist. Throws a LedgerCorrupt for an opening that does not fit its entry. */
export async function readChain(db: Db, cipher: OpeningCipher, chain: string): Promise<LedgerEntry[]> {
  const rows = await db.select().from(entries).where(eq(entries.chain, chain)).orderBy(asc(entries.seq))
  if (rows.length === 0) return []
  const indices = rows.map(row => row.index)
  const opened = new Map<number, Opening[]>(indices.map(index => [index, []]))
  for (const row of await db
    .select()
    .from(openings)
    .where(inArray(openings.index, indices))
    .orderBy(asc(openings.index), asc(openings.subject))) {
    opened.get(row.index)!.push(...(await openSealed(db, cipher, row)))
  }
  return rows.map(({ index, bytes, leafHash }) => {
    const entry = parseEntry(bytes)
    const fitting = opened.get(index)!
    if (!equal(hashOf(bytes), leafHash)) throw new LedgerCorrupt(`entry ${index} does not have its own leaf hash`)
    if (!fitting.every(opening => checkOpening(entry, opening))) {
      throw new LedgerCorrupt(`an opening of entry ${index} does not fit it`)
    }
    return { index, bytes, leafHash: toHex(leafHash), openings: fitting }
  })
}

export async function bundleChain(
  db: Db,
  chain: readonly LedgerEntry[],
  at: SignedCheckpoint,
  options: BundleOptions,
): Promise<ChainBundle> {
  const covered = chain.filter(entry => entry.index < at.size)
  const proven: ProvenEntry[] = []
  for (const { index, bytes } of covered) proven.push({ index, bytes, proof: await proveInclusion(db, index, at) })
  const shown = covered.flatMap(entry => entry.openings).filter(options.opening ?? (() => false))
  return { checkpoint: at.note, entries: proven, openings: shown }
}

async function openSealed(
  db: Db,
  cipher: OpeningCipher,
  { index, subject, sealed }: typeof openings.$inferSelect,
): Promise<Opening[]> {
  const plaintext = await cipher.open(db, subject, sealed)
  if (!plaintext) return []
  const opened = parseCanonical(plaintext, maxSealedBytes) as Omit<Opening, 'index'>[]
  return opened.map(each => ({ index, ...each }))
}
