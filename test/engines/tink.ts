/** Tink for Python: no server, a library that an interpreter must have. */
import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { howToGet, pythonFolders } from './python-packages.ts'
import type { Engine } from './servers.ts'

const run = promisify(execFile)

export const tink: Engine = {
  name: 'Tink for Python',
  missing: async () => ((await findTink()) ? undefined : howToGet()),
  async start() {
    return { env: { CUSTOS_TEST_TINK_PYTHON: (await findTink())! }, stop: async () => {} }
  },
}

/** The first interpreter that knows it. */
async function findTink(): Promise<string | undefined> {
  for (const folder of [...pythonFolders(), ...(process.env.PATH ?? '').split(':')]) {
    const python = join(folder, 'python3')
    if (!existsSync(python)) continue
    const knows = await run(python, ['-c', 'import tink.streaming_aead']).then(
      () => true,
      () => false,
    )
    if (knows) return python
  }
  return undefined
}
