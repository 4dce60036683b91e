/** RFC 9457 problems: one class, one closed table. Each row has a section in docs/problems.md, and `type` points to it. */
const table = {
  'invalid-request': { status: 400, title: 'The request is not well formed' },
  'body-empty': { status: 400, title: 'The body is empty' },
  'body-truncated': { status: 400, title: 'The body ended before it was whole' },
  'digest-mismatch': { status: 400, title: 'The bytes do not match the digest that came with them' },
  unauthenticated: { status: 401, title: 'A valid access token is required' },
  forbidden: { status: 403, title: 'This role may not do that' },
  'refused-by-policy': { status: 403, title: 'The purpose-limitation policy refuses this' },
  'not-found': { status: 404, title: 'There is no such resource' },
  'method-not-allowed': { status: 405, title: 'This path does not know that method' },
  'not-ready': { status: 409, title: 'It is not ready yet' },
  'package-overtaken': { status: 409, title: 'The redaction plan was edited since this package was made' },
  conflict: { status: 409, title: 'The state of the resource does not allow this' },
  'clip-too-large': { status: 413, title: 'The clip is larger than this service takes' },
  'unsupported-media': { status: 415, title: 'The body is of a type that this path does not take' },
  'range-not-satisfiable': { status: 416, title: 'The requested range lies outside the resource' },
  'clip-not-video': { status: 422, title: 'The bytes are not a video that can be decoded' },
  'clip-beyond-limits': { status: 422, title: 'The video lies outside the limits of this service' },
  'idempotency-key-reused': { status: 422, title: 'The idempotency key was used with another request' },
  'plan-does-not-fit': { status: 422, title: 'The redaction plan was not made for this clip' },
  'edit-does-not-fit': { status: 422, title: 'The edit does not fit the redaction plan' },
  'too-many-requests': { status: 429, title: 'Too many requests' },
  internal: { status: 500, title: 'Something went wrong here' },
  'redaction-failed': { status: 500, title: 'The redaction could not be finished, and nothing was released' },
  'ledger-unavailable': { status: 503, title: 'The ledger cannot record this now, so nothing is done' },
  unavailable: { status: 503, title: 'A part that this needs is not available now' },
} as const satisfies Record<string, { status: number; title: string }>

export type ProblemType = keyof typeof table
export const problemTypes = Object.keys(table) as ProblemType[]

export interface ProblemDetails {
  /** What the caller can act on. Never sent with a 5xx. */
  detail?: string
  /** The reasons that policy gave, in its own words. */
  reasons?: readonly string[]
  /** The ledger index of the entry that records this refusal. */
  ledgerIndex?: number
  retryAfterSeconds?: number
  /** The inside face of the error: logged, never sent. */
  cause?: unknown
}

export class Problem extends Error {
  readonly type: ProblemType
  readonly status: number
  readonly details: ProblemDetails

  constructor(type: ProblemType, details: ProblemDetails = {}) {
    super(details.detail ?? table[type].title, { cause: details.cause })
    this.name = 'Problem'
    this.type = type
    this.status = table[type].status
    this.details = details
  }

  /** The same problem, now naming the entry that records it. */
  recordedAt(ledgerIndex: number): Problem {
    return new Problem(this.type, { ...this.details, ledgerIndex })
  }

  /** The body of the answer (RFC 9457, section 3). */
  toBody(): Record<string, unknown> {
    const { detail, reasons, ledgerIndex } = this.details
    return {
      type: `https://custos.example/problems#${this.type}`,
      title: table[this.type].title,
      status: this.status,
      ...(detail !== undefined && this.status < 500 && { detail }),
      ...(reasons && { reasons }),
      ...(ledgerIndex !== undefined && { ledgerIndex }),
    }
  }
}
