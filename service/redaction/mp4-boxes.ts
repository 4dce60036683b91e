/** The boxes of an MP4 file (ISO/IEC 14496-12, 4.2) against those that a copy of ours consists of. */
import { type FileHandle, open } from 'node:fs/promises'

const containers = [
  'moov',
  'moov/trak',
  'moov/trak/edts',
  'moov/trak/mdia',
  'moov/trak/mdia/minf',
  'moov/trak/mdia/minf/stbl',
]
const tables = ['stsd', 'stts', 'stss', 'ctts', 'stsc', 'stsz', 'stco', 'co64', 'sgpd', 'sbgp']
const allowed = new Set([
  ...['ftyp', 'free', 'mdat', 'moov/mvhd', 'moov/udta'],
  ...['moov/trak/tkhd', 'moov/trak/edts/elst', 'moov/trak/mdia/mdhd', 'moov/trak/mdia/hdlr'],
  ...['vmhd', 'smhd', 'dinf'].map(name => `moov/trak/mdia/minf/${name}`),
  ...tables.map(name => `moov/trak/mdia/minf/stbl/${name}`),
  ...containers,
])
/** ffmpeg writes a user-data box with an empty list of items; anything in the list makes it longer. */
const emptyUserDataBytes = 61
const mostHeaders = 4096

/** Faults in words: boxes of another type or in another place, items in the user data, a date other than none. */
export async function strangeBoxes(path: string): Promise<string[]> {
  await using file = await open(path)
  const faults: string[] = []
  let headers = 0

  async function walk(start: number, end: number, parent: string): Promise<void> {
    for (let at = start; at < end; ) {
      const box = await readHeader(file, at)
      if (!box || box.size < 8 || at + box.size > end || ++headers > mostHeaders) {
        faults.push('a box that does not fit its place')
        return
      }
      const name = parent + box.type
      if (!allowed.has(name)) faults.push(`box ${name}`)
      else if (containers.includes(name)) await walk(at + box.header, at + box.size, `${name}/`)
      else if (name === 'moov/udta' && box.size > emptyUserDataBytes) faults.push('user data')
      else if (/\/(mvhd|tkhd|mdhd)$/.test(name) && (await isDated(file, at))) faults.push(`a date in ${name}`)
      at += box.size
    }
  }
  await walk(0, (await file.stat()).size, '')
  return faults
}

async function readHeader(file: FileHandle, at: number) {
  const { buffer, bytesRead } = await file.read(Buffer.alloc(16), 0, 16, at)
  if (bytesRead < 8) return undefined
  const type = buffer.toString('latin1', 4, 8).replaceAll(/[^a-z0-9 ]/gi, '?')
  const size = buffer.readUInt32BE(0)
  return size === 1 ? { type, size: Number(buffer.readBigUInt64BE(8)), header: 16 } : { type, size, header: 8 }
}

/** Creation and modification time: 32 bits each after version and flags, 64 in version 1. */
async function isDated(file: FileHandle, at: number): Promise<boolean> {
  const { buffer } = await file.read(Buffer.alloc(20), 0, 20, at + 8)
  return buffer.subarray(4, buffer[0] === 1 ? 20 : 12).some(byte => byte !== 0)
}
