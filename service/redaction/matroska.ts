/** As much of Matroska (RFC 9559) as it takes to hand ffmpeg raw pictures with times of our own. */

/** Nanoseconds of one tick: times are microseconds. */
const timestampScale = 1000
const lengthUnknown = Buffer.from('01ffffffffffffff', 'hex')
const id = {
  ebml: '1a45dfa3',
  docType: '4282',
  docTypeVersion: '4287',
  docTypeReadVersion: '4285',
  segment: '18538067',
  info: '1549a966',
  timestampScale: '2ad7b1',
  tracks: '1654ae6b',
  trackEntry: 'ae',
  trackNumber: 'd7',
  trackUid: '73c5',
  trackType: '83',
  codecId: '86',
  video: 'e0',
  pixelWidth: 'b0',
  pixelHeight: 'ba',
  uncompressedFourcc: '2eb524',
  cluster: '1f43b675',
  timestamp: 'e7',
  simpleBlock: 'a3',
} as const

/** The head of a stream of 4:2:0 pictures of that size; `rawPicture` after `rawPicture` follows. */
export function rawVideoHead(width: number, height: number): Buffer {
  const picture = [element('pixelWidth', unsigned(width)), element('pixelHeight', unsigned(height))]
  const track = [
    element('trackNumber', unsigned(1)),
    element('trackUid', unsigned(1)),
    element('trackType', unsigned(1)),
    element('codecId', Buffer.from('V_UNCOMPRESSED')),
    element('video', ...picture, element('uncompressedFourcc', Buffer.from('I420'))),
  ]
  const docType = [element('docTypeVersion', unsigned(4)), element('docTypeReadVersion', unsigned(2))]
  return Buffer.concat([
    element('ebml', element('docType', Buffer.from('matroska')), ...docType),
    Buffer.from(id.segment, 'hex'),
    lengthUnknown,
    element('info', element('timestampScale', unsigned(timestampScale))),
    element('tracks', element('trackEntry', ...track)),
  ])
}

/** What stands before the bytes of one picture: a cluster with one block. */
export function rawPictureHead(microseconds: bigint, bytes: number): Buffer {
  // Track 1, no offset to the cluster's time, a key frame.
  const block = Buffer.from([0x81, 0, 0, 0x80])
  const time = element('timestamp', unsigned(microseconds))
  const blockHead = [Buffer.from(id.simpleBlock, 'hex'), length(block.length + bytes), block]
  const inside = [time, ...blockHead].reduce((sum, part) => sum + part.length, bytes)
  return Buffer.concat([Buffer.from(id.cluster, 'hex'), length(inside), time, ...blockHead])
}

function element(name: keyof typeof id, ...content: readonly Buffer[]): Buffer {
  const bytes = content.reduce((sum, part) => sum + part.length, 0)
  return Buffer.concat([Buffer.from(id[name], 'hex'), length(bytes), ...content])
}

/** A length in its widest form, one marker bit and 56 bits (RFC 8794, section 4). */
function length(bytes: number): Buffer {
  return unsigned(BigInt(bytes) | (1n << 56n))
}

function unsigned(value: number | bigint): Buffer {
  const bytes = Buffer.alloc(8)
  bytes.writeBigUInt64BE(BigInt(value))
  return bytes
}
