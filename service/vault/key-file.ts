/**
 * A KeyService in one file, mode 0600: `{v, reference, wrapping: [{id, key, since?}]}`, keys of 32 bytes in base64, the last wrapping key
 * current. A wrapped key is `0x01 ‖ id[8] ‖ box`. Whoever holds the file and the database can read everything; whoever loses it can read
 * nothing.
 */
import { createHmac, hkdfSync, randomBytes } from 'node:crypto'
import { Problem } from '../http/problem.ts'
import { closeBox, openBox } from './box.ts'
import { isErrno } from './durable.ts'
import { createRing, type KeyRing, type ReadRing, readRing, ringMark, wrappingIdLen } from './key-ring.ts'
import { KeyRefused, type KeyService, KeysUnfit } from './keys.ts'

const wrapVersion = 1

/**
 * Creates the file when it is missing, unless `mayMake` throws: new keys open nothing that others have sealed. Throws an Error when others
 * may read it or when it is not a key file.
 */
export async function openKeyFile(path: string, mayMake: () => Promise<void> = async () => {}): Promise<KeyService> {
  let known = await readRing(path).catch(async error => {
    if (!isErrno(error, 'ENOENT')) throw error
    try {
      await mayMake()
      await createRing(path)
    } catch (refusal) {
      // Another process may have made it just now, and what is sealed is sealed with it.
      return await readRing(path).catch(() => {
        throw refusal
      })
    }
    return readRing(path)
  })
  let reading: Promise<ReadRing> | undefined
  /** However many ask at once, the file is read once. */
  const reread = async (): Promise<KeyRing> => {
    reading ??= readRing(path).finally(() => {
      reading = undefined
    })
    known = await reading.catch(away)
    return known.ring
  }
  /** A key made after a rotation elsewhere must be wrapped by the newest, and none under a file that is gone: nothing could open it later. */
  const current = async (): Promise<KeyRing['wrapping'][number]> => {
    const { wrapping } = (await ringMark(path).catch(away)) === known.mark ? known.ring : await reread()
    return wrapping[wrapping.length - 1]!
  }
  const find = async (wrapped: Uint8Array): Promise<Buffer> => {
    if (wrapped[0] !== wrapVersion) throw new KeyRefused()
    const id = wrappingIdOf(wrapped)
    const keyOf = ({ wrapping }: KeyRing) => wrapping.find(key => key.id === id)?.key
    const key = keyOf(known.ring) ?? keyOf(await reread())
    if (!key) throw new KeyRefused()
    return key
  }
  const wrap = async (region: string, plaintext: Uint8Array, context: string): Promise<Buffer> => {
    const { id, key } = await current()
    const box = closeBox(key, plaintext, bound(region, context))
    return Buffer.concat([Buffer.of(wrapVersion), Buffer.from(id, 'hex'), box])
  }
  const decrypt = async (region: string, wrapped: Uint8Array, context: string): Promise<Buffer> => {
    const key = await find(wrapped)
    try {
      return openBox(key, wrapped.subarray(1 + wrappingIdLen), bound(region, context))
    } catch (cause) {
      throw new KeyRefused({ cause })
    }
  }

  return {
    async generateDataKey(region, context) {
      const plaintext = randomBytes(32)
      return { plaintext, wrapped: await wrap(region, plaintext, context) }
    },
    decrypt,
    async rewrap(region, wrapped, context) {
      const plaintext = await decrypt(region, wrapped, context)
      try {
        const { id } = await current()
        return wrappingIdOf(wrapped) === id ? wrapped : await wrap(region, plaintext, context)
      } finally {
        plaintext.fill(0)
      }
    },
    async referenceMac(region, message) {
      const key = hkdfSync('sha256', known.ring.reference, '', `custos-reference/v1|${region}`, 32)
      return createHmac('sha256', Buffer.from(key)).update(message).digest()
    },
    async check() {
      const { ring } = await readRing(path).catch(cause => {
        const says = isErrno(cause, 'ENOENT') ? 'is gone: bring it back from its backup' : `: ${cause.message}`
        throw new KeysUnfit(`the key file ${path} ${says}`, { cause })
      })
      if (!ring.reference.equals(known.ring.reference)) {
        throw new KeysUnfit(`the key file ${path} holds another reference key than the one this process began with`)
      }
      const { id, since } = ring.wrapping[ring.wrapping.length - 1]!
      return `key file, ${ring.wrapping.length} wrapping key(s), ${id} wraps${since ? ` since ${since}` : ''}`
    },
  }
}

/** The wrapping key's id, 16 hex digits, of what this service wrapped. */
function wrappingIdOf(wrapped: Uint8Array): string {
  return Buffer.from(wrapped.subarray(1, 1 + wrappingIdLen)).toString('hex')
}

function bound(region: string, context: string): string {
  return `custos-wrap/v1|${region}|${context}`
}

function away(cause: unknown): never {
  throw new Problem('unavailable', { cause, retryAfterSeconds: 30 })
}
