/** `custos doctor` on what the operator lays beside the service: the ledger's key, the policy, the agencies. */
import { readFile, stat } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { count } from 'drizzle-orm'
import type { Config, Secrets } from '../config.ts'
import { newestCheckpoint } from '../custody/publish.ts'
import { openSigner } from '../custody/signer.ts'
import { checkpoints } from '../custody/tables.ts'
import { LedgerCorrupt } from '../custody/unavailable.ts'
import type { Db } from '../db.ts'
import { readAgencies } from '../disclosure/agencies.ts'
import { loadPolicy } from '../policy/policy.ts'
import { assertCompiled } from '../policy/sources.ts'
import { type Answer, type Check, fail, ok, warn } from './doctor-check.ts'

const monthMs = 30 * 86_400_000

export const policyCheck: Check = {
  name: 'policy',
  async run() {
    assertCompiled(fileURLToPath(new URL('../../policies/', import.meta.url)))
    return ok(`bundle ${(await loadPolicy()).bundle.slice(0, 16)}…, compiled from the sources beside it`)
  },
}

export function agenciesCheck({ agenciesFile, production }: Config): Check {
  return { name: 'agencies', run: async () => judgeAgencies(agenciesFile, production, new Date()) }
}

async function judgeAgencies(file: string | undefined, production: boolean, now: Date): Promise<Answer> {
  const agencies = [...(await readAgencies(file, production))]
  if (file === undefined) return warn('the two examples', 'name your agencies in CUSTOS_AGENCIES_FILE')
  const ending = (by: number) =>
    agencies.filter(([, { status, mouUntil }]) => status === 'active' && Date.parse(mouUntil) <= by).map(([id]) => id)
  const [ended, soon] = [ending(now.getTime()), ending(now.getTime() + monthMs)]
  const says = `${agencies.length} in ${file}`
  if (ended.length > 0)
    return warn(`${says}; the memorandum of ${ended.join(', ')} has ended`, 'renew it, or set them to suspended')
  if (soon.length > 0) return warn(`${says}; the memorandum of ${soon.join(', ')} ends within a month`, 'renew it')
  return ok(says)
}

/** `db` is undefined where the database cannot be asked. */
export function ledgerKeyCheck(config: Config, secrets: Secrets, db: Db | undefined): Check {
  return { name: 'ledger key', run: () => judgeLedgerKey(config.origin, secrets.ledgerKeyFile, db) }
}

async function judgeLedgerKey(origin: string, file: string, db: Db | undefined): Promise<Answer> {
  const restore = 'restore the key from its backup: another one cannot continue this log'
  const found = await stat(file).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT') throw error
  })
  if (!found) {
    const [{ signed } = { signed: 0 }] = db ? await db.select({ signed: count() }).from(checkpoints) : []
    return signed === 0
      ? ok(`${file}, which is made at the first start`)
      : fail(`${file} is not there, and the ledger has checkpoints`, restore)
  }
  if ((found.mode & 0o077) !== 0)
    return fail(
      `${file} is open to others (mode ${(found.mode & 0o777).toString(8)})`,
      'chmod 600 it, and consider it known: whoever holds it can sign a second history',
    )
  const signer = openSigner(origin, await readFile(file, 'utf8'))
  const newest = db && (await newestCheckpoint(db, { db, origin, signer }).catch(notOurs))
  if (newest === 'not ours') return fail(`${file} did not sign the newest checkpoint as ${origin}`, restore)
  return ok(`${file} signs as ${origin}${newest ? `, and signed the newest checkpoint, of size ${newest.size}` : ''}`)
}

function notOurs(error: unknown): 'not ours' {
  if (error instanceof LedgerCorrupt) return 'not ours'
  throw error
}
