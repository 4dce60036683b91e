/** The custody ledger: acts in, proofs out. What its entries and files look like stands in docs/formats/. */
import type { Db, Tx } from '../db.ts'
import type { Act } from './act.ts'
import { type BundleOptions, bundleChain, type ChainBundle, type LedgerEntry, readChain } from './chain.ts'
import type { EventName } from './events.ts'
import { exportLog } from './export.ts'
import { formatVerifierKey, type NoteSigner } from './note.ts'
import { publishHead } from './publish.ts'
import { createQueue } from './queue.ts'
import { currentCheckpoint, proveConsistency, proveInclusion, readBundle, readTile } from './read.ts'
import type { Recorded } from './recorded.ts'
import { type ActKey, sequencePending } from './sequence.ts'
import { type OpeningCipher, stageAct } from './stage.ts'
import { tileWidth } from './tiles.ts'

export type { Act, ObjectRole } from './act.ts'
export type { BundleOptions, ChainBundle, LedgerEntry } from './chain.ts'
export type { NoteSigner } from './note.ts'
export { Recorded } from './recorded.ts'
export type { OpeningCipher } from './stage.ts'
export { LedgerUnavailable } from './unavailable.ts'

declare const staged: unique symbol

/** An act whose pending row is written but perhaps not yet committed. Only `Ledger.stage` makes one. */
export interface Staged extends ActKey {
  readonly [staged]: true
}

export interface LedgerOptions {
  readonly db: Db
  /** The log's name, a schema-less URL without spaces or plus, and the name of its key. */
  readonly origin: string
  readonly signer: NoteSigner
  readonly openings: OpeningCipher
  /** Milliseconds since 1970. */
  readonly clock?: () => number
  /** How far the clock may stand behind the newest entry before nothing is recorded any more. */
  readonly backwardsToleranceMs?: number
  /** How many acts may wait for their number before new ones are turned away. */
  readonly maxWaiting?: number
  /** How long one waits before it is told that the ledger is unavailable. */
  readonly deadlineMs?: number
  /** The most acts that one transaction numbers. */
  readonly batchSize?: number
}

export interface Ledger extends AsyncDisposable {
  readonly origin: string
  /** C2SP vkey text. */
  readonly verifierKey: string
  /** Writes the act's pending row in the act's own transaction. Throws a LedgerUnavailable, or a TypeError for an act no entry can hold. */
  stage(tx: Tx, act: Act): Promise<Staged>
  /**
   * After the caller's commit: the entry, durable and covered by a stored checkpoint. Throws a LedgerUnavailable, also where the outcome is
   * unknown; the act may then be recorded later, and staging it again resolves to the same entry. Never await it inside a transaction.
   */
  recorded(staged: Staged): Promise<Recorded>
  /** Records what has no act of its own. Throws as `stage` and `recorded`. */
  append(act: Act): Promise<Recorded>
  /** The entry of an act that was committed at some time, also by another process. Throws a LedgerUnavailable when it is not to be had. */
  entryOf(req: string, ev: EventName): Promise<Recorded>
  /** The newest stored signed note. */
  checkpoint(): Promise<string>
  /** tlog-proof text for the newest checkpoint. Throws a RangeError for an index that it does not cover. */
  proof(index: number): Promise<string>
  /** Consistency proof, base64 hashes, from the tree of `oldSize` with `oldRoot` to the newest checkpoint. */
  consistency(oldSize: number, oldRoot: Uint8Array): Promise<string[]>
  chain(chain: string): Promise<LedgerEntry[]>
  /** All that `verifyChain` needs, at one checkpoint. */
  bundle(chain: string, options?: BundleOptions): Promise<ChainBundle>
  /** Bytes of `tile/<level>/<n>[.p/<width>]`, or undefined where the newest checkpoint has no such tile. */
  tile(level: number, n: number, width?: number): Promise<Uint8Array | undefined>
  /** Bytes of `tile/entries/<n>[.p/<width>]`. */
  entriesTile(n: number, width?: number): Promise<Uint8Array | undefined>
  /** Entries that the newest checkpoint covers. */
  size(): Promise<number>
  /** Writes `checkpoint`, `key` and `tile/…` into the folder. */
  exportTo(dir: string): Promise<void>
}

/** Opens the ledger, numbers what was committed before a crash, and signs what was not yet signed. Throws a LedgerUnavailable. */
export async function openLedger(options: LedgerOptions): Promise<Ledger> {
  const {
    db,
    origin,
    signer,
    openings: cipher,
    clock = Date.now,
    backwardsToleranceMs = 5_000,
    batchSize = 512,
  } = options
  if (signer.name !== origin) throw new TypeError('the key is named as the log is')
  const publishing = { db, origin, signer }
  const sequencing = { db, origin, clock, backwardsToleranceMs, batchSize }

  // Acknowledged means covered: a receipt can carry its proof, and nothing rests on an entry that a signature does not vouch for.
  async function flush(acts: readonly ActKey[]) {
    const sequenced = await sequencePending(sequencing, acts)
    await publishHead(publishing)
    return sequenced
  }

  // First, so that a database of another log is refused before it is written to.
  await publishHead(publishing)
  while ((await flush([])).more);
  const queue = createQueue({ flush, maxWaiting: options.maxWaiting ?? 4096, deadlineMs: options.deadlineMs ?? 15_000 })
  const made = new WeakSet<Staged>()

  async function stage(tx: Tx, act: Act): Promise<Staged> {
    queue.admit()
    await stageAct(tx, act, cipher)
    const result = { req: act.req, ev: act.ev } as Staged
    made.add(result)
    return result
  }

  async function recorded(act: Staged): Promise<Recorded> {
    if (!made.has(act)) throw new TypeError('only what this ledger staged can be recorded')
    return queue.recorded(act)
  }

  const current = () => currentCheckpoint(publishing)
  const verifierKey = formatVerifierKey(signer)
  return {
    origin,
    verifierKey,
    stage,
    recorded,
    append: async act => recorded(await db.transaction(tx => stage(tx, act))),
    entryOf: (req, ev) => queue.recorded({ req, ev }),
    checkpoint: async () => (await current()).note,
    proof: async index => proveInclusion(db, index, await current()),
    consistency: async (oldSize, oldRoot) => proveConsistency(db, oldSize, oldRoot, await current()),
    chain: chain => readChain(db, cipher, chain),
    bundle: async (chain, bundleOptions = {}) =>
      bundleChain(db, await readChain(db, cipher, chain), await current(), bundleOptions),
    tile: async (level, n, width = tileWidth) => readTile(db, level, n, width, (await current()).size),
    entriesTile: async (n, width = tileWidth) => readBundle(db, n, width, (await current()).size),
    size: async () => (await current()).size,
    exportTo: async dir => exportLog(dir, await current(), { db, key: signer, verifierKey }),
    [Symbol.asyncDispose]: queue.close,
  }
}
