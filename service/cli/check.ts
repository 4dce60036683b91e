/** `npm run check`: everything about the sources that a machine can judge without running them. */
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { run as policy } from '../policy/build.ts'
import { policyFolders } from '../policy/compile.ts'
import { findOpa, findRegal, root, ToolMissing } from '../policy/tools.ts'

export const help = `npm run check [-- STEP …]

Runs every step, or those named, and says how to get a tool that is missing: types, style, rego-lint, rego-format, rego-types, rego-tests, wasm.
Exit: 0 all passed, 1 at least one did not.
`

/** Rules without a test are rules that nobody has seen refuse. */
const minCoveragePercent = 95

type Outcome = { readonly ok: boolean; readonly says?: string }

const steps: Record<string, () => Outcome | Promise<Outcome>> = {
  types: () => tool('typescript/bin/tsc', '-p', '.'),
  style: () => tool('@biomejs/biome/bin/biome', 'ci', '--colors=off', '.'),
  'rego-lint': () =>
    all(spawn(findRegal(), 'lint', '--no-color', 'policies'), () => spawn(findRegal(), 'test', '.regal/rules')),
  'rego-format': () => spawn(findOpa(), 'fmt', '--fail', '--diff', 'policies', '.regal/rules'),
  'rego-types': () =>
    spawn(findOpa(), 'check', '--strict', '--schema', 'policies/schemas/facts.json', ...policyFolders(root)),
  // With a threshold alone opa would not say which test failed.
  'rego-tests': () =>
    all(spawn(findOpa(), 'test', ...policyFolders(root)), () =>
      spawn(findOpa(), 'test', '--coverage', '--threshold', String(minCoveragePercent), ...policyFolders(root)),
    ),
  wasm: async () => ({ ok: (await policy(['--check'])) === 0 }),
}

export async function run(args: string[]): Promise<number> {
  const unknown = args.filter(name => !(name in steps))
  if (unknown.length > 0) {
    process.stderr.write(`custos check: there is no step ${unknown.join(', ')}\n\n${help}`)
    return 1
  }
  const failed: string[] = []
  for (const [name, step] of Object.entries(steps)) {
    if (args.length > 0 && !args.includes(name)) continue
    const { ok, says } = await outcome(step)
    if (!ok) failed.push(name)
    process.stdout.write(`${ok ? 'ok     ' : 'FAILED '} ${name}\n`)
    if (!ok && says) process.stdout.write(`${says.trim().replace(/^/gm, '         ')}\n`)
  }
  process.stdout.write(failed.length === 0 ? 'all checks passed\n' : `not passed: ${failed.join(', ')}\n`)
  return failed.length === 0 ? 0 : 1
}

async function outcome(step: () => Outcome | Promise<Outcome>): Promise<Outcome> {
  try {
    return await step()
  } catch (error) {
    if (error instanceof ToolMissing) return { ok: false, says: error.message }
    throw error
  }
}

/** A tool that npm brought, run by this very Node: a shell may know an older one. */
function tool(file: string, ...args: string[]): Outcome {
  return spawn(process.execPath, join('node_modules', file), ...args)
}

function spawn(command: string, ...args: string[]): Outcome {
  const done = spawnSync(command, args, { cwd: root, encoding: 'utf8', maxBuffer: 1 << 26 })
  return { ok: done.status === 0, says: done.error ? done.error.message : `${done.stdout}${done.stderr}` }
}

function all(first: Outcome, next: () => Outcome): Outcome {
  return first.ok ? next() : first
}
