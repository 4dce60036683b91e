/**
 * Tink AES256_GCM_HKDF_1MB streaming AEAD, byte for byte (docs/formats/seal.md), so that any Tink can open what stands here.
 * The nonce of a segment holds its number and whether it is the last, which is why neither order nor end can be forged.
 */
import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto'
import { ByteReader } from './byte-reader.ts'
import { firstSegmentLen, headerLen, plainLen, segmentLen, segmentOf, segmentStart, tagLen } from './seal-layout.ts'

const saltLen = 32
const prefixLen = 7

/** Sealed bytes that can be read from any place; the `len` must come from a source that whoever holds the bytes cannot change. */
export interface SealedSource {
  readonly len: number
  /** Bytes `start` up to, not including, `end`. */
  read(start: number, end: number): AsyncIterable<Uint8Array>
}

/** The sealed bytes are not what was sealed under this key and associated data. */
export class SealBroken extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = 'SealBroken'
  }
}

/**
 * Yields the header and then one segment after another, the ciphertext before its tag, each piece in memory of its own that nobody else
 * looks at; holds one segment in memory, whatever the size of the chunks.
 * `header` is given only to repeat recorded vectors: two plaintexts under one header and key would give both away.
 */
export async function* seal(
  plaintext: AsyncIterable<Uint8Array>,
  dataKey: Uint8Array,
  associatedData: Uint8Array,
  header: Uint8Array = freshHeader(),
): AsyncGenerator<Buffer, void, undefined> {
  const segments = segmentCipher(dataKey, associatedData, header)
  const pending = Buffer.allocUnsafe(segmentLen)
  let filled = 0
  let index = 0
  try {
    yield Buffer.from(header)
    for await (const chunk of plaintext) {
      for (let at = 0; at < chunk.length; ) {
        const room = (index === 0 ? firstSegmentLen : segmentLen - tagLen) - filled
        // A full segment waits for one more byte: only then is it known not to be the last.
        if (room === 0) {
          yield* segments.encrypt(index++, false, pending.subarray(0, filled))
          filled = 0
          continue
        }
        const part = chunk.subarray(at, at + room)
        pending.set(part, filled)
        filled += part.length
        at += part.length
      }
    }
    yield* segments.encrypt(index, true, pending.subarray(0, filled))
  } finally {
    pending.fill(0)
    segments.forget()
  }
}

/**
 * Yields plaintext bytes `start` up to, not including, `end`, reading no segment that holds none of them. A segment leaves only
 * after its tag is checked. Throws SealBroken; RangeError when the range is empty or lies outside.
 */
export async function* unseal(
  source: SealedSource,
  dataKey: Uint8Array,
  associatedData: Uint8Array,
  range: { start?: number; end?: number } = {},
): AsyncGenerator<Buffer, void, undefined> {
  const len = plainLen(source.len)
  if (len === undefined) throw new SealBroken('no sealed clip has this length')
  const { start = 0, end = len } = range
  if (!(Number.isSafeInteger(start) && Number.isSafeInteger(end) && start >= 0 && end <= len))
    throw new RangeError('outside the clip')
  if (start >= end && len > 0) throw new RangeError('the range holds no byte')

  const [first, final, last] = [segmentOf(start), segmentOf(Math.max(end - 1, 0)), segmentOf(Math.max(len - 1, 0))]
  const sealedEnd = (index: number) => Math.min((index + 1) * segmentLen, source.len)
  const far = first === 0 ? undefined : new ByteReader(source.read(0, headerLen))
  const reader = new ByteReader(source.read(first * segmentLen, sealedEnd(final)))
  let segments: ReturnType<typeof segmentCipher> | undefined
  try {
    segments = segmentCipher(dataKey, associatedData, await take(far ?? reader, headerLen))
    for (let index = first; index <= final; index++) {
      const sealed = await takeParts(reader, sealedEnd(index) - Math.max(index * segmentLen, headerLen) - tagLen)
      const plain = segments.decrypt(index, index === last, sealed, await take(reader, tagLen))
      let from = segmentStart(index)
      for (const piece of plain) {
        const wanted = piece.subarray(Math.max(start - from, 0), Math.max(end - from, 0))
        from += piece.length
        if (wanted.length > 0) yield wanted
      }
    }
  } finally {
    segments?.forget()
    await far?.close()
    await reader.close()
  }
}

async function take(reader: ByteReader, len: number): Promise<Buffer> {
  return Buffer.concat(await takeParts(reader, len), len)
}

async function takeParts(reader: ByteReader, len: number): Promise<Uint8Array[]> {
  const parts = await reader.take(len)
  if (!parts) throw new SealBroken('the sealed bytes end too early')
  return parts
}

function freshHeader(): Buffer {
  return Buffer.concat([Buffer.of(headerLen), randomBytes(saltLen + prefixLen)])
}

function segmentCipher(dataKey: Uint8Array, associatedData: Uint8Array, header: Uint8Array) {
  if (dataKey.length !== 32) throw new TypeError('a data key has 32 bytes')
  if (header.length !== headerLen || header[0] !== headerLen) throw new SealBroken('this is no header of a sealed clip')
  const key = Buffer.from(hkdfSync('sha256', dataKey, header.subarray(1, 1 + saltLen), associatedData, 32))
  const nonce = (index: number, last: boolean) => {
    const bytes = Buffer.alloc(12)
    bytes.set(header.subarray(1 + saltLen))
    bytes.writeUInt32BE(index, prefixLen)
    bytes.writeUInt8(last ? 1 : 0, prefixLen + 4)
    return bytes
  }
  return {
    encrypt(index: number, last: boolean, plain: Uint8Array): Buffer[] {
      const cipher = createCipheriv('aes-256-gcm', key, nonce(index, last), { authTagLength: tagLen })
      const sealed = cipher.update(plain)
      cipher.final()
      return [sealed, cipher.getAuthTag()]
    },
    decrypt(index: number, last: boolean, sealed: Uint8Array[], tag: Uint8Array): Buffer[] {
      const decipher = createDecipheriv('aes-256-gcm', key, nonce(index, last), { authTagLength: tagLen })
      decipher.setAuthTag(tag)
      const plain = sealed.map(part => decipher.update(part))
      try {
        decipher.final()
      } catch (cause) {
        throw new SealBroken(`segment ${index} is not what was sealed`, { cause })
      }
      return plain
    },
    /** Overwrites the key; nothing is to be sealed or opened after. */
    forget: () => void key.fill(0),
  }
}
