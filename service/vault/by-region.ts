/** One store and one key service for each region, behind the same ports: what names a region reaches that region's and no other's. */
import type { KeyService } from './keys.ts'
import type { ObjectStore } from './object-store.ts'

export class UnknownRegion extends Error {
  override readonly name = 'UnknownRegion'
}

/** Every method rejects with UnknownRegion for a region without a store. */
export function storesByRegion(stores: ReadonlyMap<string, ObjectStore>): ObjectStore {
  return {
    put: async (region, ...rest) => find(stores, region).put(region, ...rest),
    versions: async (region, ...rest) => find(stores, region).versions(region, ...rest),
    async *list(region) {
      yield* find(stores, region).list(region)
    },
    head: async (region, ...rest) => find(stores, region).head(region, ...rest),
    async *get(region, ...rest) {
      yield* find(stores, region).get(region, ...rest)
    },
    extend: async (region, ...rest) => find(stores, region).extend(region, ...rest),
    hold: async (region, ...rest) => find(stores, region).hold(region, ...rest),
    remove: async (region, ...rest) => find(stores, region).remove(region, ...rest),
    check: async region => find(stores, region).check(region),
  }
}

/** Every method rejects with UnknownRegion for a region without keys. */
export function keysByRegion(services: ReadonlyMap<string, KeyService>): KeyService {
  return {
    generateDataKey: async (region, ...rest) => find(services, region).generateDataKey(region, ...rest),
    decrypt: async (region, ...rest) => find(services, region).decrypt(region, ...rest),
    rewrap: async (region, ...rest) => find(services, region).rewrap(region, ...rest),
    referenceMac: async (region, ...rest) => find(services, region).referenceMac(region, ...rest),
    check: async (region, ...rest) => find(services, region).check(region, ...rest),
  }
}

function find<T>(parts: ReadonlyMap<string, T>, region: string): T {
  const part = parts.get(region)
  if (!part) throw new UnknownRegion(`region ${region} has nothing here`)
  return part
}
