/** Where the two engines differ from AWS KMS. Every row is a test that shows that it still does: one that fails means the row can go. */
import { expect } from 'vitest'
import { KeyRefused } from '../../service/vault/keys.ts'
import { type Deviations, flipped, hex } from '../vault/key-service.contract.ts'

/** Bytes of a blob in which each engine names the key in clear: `0x02 ‖ key id as text[36] ‖ …`. */
const keyIdEnd = 37
/** From here on ministack's blob is a stream cipher's, without a tag: `… ‖ context digest[32] ‖ nonce[16] ‖ data key[32]`. */
const unauthenticatedFrom = keyIdEnd + 32

const noReEncrypt: Deviations[string] = {
  why: 'it has no ReEncrypt',
  async shows({ keys, rotated }) {
    const { wrapped } = await keys.generateDataKey('local', 'a')
    await expect((await rotated()).both.rewrap('local', wrapped, 'a')).rejects.toMatchObject({
      type: 'unavailable',
      cause: { name: 'InvalidAction' },
    })
  },
}

export const ministackDeviations: Deviations = {
  'changed in any byte it does not open': {
    why: 'a changed ciphertext opens as another key',
    async shows({ keys }) {
      const { plaintext, wrapped } = await keys.generateDataKey('local', 'a')
      for (let at = 0; at < unauthenticatedFrom; at++)
        await expect(keys.decrypt('local', flipped(wrapped, at), 'a'), `byte ${at}`).rejects.toThrow(KeyRefused)
      for (let at = unauthenticatedFrom; at < wrapped.length; at++)
        expect(hex(await keys.decrypt('local', flipped(wrapped, at), 'a'))).not.toBe(hex(plaintext))
    },
  },
  'rewrapped, the same data key opens without the earlier key, which opened it before': noReEncrypt,
  'what the newest key wrapped is rewrapped to the very bytes it is': noReEncrypt,
  'what would not open is not rewrapped': noReEncrypt,
}

export const motoDeviations: Deviations = {
  'changed in any byte it does not open': {
    why: 'a changed key id in the ciphertext is answered as a denial',
    async shows({ keys }) {
      const { wrapped } = await keys.generateDataKey('local', 'a')
      for (let at = 0; at < wrapped.length; at++) {
        const error = await keys.decrypt('local', flipped(wrapped, at), 'a').catch(e => e)
        if (at === 0 || at >= keyIdEnd) expect(error, `byte ${at}`).toBeInstanceOf(KeyRefused)
        else expect(error).toMatchObject({ type: 'unavailable', cause: { name: 'AccessDeniedException' } })
      }
    },
  },
}

/** Of what kms.test.ts asks beyond the contract. */
export const motoIgnores = ['a disabled key', 'a key that waits for its deletion'] as const
