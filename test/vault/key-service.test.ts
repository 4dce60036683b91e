import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { openKeyFile } from '../../service/vault/key-file.ts'
import { readRing, replaceRing } from '../../service/vault/key-ring.ts'
import { rotateKeyFile } from '../../service/vault/rotate-key-file.ts'
import { type KeyBench, keyServiceContract } from './key-service.contract.ts'
import { scratch } from './streams.ts'

async function open(): Promise<KeyBench> {
  const folder = await scratch()
  const path = join(folder.path, 'vault.json')
  return {
    keys: await openKeyFile(path),
    async rotated() {
      await rotateKeyFile(path, new Date())
      const { ring } = await readRing(path)
      const alone = join(folder.path, 'newest.json')
      await replaceRing(alone, { ...ring, wrapping: ring.wrapping.slice(-1) })
      return { both: await openKeyFile(path), newest: await openKeyFile(alone) }
    },
    elsewhere: () => openKeyFile(join(folder.path, 'elsewhere.json')),
    async missing() {
      const gone = join(folder.path, 'gone.json')
      const keys = await openKeyFile(gone)
      await rm(gone)
      return keys
    },
    [Symbol.asyncDispose]: () => folder[Symbol.asyncDispose](),
  }
}

keyServiceContract('the key file', open)
