/** `custos ledger export`: the log as files, in tlog-tiles layout. */
import { mkdir, readdir } from 'node:fs/promises'
import { resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { readConfig } from '../config.ts'
import { openService } from '../service.ts'
import { explain } from './acquire.ts'

export const help = `custos ledger export DIR [--json]

Writes the log into DIR (missing or empty) in tlog-tiles layout: \`checkpoint\`, \`tile/…\`, and \`key\`, the verifier key.
Reads the installation that the environment names (CUSTOS_DATA_DIR, CUSTOS_DATABASE_URL); an embedded one must not be running.
Exit: 0 written, 1 could not, 2 usage.
`

export async function run(args: string[]): Promise<number> {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: { json: { type: 'boolean', default: false } },
  })
  const [verb, folder, ...more] = positionals
  if (verb !== 'export' || folder === undefined || more.length > 0) {
    process.stderr.write(help)
    return 2
  }
  const dir = resolve(folder)
  await mkdir(dir, { recursive: true })
  if ((await readdir(dir)).length > 0) {
    process.stderr.write(`custos ledger export: ${dir} is not empty\n`)
    return 2
  }
  try {
    const { config, secrets } = readConfig()
    await using service = await openService(config, secrets)
    await service.ledger.exportTo(dir)
    const size = await service.ledger.size()
    process.stdout.write(
      values.json
        ? `${JSON.stringify({ size, origin: service.ledger.origin, dir })}\n`
        : `${size} entries written to ${dir}\n`,
    )
    return 0
  } catch (error) {
    return explain(error, values.json)
  }
}
