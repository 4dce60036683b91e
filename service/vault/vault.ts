/** hash <-> bytes: what goes in is sealed and locked, and what comes out is recorded first. */
import { mkdtemp } from 'node:fs/promises'
import { join } from 'node:path'
import type { Recorded } from '../custody/recorded.ts'
import type { Db } from '../db.ts'
import { makeFolder } from './durable.ts'
import type { KeyService } from './keys.ts'
import type { ObjectStore } from './object-store.ts'
import { type ByteRange, type Opened, open } from './read.ts'
import { type RecoverOptions, type Recovery, recover } from './recover.ts'
import { makeReference, type Reference } from './reference.ts'
import { type Spooled, type SpoolOptions, spool } from './spool.ts'
import { type StoredObject, type StoreOptions, store } from './store.ts'
import { makeTurns } from './turns.ts'

export { IntegrityFailed } from './integrity.ts'
export type { ByteRange, Opened, RecoverOptions, Recovery, Spooled, SpoolOptions, StoredObject, StoreOptions }

export interface Vault {
  /** Takes a body in: digest, limit, sealed file. Problems `body-empty`, `clip-too-large`, `unavailable`. */
  spool(body: AsyncIterable<Uint8Array>, options: SpoolOptions): Promise<Spooled>
  /** Once it returns, the clip survives. The same clip twice in a region is one object. Problem `unavailable`; IntegrityFailed. */
  store(spooled: Spooled, options: StoreOptions): Promise<StoredObject>
  /** The only door to plaintext. Problems `not-found`, `range-not-satisfiable`, `unavailable`; TypeError; IntegrityFailed. */
  open(clipRef: string, recorded: Recorded, range?: ByteRange): Promise<Opened>
  readonly reference: Reference
  /** A fresh folder (0700) for plaintext that a tool must see as a file. Its maker removes it; `recover` does after a crash. */
  workFolder(): Promise<string>
  /** At start-up, and as a sweep. */
  recover(options?: RecoverOptions): Promise<Recovery>
}

export interface VaultParts {
  readonly db: Db
  readonly objects: ObjectStore
  readonly keys: KeyService
  /** Sealed spool files and work folders; processes of one database may share it. */
  readonly scratchDir: string
}

export async function openVault(parts: VaultParts): Promise<Vault> {
  await makeFolder(parts.scratchDir)
  const reference = makeReference(parts.db, parts.keys)
  // A storm of retries of one clip puts it once; between processes the store's write-once key does the same.
  const inTurn = makeTurns()
  return {
    spool: (body, options) => spool(body, options, { ...parts, reference }),
    store: (spooled, options) => inTurn(spooled.clipRef, () => store(parts, spooled, options)),
    open: (clipRef, recorded, range) => open(parts, clipRef, recorded, range),
    reference,
    workFolder: () => mkdtemp(join(parts.scratchDir, 'work-')),
    recover: options => recover(parts, options),
  }
}
