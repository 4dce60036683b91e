/** The chain as a package carries it. What cannot be read is left empty here: `bag-complete` and the chain's own checks say so. */
import { z } from 'zod'
import { runCheck } from './check.ts'
import type { Checkpoint } from './checkpoint.ts'
import { fields, type Opening } from './commitment.ts'
import { deriveConsistency } from './derive-consistency.ts'
import { canonicalAt, type Files, refuted, textAt } from './package-check.ts'
import { indexOf, packagePath, proofPath } from './package-layout.ts'
import { parseTlogProof } from './tlog-proof.ts'
import { leafHash } from './tree.ts'
import { type ChainInput, openCheckpoint, type ProvenEntry, type Trust } from './verify.ts'

const openingsSchema = z.array(
  z.strictObject({ index: z.int().min(0), field: z.enum(fields), nonce: z.string(), value: z.unknown() }),
)

/** Throws a Refuted. */
export function readOpenings(files: Files): Opening[] {
  const read = openingsSchema.safeParse(canonicalAt(files, packagePath.openings))
  return read.success ? read.data : refuted('file-malformed', `${packagePath.openings}: ${z.prettifyError(read.error)}`)
}

/** Everything that `verifyChain` needs, with a consistency proof to the trusted checkpoint where the entries' own proofs yield one. */
export function chainInput(files: Files, trust: Trust): ChainInput {
  const orEmpty = <T>(read: () => T, empty: T): T => runCheck('', read).value ?? empty
  const checkpoint = orEmpty(() => textAt(files, packagePath.checkpoint), '')
  const entries = [...files.values()]
    .map(({ path, bytes }) => ({ index: indexOf(path, 'entries'), bytes: bytes ?? new Uint8Array() }))
    .filter((entry): entry is { index: number; bytes: Uint8Array } => entry.index !== undefined)
    .map(entry => ({ ...entry, proof: orEmpty(() => textAt(files, proofPath(entry.index)), '') }))
    .sort((a, b) => a.index - b.index)
  const consistency = deriveFor(checkpoint, entries, trust)
  const openings = orEmpty(() => readOpenings(files), [])
  return { checkpoint, entries, openings, ...(consistency && { consistency }) }
}

function deriveFor(note: string, entries: readonly ProvenEntry[], trust: Trust): string[] | undefined {
  const older = trust.checkpoint === undefined ? undefined : opened(trust.checkpoint, trust)
  const newer = opened(note, trust)
  if (!older || !newer) return undefined
  const leaves = entries.flatMap(({ index, bytes, proof }) => {
    const hashes = parsedProof(proof)
    return hashes ? [{ index, leaf: leafHash(bytes), proof: hashes }] : []
  })
  return deriveConsistency(leaves, older.size, newer.size)
}

function opened(note: string, trust: Trust): Checkpoint | undefined {
  return runCheck('', () => openCheckpoint(note, trust)).value
}

function parsedProof(text: string): readonly Uint8Array[] | undefined {
  try {
    return parseTlogProof(text).proof
  } catch {
    return undefined
  }
}
