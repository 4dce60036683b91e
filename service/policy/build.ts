/** `npm run policy`: compiles policies/ to what the service reads, or proves that the committed files are what the sources compile to. */
import { createHash } from 'node:crypto'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { parseArgs } from 'node:util'
import { compilePolicy } from './compile.ts'
import { factsSchema } from './facts.ts'
import { Matrices } from './matrices.ts'
import { digestSources, sourcesFile } from './sources.ts'
import { findOpa, root, ToolMissing } from './tools.ts'

export const help = `npm run policy [-- --check]

Compiles policies/ to policies/policy.wasm, policies/data.json and policies/schemas/facts.json.
  --check  writes nothing, and proves that the committed files are these bytes
Exit: 0 written, or equal; 1 not equal, or the policy does not compile; 2 opa is missing (the line to type is printed).
`

export async function run(args: string[]): Promise<number> {
  const { values } = parseArgs({ args, options: { check: { type: 'boolean', default: false } } })
  try {
    const files = artefacts()
    const stale = Object.keys(files).filter(path => !isEqual(path, files[path]!))
    if (values.check) return report(stale)
    for (const path of stale) {
      mkdirSync(dirname(join(root, path)), { recursive: true })
      writeFileSync(join(root, path), files[path]!)
    }
    for (const [path, bytes] of Object.entries(files)) {
      process.stdout.write(
        `${createHash('sha256').update(bytes).digest('hex')}  ${path}${stale.includes(path) ? '  (new)' : ''}\n`,
      )
    }
    return 0
  } catch (error) {
    process.stderr.write(`custos policy: ${(error as Error).message.trim()}\n`)
    return error instanceof ToolMissing ? 2 : 1
  }
}

/** What the sources compile to, by path from the root. Throws when the data does not fit the matrices' own schema. */
function artefacts(): Record<string, Uint8Array> {
  const { wasm, data } = compilePolicy(findOpa(), root)
  Matrices.parse(JSON.parse(new TextDecoder().decode(data)))
  const schema = new TextEncoder().encode(`${JSON.stringify(factsSchema(), null, 2)}\n`)
  const sources = new TextEncoder().encode(`${JSON.stringify({ sha256: digestSources(join(root, 'policies')) })}\n`)
  return {
    'policies/policy.wasm': wasm,
    'policies/data.json': data,
    'policies/schemas/facts.json': schema,
    [`policies/${sourcesFile}`]: sources,
  }
}

function isEqual(path: string, bytes: Uint8Array): boolean {
  try {
    return readFileSync(join(root, path)).equals(bytes)
  } catch {
    return false
  }
}

function report(stale: string[]): number {
  for (const path of stale)
    process.stderr.write(`custos policy: ${path} is not what policies/ compiles to; type: npm run policy\n`)
  return stale.length === 0 ? 0 : 1
}
