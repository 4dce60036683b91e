/** `npm test` and `npm run test:engines`: vitest, run by the Node that the project brings. */
import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'

export const help =
  'npm test [-- FILTER …]\n\nRuns the tests of the embedded parts. CUSTOS_MEDIA and CUSTOS_DATASETS name real footage and stills, if you have them.\n'

export function run(args: string[]): Promise<number> {
  return vitest('test/vitest.config.ts', args)
}

export const engines = {
  help: 'npm run test:engines [-- FILTER …]\n\nRuns the journeys, the ledger and the vault on PostgreSQL, S3 with object lock (versitygw, Ceph) and the protocol of AWS KMS, on\nservers that it starts and stops itself. Installs nothing, and says what is missing.\n',
  run: (args: string[]) => vitest('test/engines/vitest.config.ts', args),
}

function vitest(config: string, args: string[]): Promise<number> {
  const root = fileURLToPath(new URL('../../', import.meta.url))
  const child = spawn(process.execPath, ['node_modules/vitest/vitest.mjs', 'run', '--config', config, ...args], {
    cwd: root,
    stdio: 'inherit',
  })
  return new Promise(resolve => child.on('exit', code => resolve(code ?? 1)))
}
