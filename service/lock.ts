/** PGlite lets a second process open its folder and lose rows. A listening socket in that folder is a lock that dies with its holder. */
import { rm, stat } from 'node:fs/promises'
import { connect, createServer } from 'node:net'
import { join } from 'node:path'

/** Throws when another living process holds the folder. */
export async function lockFolder(folder: string): Promise<AsyncDisposable> {
  // Linux has socket names that live in no folder and die with their holder; elsewhere a path must do, and a killed holder leaves it behind.
  if (process.platform === 'linux') {
    const { dev, ino } = await stat(folder)
    const server = await listen(`\0custos-${dev}-${ino}`)
    if (!server) throw new Error(`${folder} is in use by another process`)
    return { [Symbol.asyncDispose]: () => new Promise(resolve => server.close(() => resolve())) }
  }
  const path = join(folder, 'lock')
  for (let attempt = 0; attempt < 2; attempt++) {
    const server = await listen(path)
    if (server) return { [Symbol.asyncDispose]: () => new Promise(resolve => server.close(() => resolve())) }
    if (await answers(path)) break
    // Left behind by a process that was killed: nobody listens.
    await rm(path, { force: true })
  }
  throw new Error(`${folder} is in use by another process`)
}

function listen(path: string) {
  const server = createServer(socket => socket.destroy())
  return new Promise<typeof server | undefined>((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) =>
      error.code === 'EADDRINUSE' ? resolve(undefined) : reject(error),
    )
    server.listen(path, () => resolve(server.unref()))
  })
}

function answers(path: string): Promise<boolean> {
  return new Promise(resolve => {
    const socket = connect(path, () => {
      socket.destroy()
      resolve(true)
    }).once('error', () => resolve(false))
  })
}
