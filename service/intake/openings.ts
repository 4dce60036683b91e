/** Who may see what an entry says. The entries themselves everyone gets: without an opening they show that something happened, not what. */
import type { LedgerEntry } from '../custody/chain.ts'
import type { Field, Opening } from '../custody/commitment.ts'

/** Whose acquisition and redaction it was is the custodian's own affair. */
const derivation: readonly Field[] = ['ev', 'obj', 'from']

/** The custodian's own name as an organisation; its workers act under it too. */
export const custodian = 'custodian'

/** For a person who reads a chain: an auditor and the custodian see all, an agency what `recipientOpenings` grants it. */
export function openingsFor(
  chain: readonly LedgerEntry[],
  person: { readonly roles: readonly string[]; readonly organisation: string },
): (opening: Opening) => boolean {
  if (person.organisation === custodian || person.roles.includes('auditor')) return () => true
  return recipientOpenings(chain, person.organisation)
}

/**
 * For `Ledger.bundle`: `chain` is what `Ledger.chain` answered, `organisation` the recipient's, `copySha256` the digest of the
 * redacted copy it gets, if any: with it come the plan that the copy was rendered from and every edit that led to it. The entries of
 * another agency, and other copies of the same master, stay closed.
 */
export function recipientOpenings(
  chain: readonly LedgerEntry[],
  organisation: string,
  copySha256?: string,
): (opening: Opening) => boolean {
  const fieldsShown = new Map<number, readonly Field[] | 'all'>(
    copySha256 ? plansOf(chain, copySha256).map(index => [index, derivation]) : [],
  )
  for (const { index, openings } of chain) {
    const value = (field: Field) => openings.find(opening => opening.field === field)?.value
    const who = value('who') as { organisation?: string } | undefined
    const obj = value('obj') as { sha256?: string } | undefined
    const from = value('from') as { parent?: string } | undefined
    if (who?.organisation === organisation) fieldsShown.set(index, 'all')
    else if (value('ev') === 'exhibit.acquired') fieldsShown.set(index, derivation)
    else if (copySha256 && value('ev') === 'exhibit.redacted' && obj?.sha256 === copySha256)
      fieldsShown.set(index, derivation)
    else if (copySha256 && value('ev') === 'redaction.reviewed' && from?.parent === copySha256)
      fieldsShown.set(index, [...derivation, 'pol'])
  }
  return ({ index, field }) => {
    const shown = fieldsShown.get(index)
    return shown === 'all' || shown?.includes(field) === true
  }
}

/** Indices of the entries that recorded the plan of a copy, newest first: its edits by persons, back to the one that detectors made. */
function plansOf(chain: readonly LedgerEntry[], copySha256: string): number[] {
  const said = chain.map(({ index, openings }) => {
    const value = (field: Field) => openings.find(opening => opening.field === field)?.value
    const obj = value('obj') as { sha256?: string } | undefined
    const from = value('from') as { plan?: string } | undefined
    return { index, ev: value('ev'), sha256: obj?.sha256, plan: from?.plan }
  })
  const at = said.findLastIndex(({ ev, sha256 }) => ev === 'exhibit.redacted' && sha256 === copySha256)
  const found: number[] = []
  let wanted = said[at]?.plan
  for (const { index, ev, sha256, plan } of said.slice(0, Math.max(0, at)).reverse()) {
    if (wanted === undefined || ev !== 'redaction.planned' || sha256 !== wanted) continue
    found.push(index)
    wanted = plan
  }
  return found
}
