/** Derivatives and packages: whatever row names one, it opens, as long as its exhibit has not been disposed of. */
import { eq, isNull } from 'drizzle-orm'
import { derivatives, disclosures, requests } from '../../service/disclosure/tables.ts'
import { exhibits } from '../../service/intake/tables.ts'
import type { Service } from '../../service/service.ts'
import { type Find, look, opens } from './check-exhibits.ts'

export async function checkCopies(service: Service, find: Find): Promise<void> {
  const { db } = service
  const recorded = await look(service)
  const redacted = await db
    .select()
    .from(derivatives)
    .innerJoin(exhibits, eq(exhibits.exhibitNumber, derivatives.rootExhibitNumber))
    .where(isNull(exhibits.disposedAt))
  for (const { derivatives: each } of redacted)
    await opens(service, recorded, each.clipRef, each.sha256, `derivative ${each.exhibitNumber}`, find)

  const packed = await db
    .select({ disclosure: disclosures, disposedAt: exhibits.disposedAt })
    .from(disclosures)
    .innerJoin(requests, eq(requests.requestId, disclosures.requestId))
    .innerJoin(exhibits, eq(exhibits.exhibitNumber, requests.exhibitNumber))
  for (const { disclosure, disposedAt } of packed) {
    const { disclosureId, state, packageRef, packageSha256, failure } = disclosure
    if ((state === 'ready') !== (packageRef !== null))
      find(`disclosure ${disclosureId} is ${state}, its package ${packageRef}`)
    if (state === 'failed' && failure === null) find(`disclosure ${disclosureId} failed without a word`)
    if (packageRef !== null && disposedAt === null)
      await opens(service, recorded, packageRef, packageSha256!, `package of ${disclosureId}`, find)
  }
}
