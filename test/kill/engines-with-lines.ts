/** Store, keys and ledger as the service gets them, with a line before and after each call. */
import type { Ledger } from '../../service/custody/ledger.ts'
import type { KeyService } from '../../service/vault/keys.ts'
import type { ObjectStore } from '../../service/vault/object-store.ts'
import { around, callerOf, cross, halfway } from './crossings.ts'

export function storeWithLines(_region: string, real: ObjectStore): ObjectStore {
  return {
    async put(region, key, body, until) {
      const open = () => halfway('store.put', body.len, body.open())
      await around('store.put', () => real.put(region, key, { ...body, open }, until))
    },
    versions: (...args) => around('store.versions', () => real.versions(...args)),
    async *list(region) {
      cross('before store.list')
      yield* real.list(region)
      cross('after store.list')
    },
    head: (...args) => around('store.head', () => real.head(...args)),
    get: (region, key, version, start, end) =>
      halfway(`store.get for ${reader()}`, end - start, real.get(region, key, version, start, end)),
    extend: (...args) => around('store.extend', () => real.extend(...args)),
    hold: (...args) => around('store.hold', () => real.hold(...args)),
    remove: (...args) => around('store.remove', () => real.remove(...args)),
    check: (...args) => around('store.check', () => real.check(...args)),
  }
}

const reader = () => callerOf(/^(vault\/(by-region|settle|read|seal|releasing|byte-reader)|turns)$/)

export function keysWithLines(_region: string, real: KeyService): KeyService {
  return {
    generateDataKey: (...args) => around('keys.generateDataKey', () => real.generateDataKey(...args)),
    decrypt: (...args) => around('keys.decrypt', () => real.decrypt(...args)),
    rewrap: (...args) => around('keys.rewrap', () => real.rewrap(...args)),
    referenceMac: (...args) => around('keys.referenceMac', () => real.referenceMac(...args)),
    check: (...args) => around('keys.check', () => real.check(...args)),
  }
}

export function ledgerWithLines(real: Ledger): Ledger {
  const events = new WeakMap<object, string>()
  return {
    ...real,
    async stage(tx, act) {
      const staged = await around(`ledger.stage ${act.ev}`, () => real.stage(tx, act))
      events.set(staged, act.ev)
      return staged
    },
    recorded: staged => around(`ledger.recorded ${events.get(staged)}`, () => real.recorded(staged)),
    append: act => around(`ledger.append ${act.ev}`, () => real.append(act)),
    [Symbol.asyncDispose]: () => real[Symbol.asyncDispose](),
  }
}
