/** A folder and a database that outlive their processes, and the one process at a time that serves them. */
import { type ChildProcess, fork } from 'node:child_process'
import { rmSync } from 'node:fs'
import { cp, mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type Client, connect } from '../../service/cli/client.ts'
import { migrate, openDatabase } from '../../service/db.ts'
import { issueToken } from '../../service/identity/development-issuer.ts'
import type { Role } from '../../service/identity/person.ts'
import { installDatabase } from '../../service/install.ts'
import type { Deadline } from './crossings.ts'
import { type Acknowledged, type Answers, type Command, nothingYet } from './protocol.ts'

export interface World extends AsyncDisposable {
  readonly folder: string
  readonly acknowledged: Acknowledged
  /** Seconds since the epoch, as the service is told. */
  nowSeconds: number
  /** A process on it. `deadline` may be met while it opens; then this answers a process that is dead. */
  start(deadline?: Deadline): Promise<Life>
  /** Kills the process that is there, if any. */
  end(): Promise<void>
}

/** Thrown by whoever spoke to a process that died. */
export class Died extends Error {
  override readonly name = 'Died'
}

export interface Life {
  readonly pid: number
  readonly ended: Promise<NodeJS.Signals | null>
  readonly dead: boolean
  /** Lines crossed for the first time since it was last asked. */
  newLines(): string[]
  as(role: Role, organisation: string): Promise<Client>
  /** Throws Died. */
  tell<K extends Command['do']>(command: Extract<Command, { do: K }>): Promise<Answers[K]>
  kill(): Promise<void>
}

export interface Engines {
  /** A database server's fresh database, where it is not PGlite. */
  readonly databaseUrl?: string | undefined
  readonly environment?: Readonly<Record<string, string>>
}

const childPath = fileURLToPath(new URL('child.ts', import.meta.url))
/** Beyond the real clock, which stamps files and rows, so that a day of this clock is over for them. */
const aheadSeconds = 2 * 86_400

export async function makeWorld({ databaseUrl, environment = {} }: Engines = {}): Promise<World> {
  const folder = await mkdtemp(join(tmpdir(), 'custos-kill-'))
  const dataDir = join(folder, 'data')
  const temporary = join(folder, 'tmp')
  await mkdir(dataDir, { recursive: true })
  await mkdir(temporary)
  if (databaseUrl) await installDatabase(databaseUrl)
  else await cp(await templateDatabase(), join(dataDir, 'database'), { recursive: true })
  const env = {
    ...process.env,
    CUSTOS_DATA_DIR: dataDir,
    CUSTOS_WORKERS: '1',
    TMPDIR: temporary,
    NODE_COMPILE_CACHE: join(tmpdir(), 'custos-kill-compiled'),
    ...(databaseUrl && { CUSTOS_DATABASE_URL: databaseUrl }),
    ...environment,
  }
  let last: Life | undefined
  const world: World = {
    folder,
    acknowledged: nothingYet(),
    nowSeconds: Math.floor(Date.now() / 1000) + aheadSeconds,
    async start(deadline) {
      const child = fork(childPath, [], { env, execArgv: [], stdio: ['ignore', 'ignore', 'inherit', 'ipc'] })
      const life = await live(child, join(dataDir, 'keys', 'issuer.json'))
      last = life
      await life.open(world.nowSeconds, deadline).catch(error => {
        if (!(error instanceof Died)) throw error
      })
      return life
    },
    end: async () => last?.kill(),
    async [Symbol.asyncDispose]() {
      await world.end()
      await rm(folder, { recursive: true, force: true })
    },
  }
  return world
}

let template: Promise<string> | undefined
/** PGlite takes seconds to make a database, and none to open a copy. */
function templateDatabase(): Promise<string> {
  template ??= (async () => {
    const folder = join(await mkdtemp(join(tmpdir(), 'custos-template-')), 'database')
    process.once('exit', () => rmSync(dirname(folder), { recursive: true, force: true }))
    await using database = await openDatabase(folder)
    await migrate(database)
    return folder
  })()
  return template
}

async function live(child: ChildProcess, issuerKeyFile: string) {
  const waiting = new Map<number, PromiseWithResolvers<unknown>>()
  const lines: string[] = []
  let [count, port, dead] = [0, 0, false]
  child.on('message', (message: { line?: string; id?: number; result?: unknown; error?: string }) => {
    if (message.line !== undefined) return void lines.push(message.line)
    const asked = waiting.get(message.id!)
    waiting.delete(message.id!)
    if (message.error !== undefined) asked?.reject(new Error(message.error))
    else asked?.resolve(message.result)
  })
  const ended = new Promise<NodeJS.Signals | null>(resolve => {
    child.once('close', (_code, signal) => {
      dead = true
      for (const asked of waiting.values()) asked.reject(new Died())
      waiting.clear()
      resolve(signal)
    })
  })
  const tell: Life['tell'] = async command => {
    if (dead) throw new Died()
    const asked = Promise.withResolvers<unknown>()
    waiting.set(++count, asked)
    child.send({ ...command, id: count }, error => error && waiting.delete(count) && asked.reject(new Died()))
    return (await asked.promise) as never
  }
  return {
    pid: child.pid!,
    ended,
    get dead() {
      return dead
    },
    newLines: () => lines.splice(0),
    tell,
    async open(nowSeconds: number, deadline: Deadline | undefined) {
      ;({ port } = await tell({ do: 'open', nowSeconds, deadline }))
    },
    async as(role: Role, organisation: string) {
      const subject = `${role}-1`
      const token = await issueToken(issuerKeyFile, {
        subject,
        organisation,
        roles: [role],
        audience: 'custos',
        lifetimeSeconds: 600,
      })
      return connect(token, `http://127.0.0.1:${port}`)
    },
    async kill() {
      if (dead) return
      child.kill('SIGKILL')
      await ended
    },
  }
}
