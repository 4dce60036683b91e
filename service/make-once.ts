/** Files that are made the first time and only read from then on. */
import { randomBytes } from 'node:crypto'
import { access, link, mkdir, open, readdir, rm } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'

/**
 * Makes the file (0600) and what is missing above it (0700), unless it is there. It appears whole, and of two processes that start together
 * the second reads what the first made. Drafts that a crash left beside it go.
 */
export async function makeOnce(path: string, content: () => string): Promise<void> {
  const folder = dirname(path)
  await mkdir(folder, { recursive: true, mode: 0o700 })
  const there = await access(path).then(
    () => true,
    () => false,
  )
  if (!there) await make(path, content())
  // Exactly those: what an operator keeps beside a key is theirs.
  const draft = new RegExp(`^${RegExp.escape(basename(path))}\\.[0-9a-f]{12}$`)
  for (const name of await readdir(folder)) if (draft.test(name)) await rm(join(folder, name), { force: true })
}

async function make(path: string, content: string): Promise<void> {
  const draft = `${path}.${randomBytes(6).toString('hex')}`
  {
    await using file = await open(draft, 'wx', 0o600)
    await file.writeFile(content)
    await file.sync()
  }
  await link(draft, path).catch((error: NodeJS.ErrnoException) => {
    // Whoever was faster may also have tidied this draft away.
    if (error.code !== 'EEXIST' && error.code !== 'ENOENT') throw error
  })
  await using folder = await open(dirname(path))
  await folder.sync()
}
