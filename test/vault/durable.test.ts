import fc from 'fast-check'
import { expect, test } from 'vitest'
import { writeWhole } from '../../service/vault/durable.ts'

test('whatever part of it a disk takes at a time, all of it is written, once and in order', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.uint8Array({ maxLength: 20 }), { maxLength: 6 }),
      fc.infiniteStream(fc.integer({ min: 1, max: 25 })),
      async (chunks, parts) => {
        const written: number[] = []
        await writeWhole(
          {
            async writev(offered) {
              const taken = Buffer.concat(offered).subarray(0, parts.next().value)
              written.push(...taken)
              return { bytesWritten: taken.length }
            },
          },
          ...chunks,
        )
        expect(written).toEqual([...Buffer.concat(chunks)])
      },
    ),
  )
})
