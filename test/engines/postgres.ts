/** A throw-away PostgreSQL on a free loopback port: initdb into a temporary folder, trust authentication, gone afterwards. */
import { execFile, spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { chown, mkdtemp, readdir, rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import pg from 'pg'

const run = promisify(execFile)

export async function startPostgres(): Promise<{ url: string; stop(): Promise<void> }> {
  const bin = await findBinaries()
  const folder = await mkdtemp(join(tmpdir(), 'custos-postgres-'))
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
  const server = spawn(
    join(bin, 'postgres'),
    ['-D', data, '-p', String(port), '-c', 'listen_addresses=127.0.0.1', '-c', `unix_socket_directories=${folder}`],
    { ...options, stdio: 'ignore' },
  )
  const url = `postgres://postgres@127.0.0.1:${port}/postgres`
  const exited = new Promise<void>(resolve => server.once('exit', () => resolve()))
  await untilAnswering(url)
  return {
    url,
    async stop() {
      server.kill('SIGINT') // fast shutdown
      await exited
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

async function findBinaries(): Promise<string> {
  const debian = '/usr/lib/postgresql'
  const versions = existsSync(debian) ? (await readdir(debian)).sort((a, b) => Number(b) - Number(a)) : []
  const found = [...versions.map(v => join(debian, v, 'bin')), ...(process.env.PATH ?? '').split(':')].find(
    folder => existsSync(join(folder, 'initdb')) && existsSync(join(folder, 'postgres')),
  )
  if (!found) throw new Error('PostgreSQL is not installed. On Debian: apt-get install -y postgresql-15')
  return found
}

async function idsOf(user: string): Promise<{ uid: number; gid: number }> {
  const [uid, gid] = await Promise.all(['-u', '-g'].map(async flag => Number((await run('id', [flag, user])).stdout)))
  return { uid: uid!, gid: gid! }
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer().once('error', reject)
    probe.listen(0, '127.0.0.1', () => {
      const address = probe.address()
      probe.close(() => resolve(typeof address === 'object' && address ? address.port : 0))
    })
  })
}

async function untilAnswering(url: string): Promise<void> {
  for (let attempt = 0; ; attempt++) {
    const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 500 })
    try {
      await client.connect()
      return await client.end()
    } catch (error) {
      if (attempt === 100) throw error
      await new Promise(resolve => setTimeout(resolve, 100))
    }
  }
}
