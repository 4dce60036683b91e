/** Engines that come as Python packages stand in an environment of the cache, which `.ci/tools` makes of `.ci/engines.txt`, or on the PATH. */
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { cacheFolder, findProgram } from './servers.ts'

const wanted = readFileSync(new URL('../../.ci/engines.txt', import.meta.url))
const folder = join(cacheFolder, `engines-${createHash('sha256').update(wanted).digest('hex').slice(0, 12)}`)

/** Other versions have folders of other names. */
export function pythonFolders(): string[] {
  return [join(folder, 'bin')]
}

export function findPythonProgram(name: string): string | undefined {
  return findProgram(name, ...pythonFolders())
}

export function howToGet(): string {
  return `bash .ci/tools, or: python3 -m venv ${folder} && ${folder}/bin/pip install -r .ci/engines.txt`
}
