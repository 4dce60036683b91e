import { createHash, randomBytes } from 'node:crypto'
import { expect, test } from 'vitest'
import { digestSealed } from '../../service/vault/sealed-digests.ts'

const mib = 1_048_576
const digest = (algorithm: string, bytes: Uint8Array) => createHash(algorithm).update(bytes).digest('hex')
const expected = (bytes: Uint8Array) => ({ sha256: digest('sha256', bytes), md5: digest('md5', bytes) })

/** In pieces that may be taken over, as sealing makes them. */
async function digestsOf(bytes: Buffer, pieceLen: number) {
  const digests = digestSealed()
  try {
    for (let at = 0; at < bytes.length; at += pieceLen)
      await digests.update(Buffer.from(bytes.subarray(at, at + pieceLen)))
    return await digests.finish()
  } finally {
    digests.drop()
  }
}

test.each([0, 1, mib, 2 * mib - 1, 2 * mib, 2 * mib + 1, 20 * mib])('%d bytes have their digests', async len => {
  const bytes = randomBytes(len)
  for (const pieceLen of [mib, 70_001]) expect(await digestsOf(bytes, pieceLen)).toEqual(expected(bytes))
})

test('many at once do not meet, also when some are dropped half-way', async () => {
  const bodies = Array.from({ length: 12 }, (_, n) => randomBytes(2 * mib + n * 300_000))
  const dropped = bodies.map(async bytes => {
    const digests = digestSealed()
    await digests.update(Buffer.from(bytes))
    digests.drop()
  })
  expect(await Promise.all(bodies.map(bytes => digestsOf(bytes, 500_000)))).toEqual(bodies.map(expected))
  await Promise.all(dropped)
})
