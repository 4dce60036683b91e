import { readFile } from 'node:fs/promises'
import type { NoteSigner } from './custody/ledger.ts'
import { generateSigningKey, openSigner } from './custody/signer.ts'
import { makeOnce } from './make-once.ts'

/** The ledger's signing key from its file (PKCS#8 PEM, 0600), made the first time. Whoever holds it can sign a second history: docs/trust.md. */
export async function readLedgerKey(file: string, origin: string): Promise<NoteSigner> {
  await makeOnce(file, generateSigningKey)
  return openSigner(origin, await readFile(file, 'utf8'))
}
