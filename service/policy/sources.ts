/** Ties policy.wasm to the sources beside it: what a reader of policies/ sees is what decides, or nothing does. */
import { createHash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

/** Name of the file that `npm run policy` writes beside policy.wasm. */
export const sourcesFile = 'sources.json'

/** SHA-256 over path and content of every rule and every matrix, tests left out, hex. */
export function digestSources(folder: string): string {
  const hash = createHash('sha256')
  const names = readdirSync(folder, { recursive: true, encoding: 'utf8' }).map(name => name.replaceAll('\\', '/'))
  for (const name of names.filter(isSource).sort()) {
    const text = readFileSync(join(folder, name))
    hash.update(`${name}\n${text.length}\n`).update(text)
  }
  return hash.digest('hex')
}

function isSource(name: string): boolean {
  return (name.endsWith('.rego') && !name.endsWith('_test.rego')) || /^data\/.+\.json$/.test(name)
}

/** Throws when the sources are not those that policy.wasm was compiled from. */
export function assertCompiled(folder: string): void {
  const { sha256 } = JSON.parse(readFileSync(join(folder, sourcesFile), 'utf8')) as { sha256: string }
  if (sha256 !== digestSources(folder)) {
    throw new Error('the sources in policies/ are not those that policy.wasm was compiled from; type: npm run policy')
  }
}
