/** What a verifier answers: named checks, each with a code from a closed list when it fails. */

export const checkCodes = [
  'key-missing',
  'consistency-missing',
  'not-reached',
  'note-malformed',
  'signature-missing',
  'signature-invalid',
  'checkpoint-malformed',
  'origin-mismatch',
  'trusted-checkpoint-invalid',
  'consistency-invalid',
  'chain-empty',
  'entry-malformed',
  'proof-malformed',
  'proof-mismatch',
  'inclusion-invalid',
  'chain-mixed',
  'chain-gap',
  'link-invalid',
  'time-not-rising',
  'opening-unknown',
  'opening-repeated',
  'opening-mismatch',
] as const

export type CheckCode = (typeof checkCodes)[number]

/** A verifier that is built on this one widens `Code` with its own. */
export interface Check<Code extends string = CheckCode> {
  /** Stable, kebab-case. */
  readonly name: string
  readonly ok: boolean
  /** Present when, and only when, `ok` is false. */
  readonly code?: Code
  /** For people; names the entry or the opening. */
  readonly detail?: string
}

/** Codes that refute nothing: what would settle the question was not at hand. */
const unsettled: ReadonlySet<string> = new Set<CheckCode>(['key-missing', 'consistency-missing', 'not-reached'])

/** `unjudged` when nothing is refuted but something could not be settled. No checks at all settle nothing. */
export function verdict(checks: readonly Check<string>[]): 'verified' | 'refuted' | 'unjudged' {
  const failed = checks.filter(check => !check.ok)
  if (failed.some(check => !unsettled.has(check.code ?? ''))) return 'refuted'
  return failed.length > 0 || checks.length === 0 ? 'unjudged' : 'verified'
}

/** Thrown inside a check; `runCheck` turns it into the answer. */
export class Refuted<Code extends string = CheckCode> extends Error {
  override readonly name = 'Refuted'
  readonly code: Code

  constructor(code: Code, detail: string) {
    super(detail)
    this.code = code
  }
}

/** Runs one check. Only a `Refuted` becomes a failed check; any other error is a fault of ours and is thrown on. */
export function runCheck<Value, Code extends string = CheckCode>(
  name: string,
  body: () => Value,
): { check: Check<Code>; value?: Value } {
  try {
    return { check: { name, ok: true }, value: body() }
  } catch (error) {
    if (!(error instanceof Refuted)) throw error
    return { check: { name, ok: false, code: error.code as Code, detail: error.message } }
  }
}
