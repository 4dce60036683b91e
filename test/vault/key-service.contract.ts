/** What every KeyService keeps to. Each engine runs all of it; where one does otherwise, its table says so and shows that it still does. */
import { describe, expect, test } from 'vitest'
import { KeyRefused, type KeyService, KeysUnfit } from '../../service/vault/keys.ts'

/** A service with keys for the regions `local` and `other`. */
export interface KeyBench extends AsyncDisposable {
  readonly keys: KeyService
  /** The same with a new wrapping key before the ones there were, and once more with the new one alone. */
  rotated(): Promise<{ both: KeyService; newest: KeyService }>
  /** One that shares no key with this one. */
  elsewhere(): Promise<KeyService>
  /** One whose keys are not there. */
  missing(): Promise<KeyService>
}

/** By the name of the promise: why the engine does not keep it, and what it does instead. */
export type Deviations = Readonly<Record<string, { why: string; shows(bench: KeyBench): Promise<void> }>>

const message = Buffer.alloc(32, 7)
export const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex')
export const flipped = (bytes: Uint8Array, at: number) => {
  const copy = Buffer.from(bytes)
  copy[at]! ^= 1
  return copy
}

const promises: Record<string, (bench: KeyBench) => Promise<void>> = {
  async 'a data key has 32 bytes, is never given twice, and comes back in its region and context'({ keys }) {
    const made = await Promise.all(Array.from({ length: 8 }, (_, n) => keys.generateDataKey('local', `a|${n}`)))
    expect(new Set(made.map(key => hex(key.plaintext))).size).toBe(8)
    for (const [n, { plaintext, wrapped }] of made.entries()) {
      expect(plaintext.length).toBe(32)
      expect(Buffer.from(wrapped).includes(plaintext)).toBe(false)
      expect(await keys.decrypt('local', wrapped, `a|${n}`)).toEqual(plaintext)
    }
  },

  async 'what the holder overwrites is overwritten nowhere else'({ keys }) {
    const { plaintext, wrapped } = await keys.generateDataKey('local', 'a')
    const kept = hex(plaintext)
    plaintext.fill(0)
    const first = await keys.decrypt('local', wrapped, 'a')
    first.fill(0)
    expect(hex(await keys.decrypt('local', wrapped, 'a'))).toBe(kept)
  },

  async 'in another context it does not open'({ keys }) {
    const { wrapped } = await keys.generateDataKey('local', 'a')
    for (const context of ['b', 'a ', 'A', 'aa'])
      await expect(keys.decrypt('local', wrapped, context)).rejects.toThrow(KeyRefused)
  },

  async 'in another region it does not open'({ keys }) {
    const { wrapped } = await keys.generateDataKey('local', 'a')
    await expect(keys.decrypt('other', wrapped, 'a')).rejects.toThrow(KeyRefused)
  },

  async 'changed in any byte it does not open'({ keys }) {
    const { wrapped } = await keys.generateDataKey('local', 'a')
    for (let at = 0; at < wrapped.length; at++)
      await expect(keys.decrypt('local', flipped(wrapped, at), 'a'), `byte ${at}`).rejects.toThrow(KeyRefused)
  },

  async 'cut short, lengthened or empty it does not open'({ keys }) {
    const { wrapped } = await keys.generateDataKey('local', 'a')
    const cuts = [0, 1, 2, 9, 40, wrapped.length - 1].map(len => wrapped.subarray(0, len))
    for (const wrong of [...cuts, Buffer.concat([wrapped, Buffer.of(0)]), Buffer.alloc(10_000, wrapped[0])])
      await expect(keys.decrypt('local', wrong, 'a'), `${wrong.length} bytes`).rejects.toThrow(KeyRefused)
  },

  async 'what another service wrapped does not open'({ keys, elsewhere }) {
    const { wrapped } = await (await elsewhere()).generateDataKey('local', 'a')
    await expect(keys.decrypt('local', wrapped, 'a')).rejects.toThrow(KeyRefused)
  },

  async 'after a rotation what was wrapped before still opens'({ keys, rotated }) {
    const before = await keys.generateDataKey('local', 'a')
    const { both } = await rotated()
    expect(await both.decrypt('local', before.wrapped, 'a')).toEqual(before.plaintext)
    const after = await both.generateDataKey('local', 'a')
    expect(await both.decrypt('local', after.wrapped, 'a')).toEqual(after.plaintext)
  },

  async 'after a rotation only the newest key wraps'({ rotated }) {
    const { both, newest } = await rotated()
    const { plaintext, wrapped } = await both.generateDataKey('local', 'a')
    expect(await newest.decrypt('local', wrapped, 'a')).toEqual(plaintext)
  },

  async 'rewrapped, the same data key opens without the earlier key, which opened it before'({ keys, rotated }) {
    const { plaintext, wrapped } = await keys.generateDataKey('local', 'a')
    const { both, newest } = await rotated()
    await expect(newest.decrypt('local', wrapped, 'a')).rejects.toThrow(KeyRefused)
    const rewrapped = await both.rewrap('local', wrapped, 'a')
    expect(hex(rewrapped)).not.toBe(hex(wrapped))
    expect(await newest.decrypt('local', rewrapped, 'a')).toEqual(plaintext)
    expect(await keys.decrypt('local', wrapped, 'a')).toEqual(plaintext)
  },

  async 'what the newest key wrapped is rewrapped to the very bytes it is'({ keys, rotated }) {
    const { wrapped } = await keys.generateDataKey('local', 'a')
    expect(await keys.rewrap('local', wrapped, 'a')).toBe(wrapped)
    const { both } = await rotated()
    const again = await both.rewrap('local', wrapped, 'a')
    expect(await both.rewrap('local', again, 'a')).toBe(again)
  },

  async 'what would not open is not rewrapped'({ keys, rotated, elsewhere }) {
    const { wrapped } = await keys.generateDataKey('local', 'a')
    const foreign = await (await elsewhere()).generateDataKey('local', 'a')
    for (const service of [keys, (await rotated()).both]) {
      await expect(service.rewrap('local', wrapped, 'b')).rejects.toThrow(KeyRefused)
      await expect(service.rewrap('other', wrapped, 'a')).rejects.toThrow(KeyRefused)
      await expect(service.rewrap('local', flipped(wrapped, wrapped.length - 1), 'a')).rejects.toThrow(KeyRefused)
      await expect(service.rewrap('local', foreign.wrapped, 'a')).rejects.toThrow(KeyRefused)
    }
  },

  async 'a reference is of 32 bytes, always the same, and of its message and region alone'({ keys, elsewhere }) {
    const mac = await keys.referenceMac('local', message)
    expect(mac.length).toBe(32)
    expect(hex(await keys.referenceMac('local', message))).toBe(hex(mac))
    const others = [
      await keys.referenceMac('local', flipped(message, 31)),
      await keys.referenceMac('other', message),
      await (await elsewhere()).referenceMac('local', message),
    ]
    expect(new Set([mac, ...others].map(hex)).size).toBe(4)
  },

  async 'a rotation changes no reference'({ keys, rotated }) {
    const before = hex(await keys.referenceMac('local', message))
    const { both, newest } = await rotated()
    for (const service of [both, newest]) expect(hex(await service.referenceMac('local', message))).toBe(before)
  },

  async 'the check says what there is, before and after a rotation'({ keys, rotated }) {
    for (const service of [keys, (await rotated()).both]) {
      for (const region of ['local', 'other']) expect(await service.check(region)).toMatch(/\w/)
    }
  },

  async 'without its keys the check says what to mend, and nothing is wrapped'({ missing }) {
    const keys = await missing()
    const error = await keys.check('local').catch(e => e)
    expect(error).toBeInstanceOf(KeysUnfit)
    expect(error.message).toMatch(/\w/)
    await expect(keys.generateDataKey('local', 'a')).rejects.toMatchObject({ type: 'unavailable' })
  },
}

/** Runs all of it on one engine. A deviation of a promise that is not in the contract is itself an error. */
export function keyServiceContract(engine: string, open: () => Promise<KeyBench>, deviations: Deviations = {}): void {
  describe(`${engine} keeps the contract of a KeyService`, () => {
    for (const [name, holds] of Object.entries(promises)) {
      const deviation = deviations[name]
      test(deviation ? `${name} (${engine} deviates: ${deviation.why})` : name, async () => {
        await using bench = await open()
        await (deviation ? deviation.shows(bench) : holds(bench))
      })
    }
    test('each deviation is of a promise that there is', () => {
      expect(Object.keys(deviations).filter(name => !(name in promises))).toEqual([])
    })
  })
}
