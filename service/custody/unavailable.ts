/** The ledger cannot record or prove this now. Nothing may be done that rests on it; a retry of the same act is safe. */
export class LedgerUnavailable extends Error {
  override readonly name = 'LedgerUnavailable'
}

/** What the database holds contradicts what was written or signed. The ledger stops until a person has looked. */
export class LedgerCorrupt extends LedgerUnavailable {}
