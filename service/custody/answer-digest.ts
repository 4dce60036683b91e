import { canonicalJson } from './canonical.ts'
import { toHex } from './encoding.ts'
import { sha256 } from './hash.ts'

/** What a decision lays down, beside the input and the policy that it rests on. */
export interface Answer {
  readonly outcome: string
  readonly reasons: readonly string[]
  readonly obligations: unknown
}

/** SHA-256, hex, of the answer's canonical JSON: an entry's `pol.answer`, so that a decision which is shown can be held against it whole. */
export function answerDigest({ outcome, reasons, obligations }: Answer): string {
  return toHex(sha256(canonicalJson({ outcome, reasons, obligations }, Number.POSITIVE_INFINITY)))
}
