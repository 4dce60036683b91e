/** Facts in, decision out. Whatever is not exactly a permit refuses: bad facts, an engine that fails, an answer of another shape. */
import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { canonicalJson } from '../custody/canonical.ts'
import { type Answer, answers, type Decision, nothing, type Rule, rules } from './decision.ts'
import { openEngine } from './engine.ts'
import { Facts } from './facts.ts'
import { Matrices } from './matrices.ts'

export type { Decision, Obligations, Rule } from './decision.ts'

export interface Policy {
  /** SHA-256 of policy.wasm, hex. */
  readonly bundle: string
  /** SHA-256 of data.json, hex. */
  readonly data: string
  /** The committed data, for what else depends on it (lists of purposes, for one). */
  readonly matrices: Matrices
  /** Never throws, and never answers `permit` for anything but a permit of the rule itself. */
  decide(rule: Rule, facts: Facts): Decision
  /** The same rule on the recorded input; `answer` must come out equal. Throws when this is not the policy that decided. */
  replay(decision: Pick<Decision, 'rule' | 'bundle' | 'data' | 'input'>): Decision
}

export interface PolicyOptions {
  /** Told why a decision became `facts.invalid` or `policy.failed`. What it throws is its own affair: the answer stays a refusal. */
  readonly onFailure?: (error: unknown) => void
}

/** More than any facts can fill; a larger input is refused before the engine sees it. */
const maxInputBytes = 32 * 1024

/** Reads `policy.wasm` and `data.json` from `folder`. Throws when either is missing or unfit. */
export async function loadPolicy(
  folder = new URL('../../policies/', import.meta.url),
  options: PolicyOptions = {},
): Promise<Policy> {
  const wasm = await readFile(new URL('policy.wasm', folder))
  const data: object = JSON.parse(await readFile(new URL('data.json', folder), 'utf8'))
  const matrices = Matrices.parse(data)
  const engine = openEngine(wasm, data, Object.values(rules))
  const digests = { bundle: sha256(wasm), data: sha256(canonicalJson(data, Number.POSITIVE_INFINITY)) }

  function decide(rule: Rule, facts: unknown): Decision {
    const parsed = parse(facts)
    if (!parsed.success) tell(options, parsed.error)
    const input = canonicalText(parsed.success ? parsed.data : facts)
    const { outcome, reasons, obligations } = { obligations: {}, ...judge(rule, parsed.success ? input : undefined) }
    const answer = { outcome, reasons, obligations: { ...nothing, ...obligations } }
    const text = input ?? 'null'
    return { rule, ...answer, answer: canonicalText(answer)!, ...digests, inputDigest: sha256(text), input: text }
  }

  function judge(rule: Rule, input: string | undefined): Answer {
    if (input === undefined) return refuse('facts.invalid')
    try {
      return answers[rule].parse(engine.evaluate(rules[rule], JSON.parse(input)))
    } catch (error) {
      tell(options, error)
      return refuse('policy.failed')
    }
  }

  function replay({ rule, bundle, data, input }: Pick<Decision, 'rule' | 'bundle' | 'data' | 'input'>): Decision {
    if (bundle !== digests.bundle || data !== digests.data) {
      throw new Error(`decided by bundle ${bundle} with data ${data}, and this is another policy`)
    }
    return decide(rule, JSON.parse(input))
  }

  return { ...digests, matrices, decide, replay }
}

/** A getter or a proxy may throw while it is read. */
function parse(facts: unknown): { success: true; data: Facts } | { success: false; error: unknown } {
  try {
    return Facts.safeParse(facts)
  } catch (error) {
    return { success: false, error }
  }
}

/** Undefined for what has no canonical form or is too large. */
function canonicalText(value: unknown): string | undefined {
  try {
    return new TextDecoder().decode(canonicalJson(value, maxInputBytes))
  } catch {
    return undefined
  }
}

function tell({ onFailure }: PolicyOptions, error: unknown): void {
  try {
    onFailure?.(error)
  } catch {}
}

function refuse(reason: string): Answer {
  return { outcome: 'refuse', reasons: [reason] }
}

function sha256(bytes: Uint8Array | string): string {
  return createHash('sha256').update(bytes).digest('hex')
}
