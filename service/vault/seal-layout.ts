/** Where bytes stand in a sealed clip: segments of 1 MiB with their tag, the header counted into the first. All in bytes. */
export const headerLen = 40
export const tagLen = 16
export const segmentLen = 1_048_576
/** Plaintext in the first segment; every later one holds `segmentLen - tagLen`. */
export const firstSegmentLen = segmentLen - tagLen - headerLen

/** The segment that holds plaintext byte `at`. */
export function segmentOf(at: number): number {
  return at < firstSegmentLen ? 0 : 1 + Math.floor((at - firstSegmentLen) / (segmentLen - tagLen))
}

/** The first plaintext byte of a segment. */
export function segmentStart(index: number): number {
  return index === 0 ? 0 : firstSegmentLen + (index - 1) * (segmentLen - tagLen)
}

/** Length of what `len` bytes of plaintext become. */
export function sealedLen(len: number): number {
  return headerLen + len + tagLen * (1 + segmentOf(Math.max(len - 1, 0)))
}

/** Length of what was sealed; undefined where no plaintext becomes that long. */
export function plainLen(sealed: number): number | undefined {
  const segments = Math.ceil(sealed / segmentLen)
  const len = sealed - headerLen - tagLen * segments
  return Number.isSafeInteger(sealed) && len >= 0 && sealedLen(len) === sealed ? len : undefined
}
