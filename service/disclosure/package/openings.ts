/** Which openings a package carries: its recipient's own acts, and of everyone else's only what the copy's derivation needs. */
import type { LedgerEntry } from '../../custody/chain.ts'
import type { Field, Opening } from '../../custody/commitment.ts'

/** Whose acquisition and redaction it was is the custodian's own affair. */
const derivation: readonly Field[] = ['ev', 'obj', 'from']

/**
 * For `Ledger.bundle`: `chain` is what `Ledger.chain` answered, `organisation` the recipient's, `copySha256` the redacted copy's. The
 * entries of another agency, and other copies of the same master, stay closed.
 */
export function recipientOpenings(
  chain: readonly LedgerEntry[],
  organisation: string,
  copySha256: string,
): (opening: Opening) => boolean {
  const fieldsShown = new Map<number, readonly Field[] | 'all'>()
  for (const { index, openings } of chain) {
    const value = (field: Field) => openings.find(opening => opening.field === field)?.value
    const who = value('who') as { organisation?: string } | undefined
    const obj = value('obj') as { sha256?: string } | undefined
    const from = value('from') as { parent?: string } | undefined
    if (who?.organisation === organisation) fieldsShown.set(index, 'all')
    else if (value('ev') === 'exhibit.acquired') fieldsShown.set(index, derivation)
    else if (value('ev') === 'exhibit.redacted' && obj?.sha256 === copySha256) fieldsShown.set(index, derivation)
    else if (value('ev') === 'redaction.reviewed' && from?.parent === copySha256)
      fieldsShown.set(index, [...derivation, 'pol'])
  }
  return ({ index, field }) => {
    const shown = fieldsShown.get(index)
    return shown === 'all' || shown?.includes(field) === true
  }
}
