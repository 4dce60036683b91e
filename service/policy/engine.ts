/** The WASM module behind the policy, fenced in: whatever it does but answer once is an Error, and never reaches the next call. */
import { createRequire } from 'node:module'
import type { LoadedPolicy } from '@open-policy-agent/opa-wasm'

// Its ES module has one default export, which its types do not know; its CommonJS face is what the types say.
const { loadPolicySync } = createRequire(import.meta.url)(
  '@open-policy-agent/opa-wasm',
) as typeof import('@open-policy-agent/opa-wasm')

export class EngineError extends Error {
  override readonly name = 'EngineError'
}

export interface Engine {
  /** The one answer of `entrypoint`. Throws an EngineError when there is none, or when anything at all went wrong. */
  evaluate(entrypoint: string, input: object): unknown
}

/** 64 KiB each. The policy uses a few hundred KiB; a rule that runs wild meets the wall and not the machine's memory. */
const maxPages = 256

/** Throws an EngineError for a module that needs builtins of its host: those fail open to chance when a rule first calls them. */
export function openEngine(wasm: Uint8Array, data: object, entrypoints: readonly string[]): Engine {
  let instance: LoadedPolicy | undefined = start(wasm, data)
  const needed = Object.keys(builtins(instance))
  if (needed.length > 0)
    throw new EngineError(`the policy needs builtins that WASM does not have: ${needed.join(', ')}`)
  const missing = entrypoints.filter(name => !(name in instance!.entrypoints))
  if (missing.length > 0) throw new EngineError(`the policy lacks ${missing.join(', ')}`)

  return {
    evaluate(entrypoint, input) {
      try {
        // An object, always: of malformed JSON in an ArrayBuffer the module makes an undefined input, and of a Uint8Array an object of digits.
        if (!isPlainObject(input)) throw new EngineError('the input is no plain object')
        instance ??= start(wasm, data)
        const answers: unknown = instance.evaluate(input, entrypoint)
        if (!Array.isArray(answers) || answers.length !== 1) throw new EngineError('the policy gave no answer')
        return (answers[0] as { result?: unknown }).result
      } catch (thrown) {
        // After a trap the heap is in no known state, so the next call starts on a fresh one.
        instance = undefined
        throw asError(thrown)
      }
    },
  }
}

function start(wasm: Uint8Array, data: object): LoadedPolicy {
  try {
    const policy = loadPolicySync(wasm, { initial: 8, maximum: maxPages })
    policy.setData(data)
    return policy
  } catch (thrown) {
    throw asError(thrown)
  }
}

/** The names that the module wants of its host. The wrapper reads them too, but keeps them to itself. */
function builtins(policy: LoadedPolicy): Record<string, number> {
  const { exports } = policy.wasmInstance as { exports: Record<string, (address?: number) => number> }
  const address = exports.opa_json_dump!(exports.builtins!())
  const bytes = new Uint8Array(policy.mem.buffer)
  return JSON.parse(new TextDecoder().decode(bytes.subarray(address, bytes.indexOf(0, address))))
}

function isPlainObject(value: unknown): boolean {
  return typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype
}

/** A conflict between rules arrives as a bare string, a missing builtin as an object without a stack. */
function asError(thrown: unknown): EngineError {
  if (thrown instanceof EngineError) return thrown
  const message =
    thrown instanceof Error ? thrown.message : typeof thrown === 'string' ? thrown : JSON.stringify(thrown)
  return new EngineError(message, { cause: thrown })
}
