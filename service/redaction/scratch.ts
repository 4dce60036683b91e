/** Scratch folders that outlive nobody: each carries its owner's process id, and one whose owner is gone is removed by the next process. */
import { lstat, mkdir, mkdtemp, readdir, rm } from 'node:fs/promises'
import { hostname, tmpdir } from 'node:os'
import { join } from 'node:path'

const swept = new Map<string, Promise<void>>()

/** A fresh folder that only we can read; the caller removes it. Throws Error when the folder around it belongs to somebody else. */
export async function scratchFolder(): Promise<string> {
  const home = join(tmpdir(), `custos-ffmpeg-${process.getuid?.() ?? 0}`)
  await ownFolder(home)
  if (!swept.has(home)) swept.set(home, sweep(home))
  await swept.get(home)
  return mkdtemp(join(home, `${here}.${process.pid}.`))
}

/** A fresh folder that only we can read, gone when `work` is done. */
export async function withScratch<T>(work: (folder: string) => Promise<T>): Promise<T> {
  const folder = await scratchFolder()
  try {
    return await work(folder)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

/** Process ids mean something on one host only, and containers may share the folder. */
const here = encodeURIComponent(hostname())

async function sweep(home: string): Promise<void> {
  const children = await readdir(home).catch(() => [])
  const left = children.filter(name => {
    const owner = name.startsWith(`${here}.`) ? /^(\d+)\./.exec(name.slice(here.length + 1)) : null
    return owner && !isAlive(Number(owner[1]))
  })
  for (const name of left) await rm(join(home, name), { recursive: true, force: true })
}

/** Temporary folders are everybody's: one that another user put there could be looked into. */
async function ownFolder(home: string): Promise<void> {
  await mkdir(home, { mode: 0o700 }).catch(error => {
    if (error.code !== 'EEXIST') throw error
  })
  const found = await lstat(home)
  const ours = found.isDirectory() && found.uid === (process.getuid?.() ?? found.uid) && (found.mode & 0o077) === 0
  if (!ours) throw new Error(`${home} is not a folder of ours alone; remove it`)
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}
