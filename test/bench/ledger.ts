/** Ledger appends on PGlite, one after another and many at once, against raw inserts of rows of the same size in the same run. */
import { randomBytes } from 'node:crypto'
import { parseArgs } from 'node:util'
import { sql } from 'drizzle-orm'
import type { Measurement } from '../../service/cli/bench.ts'
import { newId } from '../../service/custody/id.ts'
import { openEstate } from '../journeys/estate.ts'

export async function run(args: string[]): Promise<Measurement[]> {
  const { values } = parseArgs({ args, options: { count: { type: 'string', default: '300' } } })
  const count = Number(values.count)
  await using estate = await openEstate()
  const { ledger, db, database } = estate.service
  await database.script('create table bench_rows (id bigint generated always as identity, bytes bytea not null)')
  const insert = () =>
    db.transaction(tx => tx.execute(sql`insert into bench_rows (bytes) values (${randomBytes(1100)})`))
  const chain = newId()
  const append = () =>
    ledger.append({
      chain,
      req: newId(),
      ev: 'access.permitted',
      who: { subject: 's', organisation: 'o', credential: 'c' },
    })

  await append()
  const one = await perSecond(count, async n => {
    for (let i = 0; i < n; i++) await append()
  })
  const oneRaw = await perSecond(count, async n => {
    for (let i = 0; i < n; i++) await insert()
  })
  const many = await perSecond(count * 4, async n => void (await Promise.all(Array.from({ length: n }, append))))
  const manyRaw = await perSecond(count * 4, async n => void (await Promise.all(Array.from({ length: n }, insert))))
  return [
    { name: 'ledger.sequential', value: one, unit: 'appends/s', floor: oneRaw, ratio: one / oneRaw },
    { name: 'ledger.concurrent', value: many, unit: 'appends/s', floor: manyRaw, ratio: many / manyRaw },
  ]
}

async function perSecond(count: number, work: (count: number) => Promise<void>): Promise<number> {
  const began = performance.now()
  await work(count)
  return count / ((performance.now() - began) / 1000)
}
