/** What was recorded before there were jurisdictions and holds stays what it was. */
import { readdir, readFile } from 'node:fs/promises'
import { expect, test } from 'vitest'
import { openDatabase } from '../../service/db.ts'
import { findExhibit } from '../../service/intake/exhibits.ts'
import { exhibitFacts } from '../../service/intake/facts.ts'
import { holds } from '../../service/intake/tables.ts'
import { loadPolicy } from '../../service/policy/policy.ts'

test('an exhibit from before has the schedule for everywhere, is kept and unheld, and can be disposed of when it is over', async () => {
  await using database = await openDatabase('memory:')
  const names = (await readdir('migrations')).filter(name => name.endsWith('.sql')).sort()
  const apply = async (chosen: string[]) => {
    for (const name of chosen) await database.script(await readFile(`migrations/${name}`, 'utf8'))
  }
  await apply(names.filter(name => name < '0008'))
  await database.script(`
    insert into intake.incidents values ('IN-1', 'agency-a', '2026-01-01', 'store-1', 'local', '{cam-1}', 'anon_0123456789abcdef',
      'theft', 'medium', repeat('0', 32), 'o', repeat('1', 32), '2026-01-01T00:00:00Z');
    insert into intake.exhibits values ('EX-1', 'IN-1', 'agency-a', 'local', 'ref', 'sha', 1, '{}', repeat('2', 32), repeat('3', 32),
      '2027-01-01T00:00:00Z', '2026-01-01T00:00:00Z');`)
  await apply(names.filter(name => name >= '0008'))

  const end = Date.parse('2027-01-01T00:00:00Z') / 1000
  const exhibit = await findExhibit({ db: database.db, nowSeconds: () => end }, 'EX-1')
  const facts = exhibitFacts(exhibit)
  expect(facts).toMatchObject({
    jurisdiction: 'default',
    state: 'kept',
    hold: false,
    severity: 'medium',
    retainUntil: end,
  })
  const worker = { subject: 'worker', roles: ['worker' as const], organisation: 'custodian', assurance: 1 }
  const { decide } = await loadPolicy()
  const dispose = (time: number) =>
    decide('access', { action: 'exhibit.dispose', ...worker, time, exhibit: facts }).reasons
  expect(dispose(end - 1)).toEqual(['retention.running'])
  expect(dispose(end)).toEqual([])
  expect(await database.db.select().from(holds)).toEqual([])
})

test('a row that does not say where it happened is refused from then on', async () => {
  await using database = await openDatabase('memory:')
  for (const name of (await readdir('migrations')).sort()) {
    if (name.endsWith('.sql')) await database.script(await readFile(`migrations/${name}`, 'utf8'))
  }
  const inserting = database.script(`
    insert into intake.incidents (incident_id, agency_id, timestamp_utc, location_id, region, device_ids, reporter_id, incident_type,
      severity, chain_of_custody_id, recorded_by, req)
    values ('IN-1', 'agency-a', now(), 'store-1', 'local', '{cam-1}', 'anon_0123456789abcdef', 'theft', 'low', 'c', 'o', 'r')`)
  await expect(inserting).rejects.toThrow('jurisdiction')
})
