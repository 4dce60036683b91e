/** The way out: the only function in the house that turns stored bytes into plaintext. */
import { createHash } from 'node:crypto'
import { Recorded } from '../custody/recorded.ts'
import { Problem } from '../http/problem.ts'
import { BoxBroken } from './box.ts'
import { IntegrityFailed } from './integrity.ts'
import { KeyRefused, type KeyService } from './keys.ts'
import { releasing } from './releasing.ts'
import { SealBroken, unseal } from './seal.ts'
import { openDigest, sealContext } from './sealed-object.ts'
import { type Parts, reach } from './settle.ts'
import { findStored } from './stored.ts'

/** Plaintext bytes `start` up to, not including, `end`, as `slice` counts and HTTP does not. */
export interface ByteRange {
  readonly start?: number
  readonly end?: number
}

export interface Opened {
  /** Length of the whole clip, whatever the range. */
  readonly len: number
  /** Digest of the whole clip, lowercase hex. */
  readonly sha256: string
  /**
   * Once through, begun within a minute: the data key waits no longer. Throws IntegrityFailed, or Problem `unavailable` when the store fails
   * midway; the reader must then break its connection.
   * The last piece comes only after the digest of a full read is checked, so that nobody ever holds a whole copy that is not the clip.
   */
  readonly stream: AsyncIterable<Uint8Array>
}

/**
 * Throws TypeError without a real Recorded; Problem `not-found`, `range-not-satisfiable` or `unavailable`; IntegrityFailed when the object
 * is gone, cut short or exchanged, or its key or digest does not open.
 */
export async function open(
  parts: Parts & { keys: KeyService },
  clipRef: string,
  recorded: Recorded,
  range: ByteRange = {},
): Promise<Opened> {
  if (!Recorded.is(recorded)) throw new TypeError('the vault opens only for an act that the ledger has recorded')
  const row = await findStored(parts, clipRef)
  if (!row) throw new Problem('not-found')
  const { region, objectKey, versionId, len, sealedLen } = row
  const { start = 0, end = len } = range
  if (!(Number.isSafeInteger(start) && Number.isSafeInteger(end) && 0 <= start && start < end && end <= len)) {
    throw new Problem('range-not-satisfiable', { detail: `the clip has ${len} bytes` })
  }

  const version = await reach(parts.objects.head(region, objectKey, versionId))
  if (version?.sha256 !== row.sealedSha256 || version.len !== sealedLen) throw new IntegrityFailed(clipRef)
  const context = sealContext(row.objectId, region)
  const dataKey = await parts.keys.decrypt(region, row.wrapped, context).catch(cause => {
    throw cause instanceof KeyRefused ? new IntegrityFailed(clipRef, { cause }) : cause
  })
  const sha256 = knownDigest(dataKey, context, row)
  // The length is the row's and not the store's, so that a clip cut at a segment's end is short even to a range that lies before the cut.
  const source = {
    len: sealedLen,
    read: (from: number, to: number) => parts.objects.get(region, objectKey, versionId, from, to),
  }
  const pieces = unseal(source, dataKey, Buffer.from(context), { start, end })
  const whole = start === 0 && end === len
  const stream = releasing(checked(pieces, clipRef, whole ? sha256 : undefined), () => dataKey.fill(0))
  return { len, sha256, stream }
}

function knownDigest(dataKey: Buffer, context: string, row: { digestBox: Uint8Array; clipRef: string }): string {
  try {
    return openDigest(dataKey, context, row.digestBox)
  } catch (cause) {
    dataKey.fill(0)
    throw cause instanceof BoxBroken ? new IntegrityFailed(row.clipRef, { cause }) : cause
  }
}

/** Holds one piece back until the next one is good or, with a digest to compare, until the whole is. */
async function* checked(
  pieces: AsyncIterable<Uint8Array>,
  clipRef: string,
  sha256: string | undefined,
): AsyncGenerator<Uint8Array, void, undefined> {
  const hash = sha256 === undefined ? undefined : createHash('sha256')
  let held: Uint8Array | undefined
  try {
    for await (const piece of pieces) {
      hash?.update(piece)
      if (held) yield held
      held = piece
    }
    if (hash && hash.digest('hex') !== sha256) throw new IntegrityFailed(clipRef)
    if (held) yield held
  } catch (cause) {
    if (cause instanceof SealBroken) throw new IntegrityFailed(clipRef, { cause })
    throw cause instanceof IntegrityFailed || cause instanceof Problem ? cause : new Problem('unavailable', { cause })
  }
}
