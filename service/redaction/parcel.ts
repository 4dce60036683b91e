/**
 * What is told to another process: a value, which goes through its channel, and the bytes in it, which go through a pipe of their own. A channel
 * copies each message several times on both sides, and the C library keeps the room (docs/benchmarks.md).
 */
export interface Parcel {
  /** In a wrapper, so that it may itself be bytes. */
  readonly wrapped: { readonly value: unknown }
  /** Where in the wrapper bytes belong, and which: the same bytes travel once. */
  readonly places: readonly { readonly path: readonly string[]; readonly nth: number }[]
  readonly lengths: readonly number[]
}

/** The file descriptor of that pipe, where it is read. */
export const bytesPipe = 4

/** Takes all bytes (`Uint8Array`) out of plain objects and arrays; the value itself and the bytes stay as they are. */
export function packed(value: unknown): { readonly parcel: Parcel; readonly bytes: readonly Uint8Array[] } {
  const bytes = new Map<Uint8Array, number>()
  const places: { path: string[]; nth: number }[] = []
  function without(part: unknown, path: string[]): unknown {
    if (part instanceof Uint8Array) {
      const nth = bytes.get(part) ?? bytes.size
      bytes.set(part, nth)
      places.push({ path, nth })
      return undefined
    }
    if (Array.isArray(part)) return part.map((each, i) => without(each, [...path, String(i)]))
    if (!isPlain(part)) return part
    return Object.fromEntries(Object.entries(part).map(([key, each]) => [key, without(each, [...path, key])]))
  }
  const wrapped = without({ value }, []) as Parcel['wrapped']
  const all = [...bytes.keys()]
  return { parcel: { wrapped, places, lengths: all.map(({ length }) => length) }, bytes: all }
}

/** The value again. Its bytes are parts of `bytes`, which are all of them in order. */
export function unpacked({ wrapped, places, lengths }: Parcel, bytes: Uint8Array): unknown {
  const parts: Uint8Array[] = []
  let at = 0
  for (const length of lengths) {
    parts.push(bytes.subarray(at, at + length))
    at += length
  }
  for (const { path, nth } of places) {
    const holder = path.slice(0, -1).reduce((part, key) => part[key] as Holder, wrapped as Holder)
    holder[path.at(-1)!] = parts[nth]
  }
  return wrapped.value
}

type Holder = Record<string, unknown>

function isPlain(part: unknown): part is object {
  return typeof part === 'object' && part !== null && Object.getPrototypeOf(part) === Object.prototype
}
