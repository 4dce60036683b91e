/** Masters: every acknowledged exhibit is there, and each that was not disposed of opens to the bytes that were acquired. */
import { createHash } from 'node:crypto'
import { isNull } from 'drizzle-orm'
import { newId } from '../../service/custody/id.ts'
import type { Recorded } from '../../service/custody/recorded.ts'
import { type Exhibit, exhibits } from '../../service/intake/tables.ts'
import type { Service } from '../../service/service.ts'
import type { Acknowledged } from './protocol.ts'

export type Find = (what: string) => void

export async function checkExhibits(service: Service, known: Acknowledged, find: Find): Promise<void> {
  const rows = await service.db.select().from(exhibits)
  const byNumber = new Map(rows.map(row => [row.exhibitNumber, row]))
  for (const { exhibitNumber, sha256, clipRef, len, chain } of known.exhibits) {
    const row = byNumber.get(exhibitNumber)
    if (!row) find(`acknowledged exhibit ${exhibitNumber} is lost`)
    else if (row.sha256 !== sha256 || row.clipRef !== clipRef || row.len !== len || row.chain !== chain)
      find(`exhibit ${exhibitNumber} is not what its receipt says`)
  }
  for (const number of known.disposed)
    if (byNumber.get(number)?.disposedAt === null) find(`exhibit ${number} was disposed of and is back`)
  for (const [delivery, twins] of Object.entries(Object.groupBy(rows, row => `${row.incidentId} ${row.sha256}`)))
    if (twins!.length > 1) find(`one delivery (${delivery}) made ${twins!.length} exhibits`)

  const recorded = await look(service)
  const living = await service.db.select().from(exhibits).where(isNull(exhibits.disposedAt))
  for (const exhibit of onePerClip(living))
    await opens(service, recorded, exhibit.clipRef, exhibit.sha256, `exhibit ${exhibit.exhibitNumber}`, find)
}

/** An entry to open with. */
export async function look({ ledger, houseChain: chain }: Service): Promise<Recorded> {
  const who = { subject: 'auditor', organisation: 'custodian', credential: 'test' }
  return await ledger.append({ chain, req: newId(), ev: 'access.permitted', who })
}

export async function opens(
  { vault }: Service,
  recorded: Recorded,
  clipRef: string,
  sha256: string,
  what: string,
  find: Find,
): Promise<void> {
  try {
    const hash = createHash('sha256')
    for await (const piece of (await vault.open(clipRef, recorded)).stream) hash.update(piece)
    if (hash.digest('hex') !== sha256) find(`${what} opens to other bytes`)
  } catch (error) {
    find(`${what} does not open: ${error}`)
  }
}

function onePerClip(rows: readonly Exhibit[]): Exhibit[] {
  return [...new Map(rows.map(row => [row.clipRef, row])).values()]
}
