/** `custos migrate`: brings a PostgreSQL database to what this version needs. */
import { parseArgs } from 'node:util'
import { readConfig } from '../config.ts'
import { installDatabase } from '../install.ts'
import { explain } from './acquire.ts'

export const help = `custos migrate [--json]

Applies the missing migrations to PostgreSQL, installs or upgrades the job queue, and grants the role custos_service, where it exists,
what the service does and no more. Connects as the owner: CUSTOS_DATABASE_OWNER_URL, or CUSTOS_DATABASE_URL where there is no such thing.
Safe to repeat. \`serve\` and \`work\` refuse to start on a database that lacks a migration; the embedded database migrates itself.
Exit: 0 nothing is missing now, 1 could not, 2 usage.
`

export async function run(args: string[]): Promise<number> {
  const { values } = parseArgs({ args, options: { json: { type: 'boolean', default: false } } })
  try {
    const { config, secrets } = readConfig()
    if (config.engine === 'pglite') {
      process.stdout.write(values.json ? '{"applied":[]}\n' : 'the embedded database migrates itself when it starts\n')
      return 0
    }
    const applied = await installDatabase(secrets.databaseOwnerUrl)
    const lines = applied.length > 0 ? applied.map(name => `applied ${name}`) : ['nothing was missing']
    process.stdout.write(values.json ? `${JSON.stringify({ applied })}\n` : `${lines.join('\n')}\n`)
    return 0
  } catch (error) {
    return explain(error, values.json)
  }
}
