/** A clip whose sealed object was lost is delivered again. */
import { randomUUID } from 'node:crypto'
import { expect, test } from 'vitest'
import { findIncident } from '../../service/intake/incidents.ts'
import type { ObjectStore } from '../../service/vault/object-store.ts'
import { recorded } from '../vault/recorded.ts'
import { collect } from '../vault/streams.ts'
import { makeClip } from './clips.ts'
import { acquireClip, openEstate, recordIncident } from './estate.ts'

/** What stood there when `lose` was called is gone from then on. */
function losing() {
  let lost: ((versionId: string) => boolean) | undefined
  const seen = new Set<string>()
  const note = <T extends { versionId: string } | undefined>(version: T): T | undefined => {
    if (version && lost?.(version.versionId)) return undefined
    if (version) seen.add(version.versionId)
    return version
  }
  return {
    lose() {
      const gone = new Set(seen)
      lost = id => gone.has(id)
    },
    objects: (_: string, real: ObjectStore): ObjectStore => ({
      ...real,
      head: async (...args) => note(await real.head(...args)),
      versions: async (...args) => (await real.versions(...args)).filter(version => note(version) !== undefined),
    }),
  }
}

test('it mends every exhibit of the clip, and the loss stands on the chain of the incident that brought it', async () => {
  const { lose, objects } = losing()
  await using estate = await openEstate({ engines: { objects } })
  const { service } = estate
  const clip = await makeClip()
  const first = await acquireClip(estate, await recordIncident(estate), clip)
  lose()
  const opening = service.vault.open(first.clipRef, recorded())
  await expect(opening).rejects.toMatchObject({ name: 'IntegrityFailed' })

  const incidentId = await recordIncident(estate)
  const second = await acquireClip(estate, incidentId, clip, { 'idempotency-key': randomUUID() })
  expect(second).toMatchObject({ clipRef: first.clipRef, sha256: first.sha256 })
  expect(second.exhibitNumber).not.toBe(first.exhibitNumber)
  const { sha256, len, stream } = await service.vault.open(first.clipRef, recorded())
  expect(sha256).toBe(first.sha256)
  expect(await collect(stream)).toHaveLength(len)

  const { chainOfCustodyId } = (await findIncident(service.db, incidentId))!
  const entries = await service.ledger.chain(chainOfCustodyId)
  const said = entries.map(e => Object.fromEntries(e.openings.map(({ field, value }) => [field, value])))
  expect(said.filter(({ ev }) => ev === 'integrity.failed')).toMatchObject([{ pol: { reasons: ['object.missing'] } }])
})
