/** The sequence parameter set of H.264 (ITU-T H.264, 7.3.2.1.1), read as far as the size of its pictures. */

const baseline = 66
const main = 77
const high = 100
const constrained = 0x40

interface Size {
  readonly width: number
  readonly height: number
}

/**
 * True for 8-bit 4:2:0 of whole frames in a profile without redundant, partitioned or reordered slices, whose pictures are of
 * that size and hold no macroblock more than it takes. `unit` is the whole unit, header included.
 */
export function isPlainSequence(unit: Buffer, { width, height }: Size): boolean {
  const profile = unit[1]
  if (profile !== main && profile !== high && !(profile === baseline && unit[2]! & constrained)) return false
  const read = bitReader(unescaped(unit.subarray(4)))
  read.number()
  if (profile === high) {
    const [chroma, luma, depth] = [read.number(), read.number(), read.number()]
    const [lossless, scaled] = [read.bit(), read.bit()]
    if (chroma !== 1 || luma + depth + lossless + scaled > 0) return false
  }
  read.number()
  const order = read.number()
  if (order === 1) return false
  if (order === 0) read.number()
  read.number()
  read.bit()
  const across = read.number() + 1
  const down = read.number() + 1
  if (read.bit() === 0) return false
  read.bit()
  const [left, right, top, bottom] =
    read.bit() === 1 ? [read.number(), read.number(), read.number(), read.number()] : [0, 0, 0, 0]
  return (
    across === Math.ceil(width / 16) &&
    down === Math.ceil(height / 16) &&
    16 * across - 2 * (left + right) === width &&
    16 * down - 2 * (top + bottom) === height
  )
}

/** Without the bytes that keep a start code from turning up inside (7.4.1.1). */
function unescaped(bytes: Buffer): Buffer {
  return Buffer.from(bytes.filter((byte, i) => !(byte === 3 && i > 1 && bytes[i - 1] === 0 && bytes[i - 2] === 0)))
}

/** Reads on with zeros behind the end, so that a set that is cut short has a size of its own. */
function bitReader(bytes: Buffer) {
  let at = 0
  const bit = () => {
    const value = ((bytes[at >> 3] ?? 0) >> (7 - (at & 7))) & 1
    at++
    return value
  }
  /** Exponential Golomb code without sign (9.1). */
  const number = () => {
    let zeros = 0
    while (zeros < 32 && bit() === 0) zeros++
    let value = 0
    for (let i = 0; i < zeros; i++) value = value * 2 + bit()
    return 2 ** zeros - 1 + value
  }
  return { bit, number }
}
