/** Tink and the vault open each other's bytes, today and not only in the recorded vectors. */
import { execFile } from 'node:child_process'
import { createHash, randomBytes } from 'node:crypto'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { eq } from 'drizzle-orm'
import { expect, test } from 'vitest'
import { openKms } from '../../service/vault/kms.ts'
import { seal, unseal } from '../../service/vault/seal.ts'
import { firstSegmentLen, segmentLen, tagLen } from '../../service/vault/seal-layout.ts'
import { sealContext } from '../../service/vault/sealed-object.ts'
import { objectKeys } from '../../service/vault/tables.ts'
import { chunks, collect, pattern, scratch } from '../vault/streams.ts'
import { keep, region, workbench } from '../vault/workbench.ts'
import { freshKmsKeys, kmsEngine } from './kms.ts'

const python = process.env.CUSTOS_TEST_TINK_PYTHON!
const script = fileURLToPath(new URL('../vault/make-vectors.py', import.meta.url))
const later = segmentLen - tagLen
/** Around the end of each of the first four segments, of plaintext and, where the header and tags shift it, of ciphertext. */
const lens = [
  ...[0, 1, 2, 15, 16, 17, 100],
  ...[0, 1, 2, 3].flatMap(n => [-2, -1, 0, 1, 2].map(d => firstSegmentLen + n * later + d)),
  ...[1, 2, 3].flatMap(n => [-1, 0, 1].map(d => n * segmentLen + d)),
]

interface Sample {
  readonly key: string
  readonly associatedData: string
  readonly len: number
  readonly broken?: boolean
}
interface Vector extends Sample {
  readonly header: string
  readonly sealedLen: number
  readonly sealedSha256: string
}
const tink = (...args: string[]) => promisify(execFile)(python, [script, ...args], { maxBuffer: 1 << 26 })
const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex')
const read = async (path: string): Promise<Vector[]> => JSON.parse(await readFile(path, 'utf8')).vectors

/** What Tink makes of these; it fails at the first that it opens and should not, or the other way round. */
async function openWithTink(folder: string, samples: { sample: Sample; sealed: Uint8Array }[]): Promise<Vector[]> {
  for (const [n, { sealed }] of samples.entries()) await writeFile(join(folder, `${n}.sealed`), sealed)
  const listed = samples.map(({ sample }, n) => ({ ...sample, file: `${n}.sealed` }))
  await writeFile(join(folder, 'samples.json'), JSON.stringify(listed))
  await tink('open', folder, join(folder, 'opened.json'))
  return read(join(folder, 'opened.json'))
}

async function sample(len: number) {
  const [key, associatedData] = [randomBytes(32), sealContext(randomBytes(16).toString('hex'), region)]
  const sealed = await collect(seal(chunks(pattern(len), 70_001), key, Buffer.from(associatedData)))
  return { sample: { key: key.toString('hex'), associatedData, len }, sealed }
}

test('the sizes are those around every boundary of the first four segments', () => {
  for (const len of [0, 1_048_519, 1_048_520, 1_048_521, 2_097_079, 2_097_080, 2_097_081, 2_097_082])
    expect(lens).toContain(len)
})

test('what Tink seals we would seal to the same bytes, and open, whole and by its last byte', async () => {
  await using folder = await scratch()
  const file = join(folder.path, 'sealed.json')
  await tink('seal', file, ...lens.map(String))
  const vectors = await read(file)
  expect(vectors.map(vector => vector.len)).toEqual(lens)
  for (const { key, associatedData, len, header, sealedLen, sealedSha256 } of vectors) {
    const [dataKey, context] = [Buffer.from(key, 'hex'), Buffer.from(associatedData)]
    const sealed = await collect(seal(chunks(pattern(len), 99_991), dataKey, context, Buffer.from(header, 'hex')))
    // The same digest: these are Tink's bytes.
    expect({ len, sealedLen: sealed.length, sealedSha256: sha256(sealed) }).toEqual({ len, sealedLen, sealedSha256 })
    const source = { len: sealedLen, read: (from: number, to: number) => chunks(sealed.subarray(from, to), 100_003) }
    expect((await collect(unseal(source, dataKey, context))).equals(pattern(len))).toBe(true)
    if (len === 0) continue
    const end = await collect(unseal(source, dataKey, context, { start: len - 1, end: len }))
    expect(end.equals(pattern(len).subarray(-1))).toBe(true)
  }
})

test('what we seal Tink opens', async () => {
  await using folder = await scratch()
  const samples = await Promise.all(lens.map(sample))
  const opened = await openWithTink(folder.path, samples)
  expect(opened.map(vector => vector.len)).toEqual(lens)
  expect(opened.map(vector => vector.sealedSha256)).toEqual(samples.map(({ sealed }) => sha256(sealed)))
})

test('what is changed, cut or of another context Tink refuses as we do', async () => {
  await using folder = await scratch()
  const whole = await sample(firstSegmentLen + later + 10)
  const changed = (at: number) => {
    const sealed = Buffer.from(whole.sealed)
    sealed[at]! ^= 1
    return sealed
  }
  const broken = [
    ...[0, 1, 39, 40, segmentLen - 1, segmentLen, whole.sealed.length - 1].map(changed),
    ...[0, 39, segmentLen, 2 * segmentLen, whole.sealed.length - 1].map(len => whole.sealed.subarray(0, len)),
  ].map(sealed => ({ sealed, sample: { ...whole.sample, broken: true } }))
  const elsewhere = {
    sealed: whole.sealed,
    sample: { ...whole.sample, associatedData: 'custos-seal/v1|0|x', broken: true },
  }
  expect(await openWithTink(folder.path, [...broken, elsewhere])).toEqual([])
  for (const { sealed } of broken) {
    const source = { len: sealed.length, read: (from: number, to: number) => chunks(sealed.subarray(from, to)) }
    const [key, context] = [Buffer.from(whole.sample.key, 'hex'), Buffer.from(whole.sample.associatedData)]
    await expect(collect(unseal(source, key, context))).rejects.toThrow()
  }
})

test('an exhibit out of the store opens in Tink with the data key that the KMS unwraps, and with nothing else of ours', async () => {
  const keys = openKms(await freshKmsKeys(kmsEngine('MINISTACK')!, region))
  await using bench = await workbench(() => ({ keys }))
  const len = firstSegmentLen + later + 4_711
  const { stored } = await keep(bench, pattern(len))
  const sealed = await readFile(await bench.place.file(region, stored.clipRef))
  const [row] = await bench.db.select().from(objectKeys).where(eq(objectKeys.objectId, stored.objectId))
  const associatedData = sealContext(stored.objectId, region)
  const key = await keys.decrypt(region, row!.wrapped, associatedData)
  const [opened] = await openWithTink(bench.folder, [
    { sealed, sample: { key: key.toString('hex'), associatedData, len } },
  ])
  expect(opened).toMatchObject({ len, sealedSha256: sha256(sealed) })
})
