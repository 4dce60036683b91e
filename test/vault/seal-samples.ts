/** Seals samples for Tink to open: `node seal-samples.ts DIR`, then make-vectors.py. */
import { randomBytes } from 'node:crypto'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { seal } from '../../service/vault/seal.ts'
import { firstSegmentLen, segmentLen, tagLen } from '../../service/vault/seal-layout.ts'
import { chunks, pattern } from './streams.ts'

const folder = process.argv[2]!
const later = segmentLen - tagLen
const lens = [0, 1, 100, ...[0, 1, 2].flatMap(n => [-1, 0, 1].map(d => firstSegmentLen + n * later + d))]
const samples = []
for (const len of lens) {
  const key = randomBytes(32)
  const associatedData = `custos-seal/v1|${randomBytes(16).toString('hex')}|local`
  const file = `${len}.sealed`
  await writeFile(join(folder, file), seal(chunks(pattern(len)), key, Buffer.from(associatedData)))
  samples.push({ key: key.toString('hex'), associatedData, len, file })
}
await writeFile(join(folder, 'samples.json'), JSON.stringify(samples))
