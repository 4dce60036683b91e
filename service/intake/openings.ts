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

/** Of a redacted copy. Two plans may make the same bytes; the certificate names the plan too. */
export interface CopyDigests {
  readonly sha256: string
  readonly certificate: string
}

/**
 * For `Ledger.bundle`: `chain` is what `Ledger.chain` answered, `organisation` the recipient's, `copy` the redacted copy it gets, if
 * any: with it come the plan that the copy was rendered from and every edit that led to it. The entries of another agency, and other
 * copies of the same master, stay closed.
 */
export function recipientOpenings(
  chain: readonly LedgerEntry[],
  organisation: string,
  copy?: CopyDigests,
): (opening: Opening) => boolean {
  const isOf = certifiedBy(chain, copy)
  const fieldsShown = new Map<number, readonly Field[] | 'all'>(
    copy ? plansOf(chain, copy).map(index => [index, derivation]) : [],
  )
  for (const { index, openings } of chain) {
    const value = (field: Field) => openings.find(opening => opening.field === field)?.value
    const who = value('who') as { organisation?: string } | undefined
    const obj = value('obj') as { sha256?: string } | undefined
    const from = value('from') as { parent?: string; certificate?: string } | undefined
    const isOfCopy = copy !== undefined && isOf(from?.certificate)
    if (who?.organisation === organisation) fieldsShown.set(index, 'all')
    else if (value('ev') === 'exhibit.acquired') fieldsShown.set(index, derivation)
    else if (isOfCopy && value('ev') === 'exhibit.redacted' && obj?.sha256 === copy.sha256)
      fieldsShown.set(index, derivation)
    else if (isOfCopy && value('ev') === 'redaction.reviewed' && from?.parent === copy.sha256)
      fieldsShown.set(index, [...derivation, 'pol'])
  }
  return ({ index, field }) => {
    const shown = fieldsShown.get(index)
    return shown === 'all' || shown?.includes(field) === true
  }
}

/** Where no entry knows the certificate any entry of these bytes will do, so that whoever verifies sees what is amiss. */
function certifiedBy(chain: readonly LedgerEntry[], copy: CopyDigests | undefined) {
  const known = chain.some(({ openings }) =>
    openings.some(({ field, value }) => {
      const from = value as { plan?: string; certificate?: string } | undefined
      return field === 'from' && from?.plan !== undefined && from.certificate === copy?.certificate
    }),
  )
  return (certificate: string | undefined) => !known || certificate === copy?.certificate
}

/** Indices of the entries that recorded the plan of a copy, newest first: its edits by persons, back to the one that detectors made. */
function plansOf(chain: readonly LedgerEntry[], copy: CopyDigests): number[] {
  const said = chain.map(({ index, openings }) => {
    const value = (field: Field) => openings.find(opening => opening.field === field)?.value
    const obj = value('obj') as { sha256?: string } | undefined
    const from = value('from') as { plan?: string; certificate?: string } | undefined
    return { index, ev: value('ev'), sha256: obj?.sha256, plan: from?.plan, certificate: from?.certificate }
  })
  const isOf = certifiedBy(chain, copy)
  let at = said.findLastIndex(
    ({ ev, sha256, certificate }) => ev === 'exhibit.redacted' && sha256 === copy.sha256 && isOf(certificate),
  )
  const found: number[] = []
  for (let wanted = said[at]?.plan; wanted !== undefined; wanted = said[at]?.plan) {
    const saying = said.slice(0, at).filter(({ ev, sha256 }) => ev === 'redaction.planned' && sha256 === wanted)
    // What detectors made is theirs, however often persons changed it and changed it back.
    const one = saying.find(({ plan }) => plan === undefined) ?? saying.at(-1)
    if (!one) break
    found.push(one.index)
    at = said.indexOf(one)
  }
  return found
}
