import type { Act } from '../custody/act.ts'
import { newId } from '../custody/id.ts'
import type { Ledger } from '../custody/ledger.ts'
import { IntegrityFailed } from '../vault/vault.ts'

/** A sealed object that is not what it was is an entry of its own, on the chain of what was asked for. Other errors pass by. */
export async function recordIntegrity(
  ledger: Ledger,
  act: Pick<Act, 'chain' | 'who' | 'obj'>,
  error: unknown,
): Promise<void> {
  if (!(error instanceof IntegrityFailed)) return
  const { chain, who, obj } = act
  await ledger.append({ chain, req: newId(), ev: 'integrity.failed', who, ...(obj && { obj }) })
}
