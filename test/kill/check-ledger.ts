/** The log verifies from its files, contains every head that a receipt vouched for, and has an entry for every act, once. */

import { pending } from '../../service/custody/tables.ts'
import { leafHash } from '../../service/custody/tree.ts'
import { copiesOf } from '../../service/disclosure/copies.ts'
import { derivatives, disclosures, requests } from '../../service/disclosure/tables.ts'
import { exhibits } from '../../service/intake/tables.ts'
import type { Service } from '../../service/service.ts'
import { objects } from '../../service/vault/tables.ts'
import { checkLog } from '../custody/check-log.ts'
import { merkleRoot } from '../custody/merkle-root.ts'
import type { Find } from './check-exhibits.ts'
import type { Acknowledged } from './protocol.ts'

interface Said {
  readonly index: number
  readonly ev: unknown
  readonly role: unknown
}

/** Answers how many entries there are. */
export async function checkLedger(service: Service, known: Acknowledged, find: Find): Promise<number> {
  const waiting = await service.db.select().from(pending)
  if (waiting.length > 0) find(`${waiting.length} acts have no number`)
  const log = await checkLog(service.ledger).catch(error => {
    find(`the log does not verify: ${error}`)
    return { size: 0, entries: [] as Uint8Array[] }
  })
  const leaves = log.entries.map(leafHash)
  for (const { size, root } of known.heads) {
    const now = size <= leaves.length && Buffer.from(merkleRoot(leaves.slice(0, size))).toString('base64')
    if (now !== root) find(`the log no longer has the head of size ${size} that a receipt vouched for`)
  }
  await checkChains(service, known, find)
  return log.size
}

async function checkChains(service: Service, known: Acknowledged, find: Find): Promise<void> {
  const { db } = service
  const [redacted, told, asked] = [
    await db.select().from(derivatives),
    await db.select().from(disclosures),
    await db.select().from(requests),
  ]
  const receipts = new Map(known.exhibits.map(each => [each.exhibitNumber, each]))
  for (const { exhibitNumber, chain, disposedAt } of await db.select().from(exhibits)) {
    const said = await saidOn(service, chain)
    const count = (ev: string, role?: string) =>
      said.filter(entry => entry.ev === ev && (role === undefined || entry.role === role)).length
    const expect = (ev: string, times: number, role?: string) => {
      if (count(ev, role) !== times) find(`exhibit ${exhibitNumber} has ${count(ev, role)} entries ${ev}, not ${times}`)
    }
    expect('exhibit.acquired', 1)
    expect('exhibit.disposed', disposedAt === null ? 0 : 1)
    expect('exhibit.redacted', redacted.filter(row => row.rootExhibitNumber === exhibitNumber).length)
    expect('redaction.planned', redacted.filter(row => row.rootExhibitNumber === exhibitNumber).length)
    const filed = asked.filter(row => row.exhibitNumber === exhibitNumber)
    expect('request.received', filed.length)
    expect('request.approved', filed.length)
    const mine = told.filter(row => row.chain === chain)
    expect('disclosure.prepared', mine.filter(row => row.state === 'ready').length)
    const downloads = filed.reduce((sum, row) => sum + row.downloads, 0)
    expect('access.permitted', downloads, 'package')
    const arrived = known.disclosures.filter(d => mine.some(row => row.disclosureId === d.disclosureId))
    const whole = arrived.reduce((sum, each) => sum + each.downloads, 0)
    if (downloads < whole) find(`${whole} packages arrived for ${exhibitNumber}, ${downloads} are recorded`)
    const receipt = receipts.get(exhibitNumber)
    if (receipt && said.find(entry => entry.ev === 'exhibit.acquired')?.index !== receipt.ledgerIndex)
      find(`the entry of ${exhibitNumber} is not where its receipt says`)
  }
  for (const { requestId } of known.requests)
    if (!asked.some(row => row.requestId === requestId)) find(`acknowledged request ${requestId} is lost`)
  for (const { disclosureId, sha256 } of known.disclosures) {
    const row = told.find(each => each.disclosureId === disclosureId)
    if (!row) find(`acknowledged disclosure ${disclosureId} is lost`)
    else if (sha256 !== undefined && row.packageSha256 !== sha256) find(`the package of ${disclosureId} has changed`)
  }
  await checkUnneeded(service, find)
}

/** What was destroyed without an exhibit has its entries on the house's chain. */
async function checkUnneeded(service: Service, find: Find): Promise<void> {
  const { db } = service
  const withExhibits = new Set<string>()
  for (const { exhibitNumber, clipRef, disposedAt } of await db.select().from(exhibits)) {
    if (disposedAt === null) continue
    for (const ref of [clipRef, ...(await copiesOf(db, exhibitNumber))]) withExhibits.add(`${ref} ${+disposedAt}`)
  }
  const gone = (await db.select().from(objects)).filter(row => row.disposedAt !== null)
  const alone = gone.filter(row => !withExhibits.has(`${row.clipRef} ${+row.disposedAt!}`)).length
  const said = (await saidOn(service, service.houseChain)).filter(entry => entry.ev === 'exhibit.disposed').length
  if (alone !== said) find(`${alone} objects were destroyed as unneeded, and ${said} entries say so`)
}

async function saidOn({ ledger }: Service, chain: string): Promise<Said[]> {
  return (await ledger.chain(chain)).map(({ index, openings }) => {
    const value = (field: string) => openings.find(each => each.field === field)?.value
    return { index, ev: value('ev'), role: (value('obj') as { role?: string } | undefined)?.role }
  })
}
