import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import type { NoteSigner } from './custody/ledger.ts'
import { generateSigningKey, openSigner } from './custody/signer.ts'

/** The ledger's signing key from its file (PKCS#8 PEM, 0600), made the first time. Whoever holds it can sign a second history: docs/trust.md. */
export async function readLedgerKey(file: string, origin: string): Promise<NoteSigner> {
  await mkdir(dirname(file), { recursive: true, mode: 0o700 })
  await writeFile(file, generateSigningKey(), { flag: 'wx', mode: 0o600 }).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'EEXIST') throw error
  })
  return openSigner(origin, await readFile(file, 'utf8'))
}
