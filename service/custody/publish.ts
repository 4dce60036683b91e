/** Signs the tree's head: what was written is read back and hashed again before a signature vouches for it. */
import { desc, eq } from 'drizzle-orm'
import type { Db, Tx } from '../db.ts'
import { type Checkpoint, formatCheckpoint, parseCheckpoint } from './checkpoint.ts'
import { equal } from './encoding.ts'
import { extend, rootOf } from './frontier.ts'
import { readEntries, readFrontier } from './hashes.ts'
import { type NoteSigner, openNote, signNote } from './note.ts'
import { checkpoints, head } from './tables.ts'
import { emptyRoot, leafHash } from './tree.ts'
import { LedgerCorrupt } from './unavailable.ts'

export interface PublishOptions {
  readonly db: Db
  readonly origin: string
  readonly signer: NoteSigner
}

export interface SignedCheckpoint extends Checkpoint {
  readonly note: string
}

/** One state of the database, however many replicas write meanwhile. */
export const snapshot = { isolationLevel: 'repeatable read', accessMode: 'read only' } as const

/**
 * Makes the newest checkpoint cover the head, and returns one that covers it. A crash before the insert leaves entries without a
 * checkpoint: the next call, or start-up, signs them. Throws a LedgerCorrupt when re-reading does not give what the head says.
 */
export async function publishHead(options: PublishOptions): Promise<SignedCheckpoint> {
  const { signed, size, root } = await options.db.transaction(tx => rereadHead(tx, options), snapshot)
  if (signed && signed.size === size) return signed
  const note = await signNote(formatCheckpoint({ origin: options.origin, size, root }), options.signer)
  await options.db.insert(checkpoints).values({ size, note }).onConflictDoNothing()
  // Read back, since another replica may have signed the same size first: what counts is what is stored.
  const [stored] = await options.db.select().from(checkpoints).where(eq(checkpoints.size, size))
  if (!stored) throw new LedgerCorrupt(`the checkpoint of size ${size} is gone`)
  const checkpoint = openStored(stored.note, options)
  if (!equal(checkpoint.root, root)) throw new LedgerCorrupt(`size ${size} was signed with another root`)
  return checkpoint
}

/** The newest stored checkpoint, its signature checked; undefined in a database that never had one. */
export async function newestCheckpoint(db: Db | Tx, options: PublishOptions): Promise<SignedCheckpoint | undefined> {
  const [row] = await db.select().from(checkpoints).orderBy(desc(checkpoints.size)).limit(1)
  return row && openStored(row.note, options)
}

/** Starting from the last signed head, so that whatever is signed next is consistent with it by construction. */
async function rereadHead(
  tx: Tx,
  options: PublishOptions,
): Promise<{ signed?: SignedCheckpoint; size: number; root: Uint8Array }> {
  const [row] = await tx.select().from(head)
  if (!row) throw new LedgerCorrupt('the head row is gone')
  const signed = await newestCheckpoint(tx, options)
  const start = signed?.size ?? 0
  if (row.size < start) throw new LedgerCorrupt(`the head is behind the checkpoint of size ${start}`)
  const before = await readFrontier(tx, start)
  if (!equal(rootOf(before), signed?.root ?? emptyRoot))
    throw new LedgerCorrupt(`the tree of size ${start} is not the one that was signed`)
  const added = await readEntries(tx, { start, end: row.size })
  const leaves = added.map(entry => leafHash(entry.bytes))
  if (!added.every((entry, i) => equal(entry.leafHash, leaves[i]!)))
    throw new LedgerCorrupt('an entry does not have its own leaf hash')
  const root = rootOf(extend(before, leaves).frontier)
  if (!equal(root, row.root)) throw new LedgerCorrupt(`the entries do not hash to the root of size ${row.size}`)
  return { ...(signed && { signed }), size: row.size, root }
}

function openStored(note: string, { origin, signer }: PublishOptions): SignedCheckpoint {
  try {
    const checkpoint = parseCheckpoint(openNote(note, [signer]).text)
    if (checkpoint.origin !== origin) throw new Error(`it is of the log ${checkpoint.origin}`)
    return { ...checkpoint, note }
  } catch (error) {
    throw new LedgerCorrupt(
      `the stored checkpoint is not this ledger's: ${error instanceof Error ? error.message : error}`,
      { cause: error },
    )
  }
}
