import type { EventName } from './events.ts'

/** What a room tells the ledger. Everything but `chain` and `req` is committed, never in clear (see commitment.ts). */
export interface Act {
  /** The chain this entry lengthens: 128 random bits, 32 lowercase hex digits. */
  readonly chain: string
  /** The act, 128 random bits, 32 lowercase hex digits. (req, ev) is unique, so a retried act is recorded once. */
  readonly req: string
  readonly ev: EventName
  /** Who acted. `subject` is an opaque id of a person or part, never a name. */
  readonly who: { readonly subject: string; readonly organisation: string; readonly credential: string }
  /** The bytes or record this is about. */
  readonly obj?: { readonly sha256: string; readonly len: number; readonly role: ObjectRole }
  /** What it was made from: SHA-256 digests, hex. */
  readonly from?: Readonly<
    Partial<Record<'parent' | 'plan' | 'edit' | 'tool' | 'certificate' | 'manifest' | 'package', string>>
  >
  /** The decision it rests on. `bundle`, `data`, `input` and `answer` are SHA-256 digests, hex. */
  readonly pol?: {
    readonly bundle: string
    readonly data: string
    readonly input: string
    /** Digest of the whole answer, obligations included (answer-digest.ts). */
    readonly answer?: string
    readonly outcome: string
    readonly purpose?: string
    readonly reasons?: readonly string[]
  }
  /** The legal authority behind it. */
  readonly legal?: Readonly<Record<string, unknown>>
}

export type ObjectRole =
  | 'master'
  | 'derivative'
  | 'plan'
  | 'certificate'
  | 'package'
  | 'incident'
  | 'request'
  | 'hold'
  | 'keys'
  | 'policy'
  | 'review'
  | 'attempt'
