/** The daily sweeps over many small objects in the folder store, against asking the store after each of them and no more. */
import { createHash } from 'node:crypto'
import { parseArgs } from 'node:util'
import type { Measurement } from '../../service/cli/bench.ts'
import { newId } from '../../service/custody/id.ts'
import { exhibits } from '../../service/intake/tables.ts'
import { sweep } from '../../service/oversight/sweep.ts'
import { openFolderStore } from '../../service/vault/folder-store.ts'
import { objects } from '../../service/vault/tables.ts'
import { openEstate, recordIncident } from '../journeys/estate.ts'
import { movingClock } from '../journeys/moving-clock.ts'

export async function run(args: string[]): Promise<Measurement[]> {
  const { values } = parseArgs({ args, options: { objects: { type: 'string', default: '500' } } })
  const count = Number(values.objects)
  const clock = movingClock(new Date().toISOString())
  await using estate = await openEstate({ nowSeconds: clock.nowSeconds })
  const { service } = estate
  const incidentId = await recordIncident(estate)
  for (let i = 0; i < count; i++) await seal(service, incidentId, i, clock.date())

  clock.forward(8 * 86_400)
  const store = await openFolderStore(`${estate.folder}/objects`)
  const rows = await service.db.select().from(objects)
  const floor = await seconds(async () => {
    for (const { region, objectKey, versionId } of rows) await store.head(region, objectKey, versionId!)
  })
  const measured: Measurement[] = []
  // Each lock is past its half, so that `locks` lengthens every one of them.
  for (const step of ['locks', 'inspect', 'unneeded']) {
    const spent = await seconds(async () => {
      const failed = await sweep(service, [step])
      if (failed.length > 0) throw new Error(`${failed} failed`)
    })
    const perSecond = { value: count / spent, unit: '/s', floor: count / floor, ratio: floor / spent }
    measured.push({ name: `sweep.${step}.objects`, ...perSecond })
  }
  return measured
}

/** An exhibit of a few bytes: the probe would take no such clip, and the sweeps do not look inside. */
async function seal(
  { vault, db }: Awaited<ReturnType<typeof openEstate>>['service'],
  incidentId: string,
  i: number,
  now: Date,
): Promise<void> {
  const bytes = Buffer.from(`object ${i} of a bench`)
  async function* body() {
    yield bytes
  }
  const days = (n: number) => new Date(now.getTime() + n * 86_400_000)
  const spooled = await vault.spool(body(), { region: 'local', maxBytes: 1e6 })
  const { clipRef } = await vault.store(spooled, { role: 'master', retainUntil: days(14) })
  await db.insert(exhibits).values({
    exhibitNumber: `EX-${i}`,
    incidentId,
    agencyId: 'agency-a',
    region: 'local',
    clipRef,
    sha256: createHash('sha256').update(bytes).digest('hex'),
    len: bytes.length,
    media: { container: 'none', codec: 'none', width: 0, height: 0, frames: 0, durationMs: 0, audioStreams: 0 },
    chain: newId(),
    req: newId(),
    retainUntil: days(365),
    createdAt: now,
  })
}

async function seconds(work: () => Promise<unknown>): Promise<number> {
  const began = performance.now()
  await work()
  return (performance.now() - began) / 1000
}
