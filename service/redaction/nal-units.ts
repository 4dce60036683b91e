/** What an H.264 byte stream consists of (ITU-T H.264, 7.4.1 and annex B), without decoding it. */
import { isPlainSequence } from './sequence-set.ts'

/** Slices, IDR slices, SEI, parameter sets, delimiters, ends, filler: all that a plain camera or encoder writes. */
const known = new Set([1, 5, 6, 7, 8, 9, 10, 11, 12])
const longestHead = 512
const startCode = Buffer.from([0, 0, 1])

/**
 * True for a stream of whole frames that begins with an IDR picture, keeps to one sequence and one picture parameter set, and
 * has no unit but the usual: no second view, no alpha, no extension. Its pictures reach no farther than the macroblocks that
 * `size`, the size as decoded, takes.
 */
export async function isPlainStream(
  bytes: AsyncIterable<Buffer>,
  size: { readonly width: number; readonly height: number; readonly frames: number },
): Promise<boolean> {
  const sets = new Map<number, string>()
  let slices = 0
  let pictures = 0
  let plain = true
  for await (const head of unitHeads(bytes)) {
    const kind = head[0]! & 31
    if (!known.has(kind)) plain = false
    if (kind === 7 && !isPlainSequence(head, size)) plain = false
    if (kind === 7 || kind === 8) {
      const set = head.toString('latin1')
      if (head.length === longestHead || set !== (sets.get(kind) ?? set)) plain = false
      sets.set(kind, set)
    }
    if (kind !== 1 && kind !== 5) continue
    if (slices++ === 0 && (kind !== 5 || sets.size < 2)) plain = false
    // first_mb_in_slice is 0, an Exp-Golomb code of one set bit: a picture begins.
    if (head[1]! & 0x80) pictures++
  }
  return plain && pictures === size.frames
}

/** The first bytes of each unit, header included. */
async function* unitHeads(chunks: AsyncIterable<Buffer>): AsyncGenerator<Buffer, void, undefined> {
  let head = Buffer.alloc(0)
  let tail = Buffer.alloc(0)
  const take = (bytes: Buffer) => {
    if (head.length < longestHead) head = Buffer.concat([head, bytes.subarray(0, longestHead - head.length)])
  }
  for await (const chunk of chunks) {
    const bytes = Buffer.concat([tail, chunk])
    let from = 0
    for (let at = bytes.indexOf(startCode); at >= 0; at = bytes.indexOf(startCode, from)) {
      take(bytes.subarray(from, at))
      const unit = withoutZeros(head)
      if (unit.length > 0) yield unit
      head = Buffer.alloc(0)
      from = at + startCode.length
    }
    const rest = Math.max(from, bytes.length - startCode.length + 1)
    take(bytes.subarray(from, rest))
    tail = bytes.subarray(rest)
  }
  take(tail)
  const unit = withoutZeros(head)
  if (unit.length > 0) yield unit
}

/** Zeros at the end belong to the next start code. */
function withoutZeros(head: Buffer): Buffer {
  let end = head.length
  while (end > 0 && head[end - 1] === 0) end--
  return head.subarray(0, end)
}
