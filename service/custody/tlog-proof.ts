/** C2SP tlog-proof: an inclusion proof that carries its checkpoint, so that one file proves one entry offline. */
import { fromBase64, fromDecimal, toBase64 } from './encoding.ts'

const header = 'c2sp.org/tlog-proof@v1'
const maxHashes = 64

export interface TlogProof {
  readonly index: number
  /** RFC 6962 inclusion proof: leaf's sibling first. */
  readonly proof: readonly Uint8Array[]
  /** The signed note, verbatim; nothing in it is to be believed before `openNote`. */
  readonly checkpoint: string
  /** Opaque and unauthenticated. */
  readonly extra?: Uint8Array
}

export function formatTlogProof({ index, proof, checkpoint, extra }: TlogProof): string {
  const lines = [header, ...(extra ? [`extra ${toBase64(extra)}`] : []), `index ${index}`, ...proof.map(toBase64), '']
  return `${lines.join('\n')}\n${checkpoint}`
}

/** Checks the form only. Throws a SyntaxError. */
export function parseTlogProof(text: string): TlogProof {
  const split = text.indexOf('\n\n')
  if (split < 0) throw new SyntaxError('a tlog-proof has an empty line before its checkpoint')
  const lines = text.slice(0, split).split('\n')
  if (lines.shift() !== header) throw new SyntaxError(`a tlog-proof begins with ${header}`)
  const extra = lines[0]?.startsWith('extra ') ? fromBase64(lines.shift()!.slice(6)) : undefined
  const indexLine = lines.shift()
  if (!indexLine?.startsWith('index ') || lines.length > maxHashes) throw new SyntaxError('not a tlog-proof')
  const proof = lines.map(fromBase64)
  if (proof.some(hash => hash.length !== 32)) throw new SyntaxError('a hash has 32 bytes')
  return { index: fromDecimal(indexLine.slice(6)), proof, checkpoint: text.slice(split + 2), ...(extra && { extra }) }
}
