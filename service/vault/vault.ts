/** hash <-> bytes: what goes in is sealed and locked, and what comes out is recorded first. */
import type { Recorded } from '../custody/recorded.ts'
import type { Db, Tx } from '../db.ts'
import { makeTurns } from '../turns.ts'
import { claim, destroy, pin, type Removal, removeDisposed } from './dispose.ts'
import { makeFolder } from './durable.ts'
import { type Fault, type Inspection, type InspectOptions, inspect, type Rereading, reread } from './inspect.ts'
import { type Keeping, keep, type LivingObject, livingObjects } from './keep.ts'
import type { KeyService } from './keys.ts'
import type { ObjectStore } from './object-store.ts'
import { type ByteRange, type Opened, open } from './read.ts'
import { type RecoverOptions, type Recovery, recover } from './recover.ts'
import { makeReference, type Reference } from './reference.ts'
import { type Spooled, type SpoolOptions, spool } from './spool.ts'
import { type StoredObject, type StoreOptions, store } from './store.ts'
import { removeStrangers, type StrangersFound } from './strangers.ts'
import { makeWorkFolders, type WorkFolder } from './work-folders.ts'

export { IntegrityFailed } from './integrity.ts'
export type {
  ByteRange,
  Fault,
  LivingObject,
  Opened,
  RecoverOptions,
  Recovery,
  Spooled,
  SpoolOptions,
  StoredObject,
  StoreOptions,
}

export interface Vault {
  /** Takes a body in: digest, limit, sealed file. Problems `body-empty`, `clip-too-large`, `unavailable`. */
  spool(body: AsyncIterable<Uint8Array>, options: SpoolOptions): Promise<Spooled>
  /** Once it returns, the clip survives. The same clip twice in a region is one object, and mends the first where that is lost. Problem `unavailable`; IntegrityFailed. */
  store(spooled: Spooled, options: StoreOptions): Promise<StoredObject>
  /** The only door to plaintext. Problems `not-found`, `range-not-satisfiable`, `unavailable`; TypeError; IntegrityFailed. */
  open(clipRef: string, recorded: Recorded, range?: ByteRange): Promise<Opened>
  readonly reference: Reference
  /** A fresh folder for plaintext that a tool must see as a file. Its maker disposes of it; `recover` does after a crash. */
  workFolder(): Promise<WorkFolder>
  /** At start-up, and as a sweep. */
  recover(options?: RecoverOptions): Promise<Recovery>
  /** Where a row that names the objects is written: they cannot be disposed of until `tx` ends. Problem `unavailable` when one is gone. */
  pin(tx: Tx, ...clipRefs: string[]): Promise<void>
  /** Keeps others from pinning it until `tx` ends. False when there is no such object. */
  claim(tx: Tx, clipRef: string): Promise<boolean>
  /** Destroys the data key when `tx` commits. False when there is no such object. */
  destroy(tx: Tx, clipRef: string, at: Date): Promise<boolean>
  /** Removes the bytes of disposed objects whose locks have ended. */
  removeDisposed(now: Date): Promise<Removal>
  /** Removes what stands in the store, was put before then, and is known to no row. */
  removeStrangers(region: string, before: Date): Promise<StrangersFound>
  livingObjects(after: string, limit: number): Promise<LivingObject[]>
  /** Lengthens the lock, sets or lifts the store's hold. Problem `unavailable`; IntegrityFailed. */
  keep(clipRef: string, keeping: Keeping): Promise<void>
  /** The rolling look at what is stored: is it there, and locked. */
  inspect(options: InspectOptions): Promise<Inspection>
  /** And is it what it was. */
  reread(options: InspectOptions & { mostBytes: number }): Promise<Rereading>
}

export interface VaultParts {
  readonly db: Db
  readonly objects: ObjectStore
  readonly keys: KeyService
  /** Sealed spool files and work folders; processes of one database may share it. */
  readonly scratchDir: string
  /** One at a time for a name, among all processes. */
  readonly exclusive: <T>(name: string, work: () => Promise<T>) => Promise<T>
}

/** A clip of 5 GB that is put at 20 MB/s takes 250 s; whoever waits longer is told to come back. */
const turnMs = 300_000

export async function openVault(parts: VaultParts): Promise<Vault> {
  await makeFolder(parts.scratchDir)
  const reference = makeReference(parts.db, parts.keys)
  // A storm of retries of one clip puts it once; between processes the store's write-once key does the same.
  const inTurn = makeTurns(1, turnMs)
  const folders = makeWorkFolders(parts.scratchDir)
  return {
    spool: (body, options) => spool(body, options, { ...parts, reference }),
    store: (spooled, options) => inTurn(spooled.clipRef, () => store(parts, spooled, options)),
    open: (clipRef, recorded, range) => open(parts, clipRef, recorded, range),
    reference,
    workFolder: folders.make,
    recover: options => recover({ ...parts, folders }, options),
    pin,
    claim,
    destroy,
    removeDisposed: now => removeDisposed(parts, now),
    removeStrangers: (region, before) => removeStrangers(parts, region, before),
    livingObjects: (after, limit) => livingObjects(parts, after, limit),
    keep: (clipRef, keeping) => keep(parts, clipRef, keeping),
    inspect: options => inspect(parts, options),
    reread: options => reread(parts, options),
  }
}
