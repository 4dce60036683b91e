import { createWriteStream } from 'node:fs'
import { pipeline } from 'node:stream/promises'
import yauzl from 'yauzl'

/** Copies one file of a package to disk, by its path inside the bag. For packages that were verified; throws when it is not there. */
export async function extractFile(zipFile: string, path: string, to: string): Promise<void> {
  const zip = await yauzl.openPromise(zipFile)
  try {
    for await (const entry of zip.eachEntry()) {
      if (entry.fileName.slice(entry.fileName.indexOf('/') + 1) !== path) continue
      return await pipeline(await zip.openReadStreamPromise(entry), createWriteStream(to))
    }
    throw new Error(`the package has no ${path}`)
  } finally {
    zip.close()
  }
}
