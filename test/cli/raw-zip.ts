/** A ZIP written field by field, so that it can lie. */
import { crc32, deflateRawSync } from 'node:zlib'

export interface RawFile {
  name: string
  content?: Uint8Array | string
  /** What the local header says instead. */
  localName?: string
  mode?: number
  flags?: number
  deflate?: boolean
  /** What the directory says of its size. */
  claimedLen?: number
  /** Bytes after its content that belong to nothing. */
  hidden?: Uint8Array
}

export function rawZip(files: readonly RawFile[], { comment = '', before = '' } = {}): Buffer {
  const parts = [Buffer.from(before)]
  const directory: Buffer[] = []
  let at = before.length
  for (const file of files) {
    const content = Buffer.from(file.content ?? 'x')
    const data = file.deflate ? deflateRawSync(content) : content
    const fields = Buffer.alloc(22)
    fields.writeUInt16LE(file.flags ?? 0x800, 0)
    fields.writeUInt16LE(file.deflate ? 8 : 0, 2)
    fields.writeUInt32LE(crc32(content), 8)
    fields.writeUInt32LE(data.length, 12)
    fields.writeUInt32LE(file.claimedLen ?? content.length, 16)
    const name = Buffer.from(file.name)
    const localName = Buffer.from(file.localName ?? file.name)
    const local = Buffer.concat([Buffer.from('PK\x03\x04\x14\x00', 'latin1'), fields, Buffer.alloc(2), localName, data])
    local.writeUInt16LE(localName.length, 26)
    const record = Buffer.concat([Buffer.from('PK\x01\x02\x3f\x03\x14\x00', 'latin1'), fields, Buffer.alloc(16), name])
    record.writeUInt16LE(name.length, 28)
    record.writeUInt32LE(((file.mode ?? 0o100644) << 16) >>> 0, 38)
    record.writeUInt32LE(at, 42)
    const hidden = Buffer.from(file.hidden ?? '')
    parts.push(local, hidden)
    directory.push(record)
    at += local.length + hidden.length
  }
  const records = Buffer.concat(directory)
  const end = Buffer.alloc(22)
  end.write('PK\x05\x06', 'latin1')
  end.writeUInt16LE(files.length, 8)
  end.writeUInt16LE(files.length, 10)
  end.writeUInt32LE(records.length, 12)
  end.writeUInt32LE(at, 16)
  end.writeUInt16LE(comment.length, 20)
  return Buffer.concat([...parts, records, end, Buffer.from(comment)])
}
