/** Who may see what an entry says. The entries themselves everyone gets: without an opening they show that something happened, not what. */
import type { Opening } from '../custody/commitment.ts'
import type { Ledger } from '../custody/ledger.ts'

/** The custodian's own name as an organisation; its workers act under it too. */
export const custodian = 'custodian'

/**
 * For `Ledger.bundle`. An auditor and the custodian see all; an agency sees its own acts and the custodian's, so that another agency's
 * interest in an exhibit does not show.
 */
export async function openingsFor(
  ledger: Ledger,
  chain: string,
  person: { readonly roles: readonly string[]; readonly organisation: string },
): Promise<(opening: Opening) => boolean> {
  if (person.organisation === custodian || person.roles.includes('auditor')) return () => true
  const visible = new Set<number>()
  for (const { index, openings } of await ledger.chain(chain)) {
    const who = openings.find(opening => opening.field === 'who')?.value as { organisation?: string } | undefined
    if (who?.organisation === custodian || who?.organisation === person.organisation) visible.add(index)
  }
  return opening => visible.has(opening.index)
}
