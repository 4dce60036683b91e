import type { Field } from './commitment.ts'
import type { Ledger } from './ledger.ts'
import { formatReceipt } from './receipt.ts'

/** The receipt of one entry at the newest checkpoint, opening `fields` of it as far as they still can be. Throws a RangeError for an entry that is not there. */
export async function receiptOf(
  ledger: Pick<Ledger, 'chain' | 'proof'>,
  entry: { readonly chain: string; readonly index: number },
  fields: readonly Field[] = ['ev', 'obj', 'from'],
): Promise<string> {
  const found = (await ledger.chain(entry.chain)).find(({ index }) => index === entry.index)
  if (!found) throw new RangeError(`the chain has no entry ${entry.index}`)
  const openings = found.openings.filter(({ field }) => fields.includes(field))
  return formatReceipt(await ledger.proof(entry.index), found.bytes, openings)
}
