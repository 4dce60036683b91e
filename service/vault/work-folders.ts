/** Folders for plaintext that a tool must see as a file. */
import { mkdtemp, rm } from 'node:fs/promises'
import { basename, join } from 'node:path'

/** 0700. Disposing of it removes it with all that is in it. */
export interface WorkFolder extends AsyncDisposable {
  readonly path: string
}

export interface WorkFolders {
  make(): Promise<WorkFolder>
  /** Whether somebody in this process works in the folder of this name: its own time does not move while a file in it grows. */
  uses(name: string): boolean
}

export function makeWorkFolders(scratchDir: string): WorkFolders {
  const inUse = new Set<string>()
  return {
    async make() {
      const path = await mkdtemp(join(scratchDir, 'work-'))
      inUse.add(basename(path))
      return {
        path,
        async [Symbol.asyncDispose]() {
          await rm(path, { recursive: true, force: true })
          inUse.delete(basename(path))
        },
      }
    },
    uses: name => inUse.has(name),
  }
}
