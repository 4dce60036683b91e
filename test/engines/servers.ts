/** What every engine of the tests has in common: it is a program that listens on loopback, in a folder of its own, and goes when all is done. */
import { type ChildProcess, type SpawnOptions, spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { createServer } from 'node:net'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'

export interface Engine {
  readonly name: string
  /** Undefined when all its programs are there, else how to get them. Starts nothing. */
  missing(): Promise<string | undefined>
  /** What the tests find in their environment, and the way to end it. */
  start(): Promise<{ env: Record<string, string>; stop(): Promise<void> }>
}

/** Where `.ci/tools` puts what it builds. */
export const cacheFolder = join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'custos')

/** A program of the cache or on the PATH. */
export function findProgram(name: string, ...folders: string[]): string | undefined {
  const places = [...folders, join(cacheFolder, 'bin'), ...(process.env.PATH ?? '').split(':')]
  return places.map(folder => join(folder, name)).find(path => existsSync(path))
}

export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer().once('error', reject)
    probe.listen(0, '127.0.0.1', () => {
      const address = probe.address()
      probe.close(() => resolve(typeof address === 'object' && address ? address.port : 0))
    })
  })
}

export interface Server {
  readonly child: ChildProcess
  readonly exited: Promise<void>
  stop(signal?: NodeJS.Signals): Promise<void>
}

/** Starts a program that ends only when it is told to. */
export function startServer(command: string, args: string[], options: SpawnOptions = {}): Server {
  const child = spawn(command, args, { stdio: 'ignore', ...options })
  const exited = new Promise<void>(resolve => {
    child.once('exit', () => resolve())
    child.once('error', () => resolve())
  })
  return {
    child,
    exited,
    async stop(signal = 'SIGTERM') {
      child.kill(signal)
      const late = setTimeout(() => child.kill('SIGKILL'), 15_000)
      await exited
      clearTimeout(late)
    },
  }
}

/** Asks again until there is an answer, half a minute long, or until the server is gone. */
export async function untilAnswering<T>(ask: () => Promise<T>, server?: Server): Promise<T> {
  for (let attempt = 0; ; attempt++) {
    try {
      return await ask()
    } catch (error) {
      if (attempt === 300 || (server && server.child.exitCode !== null)) throw error
      await delay(100)
    }
  }
}
