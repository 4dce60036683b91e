/** Idempotency-Key (draft-ietf-httpapi-idempotency-key-header): a retried POST acts once and is answered alike. */
import { createHash } from 'node:crypto'
import { and, eq } from 'drizzle-orm'
import type { Db, Tx } from '../db.ts'
import { Problem } from './problem.ts'
import { idempotencyKeys } from './tables.ts'

export interface Attempt {
  readonly subject: string
  /** Undefined when the client sent none: then every call is an act of its own. */
  readonly key: string | undefined
  readonly operation: string
}

/** A key is the person's own: the same one from somebody else is another. */
export function attemptOf(
  { organisation, subject }: { readonly organisation: string; readonly subject: string },
  key: string | undefined,
  operation: string,
): Attempt {
  return { subject: `${organisation}/${subject}`, key, operation }
}

export function fingerprint(...parts: string[]): string {
  return createHash('sha256').update(JSON.stringify(parts)).digest('hex')
}

/** The resource that this key already made, if any. Throws `idempotency-key-reused` when it was made by another request. */
export async function recall(db: Db | Tx, attempt: Attempt, print: string): Promise<string | undefined> {
  const found = await lookUp(db, attempt)
  if (found && (found.operation !== attempt.operation || found.fingerprint !== print)) {
    throw new Problem('idempotency-key-reused')
  }
  return found?.resource
}

/** True when the key is taken, whatever by: a streamed body must be read to its end before `recall` can compare. */
export async function isKnown(db: Db, attempt: Attempt): Promise<boolean> {
  return (await lookUp(db, attempt)) !== undefined
}

/** Binds the key in the act's own transaction. Throws `KeyTaken` when a twin was faster: roll back, then `recall`. */
export async function remember(tx: Tx, attempt: Attempt, print: string, resource: string): Promise<void> {
  if (attempt.key === undefined) return
  const bound = await tx
    .insert(idempotencyKeys)
    .values({ subject: attempt.subject, key: attempt.key, operation: attempt.operation, fingerprint: print, resource })
    .onConflictDoNothing()
    .returning({ key: idempotencyKeys.key })
  if (bound.length === 0) throw new KeyTaken()
}

export class KeyTaken extends Error {}

async function lookUp(db: Db | Tx, { subject, key }: Attempt) {
  if (key === undefined) return undefined
  const [row] = await db
    .select()
    .from(idempotencyKeys)
    .where(and(eq(idempotencyKeys.subject, subject), eq(idempotencyKeys.key, key)))
  return row
}

/**
 * Runs an act once per key: recalls it, or does it, or recalls what a faster twin did. `act` must `remember` in its transaction. A twin that is
 * overtaken meets the state that the other left behind, as a conflict; that too is answered with what the other did.
 */
export async function once(
  db: Db,
  attempt: Attempt,
  print: string,
  act: (bind: (tx: Tx, resource: string) => Promise<void>) => Promise<string>,
): Promise<{ resource: string; repeated: boolean }> {
  const known = await recall(db, attempt, print)
  if (known !== undefined) return { resource: known, repeated: true }
  try {
    return { resource: await act((tx, resource) => remember(tx, attempt, print, resource)), repeated: false }
  } catch (error) {
    const overtaken = error instanceof KeyTaken || (error instanceof Problem && error.type === 'conflict')
    const made = overtaken ? await recall(db, attempt, print) : undefined
    if (made === undefined) throw error
    return { resource: made, repeated: true }
  }
}
