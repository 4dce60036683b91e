import type { Ledger, Recorded } from '../custody/ledger.ts'
import { formatReceipt } from '../custody/receipt.ts'

/** One file that proves one act without asking here again: its entry, opened, with its inclusion proof. */
export async function receiptFor(ledger: Ledger, { chain, index }: Recorded): Promise<string> {
  const { bytes, openings } = (await ledger.chain(chain)).find(entry => entry.index === index)!
  return formatReceipt(await ledger.proof(index), bytes, openings)
}
