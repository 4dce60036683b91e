/** `custos keys`: the keys that wrap data keys, made anew and taken out of use without touching an object. */
import { createHash } from 'node:crypto'
import { parseArgs } from 'node:util'
import { readConfig, type Secrets } from '../config.ts'
import { canonicalJson } from '../custody/canonical.ts'
import { newId } from '../custody/id.ts'
import { Problem } from '../http/problem.ts'
import { openService, type Service } from '../service.ts'
import { isErrno } from '../vault/durable.ts'
import { type KeyRing, readRing } from '../vault/key-ring.ts'
import { rewrapKeys, rowsByWrappingKey } from '../vault/rewrap.ts'
import { retireKeys, rotateKeyFile } from '../vault/rotate-key-file.ts'
import { explain } from './acquire.ts'

export const help = `custos keys status|rotate|rewrap|retire [--stopped] [--json]

  status   the wrapping keys of the key file, and how many data keys each wraps
  rotate   adds a wrapping key to the key file; from then on it wraps. Back the file up before the next acquisition
  rewrap   wraps every data key under the newest wrapping key, of the key file or of AWS KMS. Running it again after it was cut off is safe
  retire   removes earlier wrapping keys that wrap nothing any more, a day after the newest was made
           --stopped  no \`serve\` and no \`work\` runs: need not wait for the day

No object is read or written, and services may go on beside it (PostgreSQL; an embedded installation must be stopped). With AWS KMS a rotation
is a new key id in the configuration: docs/formats/seal.md, "Rotation", has the order. Backups of the tables made before a rewrap need the
earlier keys: keep a copy of the key file as long as you keep them. Each act is two entries \`key.rotated\` on the house's chain: one before it
is begun, and one of its outcome.
Exit: 0 done, 1 could not, or not all of it, 2 usage.
`

type Act = (service: Service, secrets: Secrets, options: { stopped: boolean }) => Promise<Outcome>
interface Outcome {
  readonly says: string
  readonly record: Readonly<Record<string, unknown>>
  readonly whole: boolean
}

const verbs: Record<string, Act> = { status, rotate, rewrap, retire }

export async function run(args: string[]): Promise<number> {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: { json: { type: 'boolean', default: false }, stopped: { type: 'boolean', default: false } },
  })
  const [name = '', ...more] = positionals
  const act = Object.hasOwn(verbs, name) ? verbs[name] : undefined
  if (!act || more.length > 0 || (values.stopped && act !== retire)) {
    process.stderr.write(help)
    return 2
  }
  try {
    const { config, secrets } = readConfig()
    await using service = await openService(config, secrets, { recover: act !== status })
    // Two that replaced the key file at once would lose a key.
    return await service.database.exclusive('vault.keys', async () => {
      const { says, record, whole } = await (act === status ? act : onRecord(act, name))(service, secrets, values)
      process.stdout.write(values.json ? `${JSON.stringify(record)}\n` : `${says}\n`)
      return whole ? 0 : 1
    })
  } catch (error) {
    return explain(inside(error), values.json)
  }
}

/** What stands behind a 503 is for the operator, who is the one to mend it. */
function inside(error: unknown): unknown {
  if (!(error instanceof Problem) || !(error.cause instanceof Error)) return error
  return new Error(`${error.message}: ${error.cause.name}: ${error.cause.message}`)
}

/** Undefined where every region's keys are in AWS KMS. */
async function ringOf({ keyFile }: Secrets): Promise<KeyRing | undefined> {
  return await readRing(keyFile).then(
    read => read.ring,
    error => {
      if (!isErrno(error, 'ENOENT')) throw error
      return undefined
    },
  )
}

async function demandKeyFile(secrets: Secrets): Promise<void> {
  if (!(await ringOf(secrets)))
    throw new Error('there is no key file here: with AWS KMS, keys are made and removed there')
}

