const maker = Symbol('only custody makes a Recorded')

/** Proof, by type, that an act's entry is durable: the only key to `vault.open`. Nothing outside this room can make one. */
export class Recorded {
  /** Global index of the entry in the log, from 0. */
  readonly index: number
  readonly chain: string
  /** Place in the chain, from 1. */
  readonly seq: number
  /** RFC 6962 leaf hash, lowercase hex. */
  readonly leafHash: string
  /** RFC 3339 UTC, microseconds. */
  readonly time: string
  readonly req: string
  readonly ev: string
  readonly #made: symbol

  constructor(key: symbol, fields: Pick<Recorded, 'index' | 'chain' | 'seq' | 'leafHash' | 'time' | 'req' | 'ev'>) {
    if (key !== maker) throw new TypeError('a Recorded is made by the ledger alone')
    this.#made = key
    this.index = fields.index
    this.chain = fields.chain
    this.seq = fields.seq
    this.leafHash = fields.leafHash
    this.time = fields.time
    this.req = fields.req
    this.ev = fields.ev
  }

  /** True only for what the ledger made: a look-alike object fails the private-field check. */
  static is(value: unknown): value is Recorded {
    return typeof value === 'object' && value !== null && #made in value && value.#made === maker
  }
}

/** For the sequencer in this room. test/house.test.ts refuses an import of it from anywhere else. */
export function makeRecorded(
  fields: Pick<Recorded, 'index' | 'chain' | 'seq' | 'leafHash' | 'time' | 'req' | 'ev'>,
): Recorded {
  return new Recorded(maker, fields)
}
