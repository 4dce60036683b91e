/** The agencies this custodian answers to: administered by its operator in a file, and handed to policy as facts. */
import { readFile } from 'node:fs/promises'
import { z } from 'zod'

const Agency = z.strictObject({
  status: z.enum(['active', 'suspended']),
  /** Regions whose evidence this agency may be given. */
  region: z.string(),
  /** End of the memorandum of understanding. */
  mouUntil: z.iso.datetime(),
})
export type Agency = z.infer<typeof Agency>
export type Agencies = ReadonlyMap<string, Agency>

/** What a fresh clone can be tried with; a production service refuses to start without a file of its own. */
const example = {
  'agency-a': { status: 'active', region: 'local', mouUntil: '2099-12-31T00:00:00Z' },
  'agency-b': { status: 'active', region: 'local', mouUntil: '2099-12-31T00:00:00Z' },
}

/** Reads `{agencyId: {status, region, mouUntil}}`. Throws when the file is missing, malformed or carries a field it should not. */
export async function readAgencies(file: string | undefined, production: boolean): Promise<Agencies> {
  if (file === undefined && production) throw new Error('configuration: CUSTOS_AGENCIES_FILE is needed in production')
  const value: unknown = file === undefined ? example : JSON.parse(await readFile(file, 'utf8'))
  return new Map(Object.entries(z.record(z.string().regex(/^[a-z0-9][a-z0-9-]{0,62}$/), Agency).parse(value)))
}
