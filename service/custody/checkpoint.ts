/** C2SP tlog-checkpoint: the note text of a tree head. Ours has exactly three lines, since extension lines cannot be audited. */
import { fromBase64, fromDecimal, toBase64 } from './encoding.ts'

export interface Checkpoint {
  readonly origin: string
  /** Number of entries. */
  readonly size: number
  /** RFC 6962 root hash at that size. */
  readonly root: Uint8Array
}

export function formatCheckpoint({ origin, size, root }: Checkpoint): string {
  return `${origin}\n${size}\n${toBase64(root)}\n`
}

/** Takes the text that `openNote` returned, never an unverified note. Throws a SyntaxError. */
export function parseCheckpoint(noteText: string): Checkpoint {
  const [, origin, size, hash] = /^([^\n]+)\n([0-9]+)\n([^\n]+)\n$/.exec(noteText) ?? []
  if (!origin || !size || !hash) throw new SyntaxError('not a checkpoint of three lines')
  const root = fromBase64(hash)
  if (root.length !== 32) throw new SyntaxError('a root hash has 32 bytes')
  return { origin, size: fromDecimal(size), root }
}
