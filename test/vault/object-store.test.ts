import { describe } from 'vitest'
import { openFolderStore } from '../../service/vault/folder-store.ts'
import { objectStoreContract } from './object-store.contract.ts'
import { scratch } from './streams.ts'

describe('a folder', () => {
  objectStoreContract(async () => {
    const { path } = await scratch()
    // Nothing but the store writes there, and it names a version whenever it removes.
    return { open: () => openFolderStore(path), hide: async () => {} }
  })
})
