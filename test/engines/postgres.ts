/** A throw-away PostgreSQL on a free loopback port: initdb into a temporary folder, trust authentication, gone afterwards. */
import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { chown, mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { promisify } from 'node:util'
import pg from 'pg'
import { type Engine, freePort, startServer, untilAnswering } from './servers.ts'

const run = promisify(execFile)

export const postgres: Engine = {
  name: 'PostgreSQL',
  missing: async () => ((await findBinaries()) ? undefined : 'on Debian: apt-get install -y postgresql'),
  async start() {
    const { url, stop } = await startPostgres()
    return { env: { CUSTOS_TEST_POSTGRES: url }, stop }
  },
}

export interface Postgres {
  /** Of its superuser. */
  readonly url: string
  /** Ends the server without a word, as a crash does. */
  kill(): Promise<void>
  /** Again on the same data, where it has ended; its recovery included. */
  start(): Promise<void>
  stop(): Promise<void>
}

export interface PostgresOptions {
  /** `name=value`, as in postgresql.conf. */
  readonly settings?: readonly string[]
  /** Where its folder is made. */
  readonly parent?: string
}

export async function startPostgres({ settings = [], parent = tmpdir() }: PostgresOptions = {}): Promise<Postgres> {
  const bin = await findBinaries()
  if (!bin) throw new Error('PostgreSQL is not installed')
  const folder = await mkdtemp(join(parent, 'custos-postgres-'))
  const data = join(folder, 'data')
  // The server refuses to run as root, so root lends it the account that its package made.
  const account = process.getuid?.() === 0 ? await idsOf('postgres') : undefined
  if (account) await chown(folder, account.uid, account.gid)
  const options = { cwd: folder, ...account }
  await run(
    join(bin, 'initdb'),
    ['-D', data, '-U', 'postgres', '-A', 'trust', '-E', 'UTF8', '--locale=C.UTF-8'],
    options,
  )
  const port = await freePort()
  const given = ['listen_addresses=127.0.0.1', `unix_socket_directories=${folder}`, ...settings]
  const args = ['-D', data, '-p', String(port), ...given.flatMap(setting => ['-c', setting])]
  const url = `postgres://postgres@127.0.0.1:${port}/postgres`
  const launch = async () => {
    const server = startServer(join(bin, 'postgres'), args, options)
    await untilAnswering(async () => {
      const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 500 })
      await client.connect()
      await client.end()
    }, server)
    return server
  }
  let server = await launch()
  return {
    url,
    kill: () => server.stop('SIGKILL'),
    async start() {
      if (server.child.exitCode === null && server.child.signalCode === null) return
      // The killed server's children hold its memory until they notice, and a server that starts meanwhile gives up.
      for (let attempt = 0; ; attempt++) {
        try {
          server = await launch()
          return
        } catch (error) {
          if (attempt === 20) throw error
          await delay(250)
        }
      }
    },
    async stop() {
      if (server.child.exitCode === null && server.child.signalCode === null) await server.stop('SIGINT') // fast shutdown
      await rm(folder, { recursive: true, force: true })
    },
  }
}

/** A database of its own for one test, on the server that `setup.ts` started; undefined when there is none. */
export async function freshDatabase(): Promise<string | undefined> {
  const server = process.env.CUSTOS_TEST_POSTGRES
  if (!server) return undefined
  const name = `t${process.pid}_${Math.random().toString(36).slice(2)}`
  const client = new pg.Client({ connectionString: server })
  await client.connect()
  await client.query(`create database ${name}`)
  await client.end()
  return server.replace(/\/[^/]*$/, `/${name}`)
}

/** The folder of initdb, postgres, pg_dump and the like. */
export async function findBinaries(): Promise<string | undefined> {
  const debian = '/usr/lib/postgresql'
  const versions = existsSync(debian) ? (await readdir(debian)).sort((a, b) => Number(b) - Number(a)) : []
  return [...versions.map(v => join(debian, v, 'bin')), ...(process.env.PATH ?? '').split(':')].find(
    folder => existsSync(join(folder, 'initdb')) && existsSync(join(folder, 'postgres')),
  )
}

async function idsOf(user: string): Promise<{ uid: number; gid: number }> {
  const [uid, gid] = await Promise.all(['-u', '-g'].map(async flag => Number((await run('id', [flag, user])).stdout)))
  return { uid: uid!, gid: gid! }
}