async function status({ db }: Service, secrets: Secrets): Promise<Outcome> {
  const rows = await rowsByWrappingKey(db)
  const ring = (await ringOf(secrets))?.wrapping ?? []
  const keys = ring.map(({ id, since }, at) => ({
    id,
    ...(since && { since }),
    wraps: at === ring.length - 1,
    rows: rows.get(id) ?? 0,
  }))
  const kmsRows = rows.get('kms') ?? 0
  const strangers = [...rows].filter(([id]) => id !== 'kms' && !ring.some(key => key.id === id))
  const lost = strangers.reduce((sum, [, count]) => sum + count, 0)
  const lines = keys.map(
    key =>
      `${key.id}  ${String(key.rows).padStart(9)} rows  since ${key.since ?? 'the start'}${key.wraps ? ', wraps' : ''}`,
  )
  if (kmsRows > 0) lines.push(`AWS KMS           ${String(kmsRows).padStart(9)} rows`)
  if (lost > 0) lines.push(`${lost} rows are under keys that are not here: ${strangers.map(([id]) => id).join(', ')}`)
  return {
    says: lines.join('\n'),
    record: { act: 'status', keys, kmsRows, lostRows: lost },
    whole: lost === 0,
  }
}

async function rotate(_: Service, secrets: Secrets): Promise<Outcome> {
  await demandKeyFile(secrets)
  const { newest, earlier } = await rotateKeyFile(secrets.keyFile, new Date())
  return {
    says: `${newest} wraps from now on. Back up the key file, then: custos keys rewrap`,
    record: { act: 'rotate', newest, earlier },
    whole: true,
  }
}

async function rewrap({ db, keys, config }: Service): Promise<Outcome> {
  const done = await rewrapKeys(
    { db, keys, openingsRegion: config.region },
    { onProgress: rows => void (process.stderr.isTTY && process.stderr.write(`\r${rows} rows`)) },
  )
  if (process.stderr.isTTY) process.stderr.write('\n')
  const { rewrapped, unchanged, overtaken, refused } = done
  const lines = [`${rewrapped} rewrapped, ${unchanged} were already, ${overtaken} changed meanwhile`]
  if (refused.length > 0) lines.push(`${refused.length} do not open, and were left: ${refused.join(', ')}`)
  return {
    says: lines.join('\n'),
    // As many as an entry's record has room for.
    record: { act: 'rewrap', ...done, refused: { count: refused.length, first: refused.slice(0, 100) } },
    whole: refused.length === 0,
  }
}

async function retire({ db, database }: Service, secrets: Secrets, { stopped }: { stopped: boolean }) {
  await demandKeyFile(secrets)
  const { retired, needed } = await retireKeys(
    secrets.keyFile,
    async id => (await rowsByWrappingKey(db)).get(id) ?? 0,
    {
      now: new Date(),
      alone: stopped || database.engine === 'pglite',
    },
  )
  const lines = [retired.length > 0 ? `retired: ${retired.join(', ')}` : 'nothing to retire']
  for (const { id, rows } of needed) lines.push(`${id} stays: ${rows} rows need it (custos keys rewrap)`)
  return {
    says: lines.join('\n'),
    record: { act: 'retire', retired, needed },
    whole: needed.length === 0,
  }
}

/** An entry before, so that nothing is done that cannot be recorded and whatever cuts it off leaves a trace, and one of what became of it. */
function onRecord(act: Act, name: string): Act {
  return async function actOnRecord(service, ...rest) {
    await recordRotation(service, `${name}.begun`, { act: name, stage: 'begun' })
    const outcome = await act(service, ...rest).catch(async (error: Error) => {
      await recordRotation(service, `${name}.failed`, { act: name, stage: 'failed', error: error.name })
      throw error
    })
    await recordRotation(service, name, outcome.record)
    return outcome
  }
}

/** The record itself is what was printed; the entry holds its digest. */
async function recordRotation({ ledger, houseChain }: Service, act: string, record: object): Promise<void> {
  const bytes = canonicalJson(record)
  const obj = { sha256: createHash('sha256').update(bytes).digest('hex'), len: bytes.length, role: 'keys' as const }
  const who = { subject: 'operator', organisation: 'custodian', credential: 'shell' }
  const pol = { bundle: '', data: '', input: '', outcome: 'permit', reasons: [`keys.${act}`] }
  await ledger.append({ chain: houseChain, req: newId(), ev: 'key.rotated', who, obj, pol })
}
