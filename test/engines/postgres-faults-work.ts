/** People at work while the database is troubled: they file incidents and send clips, and keep what they were answered. */
import { createHash, randomUUID } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { setTimeout as delay } from 'node:timers/promises'
import { sql } from 'drizzle-orm'
import { expect } from 'vitest'
import { ApiProblem } from '../../service/cli/client.ts'
import { newId } from '../../service/custody/id.ts'
import { rowsOf } from '../../service/db.ts'
import { checkLog } from '../custody/check-log.ts'
import { makeClip } from '../journeys/clips.ts'
import { type Estate, incident, type Receipt, recordIncident } from '../journeys/estate.ts'

interface Attempt {
  readonly send: () => Promise<unknown>
  /** Of the answer that was given first. */
  receipt?: Receipt
  /** Of refusals, and of what was no answer at all. */
  readonly refusals: string[]
  acknowledged: boolean
}

export interface Labour {
  readonly attempts: readonly Attempt[]
  /** Ends it; everybody finishes the attempt they are at. */
  stop(): Promise<void>
}

/** Three people send clips, no two alike, and three file incidents; nobody tries anything twice. */
export async function startLabour(estate: Estate): Promise<Labour> {
  const operator = await estate.as('store-operator', 'custodian')
  const into = await recordIncident(estate)
  const clip = await readFile(await makeClip({}))
  const attempts: Attempt[] = []
  let over = false

  async function person(task: () => () => Promise<unknown>): Promise<void> {
    while (!over) {
      const attempt: Attempt = { send: task(), refusals: [], acknowledged: false }
      attempts.push(attempt)
      await tryOnce(attempt)
      // A refusal comes at once where nothing listens, and asks for patience.
      if (!attempt.acknowledged) await delay(400)
    }
  }

  const sendClip = () => {
    const body = distinct(clip)
    const headers = { 'content-type': 'application/octet-stream', 'idempotency-key': randomUUID() }
    return async () =>
      (await operator.send('POST', `/v1/incidents/${into}/exhibits`, { body, headers } as RequestInit)).json()
  }
  const fileIncident = () => {
    const key = { 'idempotency-key': randomUUID() }
    return () => operator.json('POST', '/v1/incidents', incident, key)
  }
  const all = Promise.all([sendClip, sendClip, sendClip, fileIncident, fileIncident, fileIncident].map(person))
  return {
    attempts,
    async stop() {
      over = true
      await all
    },
  }
}

async function tryOnce(attempt: Attempt): Promise<void> {
  try {
    const answer = (await attempt.send()) as Partial<Receipt>
    if (answer.exhibitNumber !== undefined) attempt.receipt = answer as Receipt
    attempt.acknowledged = true
  } catch (error) {
    attempt.refusals.push(error instanceof ApiProblem ? `${error.problem.status} ${error.problem.type}` : String(error))
  }
}

export interface Tally {
  readonly tries: number
  readonly acknowledged: number
  readonly refused: number
  /** Acknowledged, and not there afterwards. */
  readonly lost: number
  /** Neither acknowledged nor 503. */
  readonly strange: readonly string[]
}

/**
 * Afterwards, with the database well again: what was acknowledged is there, to the last byte; what was not is done when it is tried again
 * with its key, once; the ledger verifies from its exported files. Prints the one line that docs/benchmarks.md keeps.
 */
export async function settle(estate: Estate, { attempts }: Labour, fault: string): Promise<Tally> {
  const first = attempts.map(({ acknowledged }) => acknowledged)
  const refusals = attempts.flatMap(attempt => attempt.refusals)
  const receipts = attempts.flatMap(({ receipt }) => receipt ?? [])
  let lost = 0
  await together(receipts, async receipt => {
    if (!(await isWhole(estate, receipt))) lost++
  })
  await together(
    attempts.filter(({ acknowledged }) => !acknowledged),
    tryOnce,
  )
  expect(attempts.filter(({ acknowledged }) => !acknowledged).map(attempt => attempt.refusals)).toEqual([])

  const exhibits = attempts.flatMap(({ receipt }) => receipt ?? [])
  const [row] = await rowsOf(estate.service.database, sql`select count(*)::int as count from intake.exhibits`)
  expect({ exhibits: row?.count }).toEqual({ exhibits: exhibits.length })
  expect(new Set(exhibits.map(({ exhibitNumber }) => exhibitNumber)).size).toBe(exhibits.length)
  const { size } = await checkLog(estate.service.ledger)
  expect(size).toBeGreaterThanOrEqual(attempts.length)

  const tally: Tally = {
    tries: attempts.length,
    acknowledged: first.filter(Boolean).length,
    refused: refusals.filter(text => text.startsWith('503 ')).length,
    lost,
    strange: refusals.filter(text => !text.startsWith('503 ')),
  }
  process.stdout.write(
    `${fault}: ${tally.tries} tries, ${tally.acknowledged} acknowledged, ${tally.refused} answered 503, ${tally.strange.length} otherwise, ${lost} lost\n`,
  )
  return tally
}

/** Its row, its entry under a valid proof's index, and all its bytes. */
async function isWhole(estate: Estate, receipt: Receipt): Promise<boolean> {
  const { ledger, vault, houseChain } = estate.service
  try {
    const chain = await ledger.chain(receipt.chain)
    if (chain[0]?.index !== receipt.ledgerIndex) return false
    const who = { subject: 'auditor-1', organisation: 'custodian', credential: 'none' }
    const recorded = await ledger.append({ chain: houseChain, req: newId(), ev: 'master.opened', who })
    const hash = createHash('sha256')
    for await (const piece of (await vault.open(receipt.clipRef, recorded)).stream) hash.update(piece)
    return hash.digest('hex') === receipt.sha256
  } catch {
    return false
  }
}

/** Four at a time. */
async function together<T>(items: readonly T[], work: (item: T) => Promise<void>): Promise<void> {
  const queue = [...items]
  const worker = async () => {
    for (let item = queue.shift(); item !== undefined; item = queue.shift()) await work(item)
  }
  await Promise.all([worker(), worker(), worker(), worker()])
}

let made = 0

/** The same video in other bytes: a box that players skip is added at its end (ISO/IEC 14496-12, 8.1.2). */
function distinct(clip: Buffer): Buffer {
  const box = Buffer.alloc(24)
  box.writeUInt32BE(24)
  box.write('free', 4, 'latin1')
  box.writeUInt32BE(++made, 8)
  return Buffer.concat([clip, box])
}

/** Until `ask` answers true, asked ten times a second. */
export async function until(ask: () => Promise<boolean>): Promise<void> {
  while (!(await ask().catch(() => false))) await delay(100)
}
