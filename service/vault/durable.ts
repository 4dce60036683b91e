/** File system steps that are on the disk when they return. */
import { constants } from 'node:fs'
import { mkdir, open } from 'node:fs/promises'
import { dirname } from 'node:path'

/** Makes the names in a folder durable: a file's own fsync does not. */
export async function syncFolder(path: string): Promise<void> {
  const handle = await open(path, constants.O_RDONLY | constants.O_DIRECTORY)
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}

/** A folder and what is missing above it, for this account only. */
export async function makeFolder(path: string): Promise<void> {
  const first = await mkdir(path, { recursive: true, mode: 0o700 })
  if (first === undefined) return
  for (let at = path; at !== dirname(first); at = dirname(at)) await syncFolder(dirname(at))
}

/** Creates a file that must not exist. */
export async function createFile(
  path: string,
  mode: number,
  content: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
): Promise<void> {
  const handle = await open(path, 'wx', mode)
  try {
    // The process's umask may have taken bits away; what is written here is exact.
    await handle.chmod(mode)
    for await (const chunk of content) await writeWhole(handle, chunk)
    await handle.sync()
  } finally {
    await handle.close()
  }
}

/** One `writev` may take only a part. */
export async function writeWhole(
  handle: { writev(chunks: Uint8Array[]): Promise<{ bytesWritten: number }> },
  ...chunks: Uint8Array[]
): Promise<void> {
  let left = chunks.filter(chunk => chunk.length > 0)
  while (left.length > 0) {
    let { bytesWritten } = await handle.writev(left)
    left = left.flatMap(chunk => {
      const rest = chunk.subarray(Math.min(bytesWritten, chunk.length))
      bytesWritten -= chunk.length - rest.length
      return rest.length > 0 ? [rest] : []
    })
  }
}

export function isErrno(error: unknown, ...codes: string[]): boolean {
  return error instanceof Error && 'code' in error && codes.includes(String(error.code))
}
