/** A throw-away Ceph of one monitor, one OSD in memory and one RADOS gateway, all on loopback and without a manager or systemd. */
import { execFile } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { type Engine, findProgram, freePort, type Server, startServer, untilAnswering } from './servers.ts'

const run = promisify(execFile)
const programs = ['ceph', 'ceph-mon', 'ceph-osd', 'monmaptool', 'radosgw', 'radosgw-admin']

export const ceph: Engine = {
  name: 'Ceph',
  missing: async () =>
    programs.every(program => findProgram(program))
      ? undefined
      : 'on Debian: apt-get install -y --no-install-recommends radosgw ceph-mon ceph-osd ceph-common',
  async start() {
    const { server, stop } = await startCeph()
    return { env: { CUSTOS_TEST_S3_CEPH: JSON.stringify(server) }, stop }
  },
}

async function startCeph() {
  const folder = await mkdtemp(join(tmpdir(), 'custos-ceph-'))
  for (const name of ['mon', 'osd', 'rgw', 'run', 'log']) await mkdir(join(folder, name))
  const [port, monitorPort, fsid, osd] = [await freePort(), await freePort(), randomUUID(), randomUUID()]
  const conf = join(folder, 'ceph.conf')
  await writeFile(conf, configuration(folder, port, monitorPort, fsid))
  const of = (...args: string[]) => ['-c', conf, ...args]
  const map = join(folder, 'monmap')
  await run('monmaptool', ['--create', '--addv', 'a', `[v1:127.0.0.1:${monitorPort}]`, '--fsid', fsid, map])
  await writeFile(join(folder, 'keyring'), '')
  await run('ceph-mon', of('--mkfs', '-i', 'a', '--monmap', map, '--keyring', join(folder, 'keyring')))

  const running: Server[] = []
  const start = (program: string, ...args: string[]) => {
    const server = startServer(program, of(...args, '-f'), { cwd: folder })
    running.unshift(server)
    return server
  }
  const stop = async () => {
    for (const server of running) await server.stop()
    await rm(folder, { recursive: true, force: true })
  }
  try {
    start('ceph-mon', '-i', 'a')
    await run('ceph', of('--connect-timeout', '20', 'osd', 'new', osd))
    await run('ceph-osd', of('-i', '0', '--mkfs', '--osd-uuid', osd, '--monmap', map))
    let store = start('ceph-osd', '-i', '0')
    const gateway = start('radosgw', '-n', 'client.rgw.a')
    const endpoint = `http://127.0.0.1:${port}`
    await untilAnswering(() => {
      // A first boot can lose a race with the monitor and end with "wrong fsid".
      if (store.child.exitCode !== null) store = start('ceph-osd', '-i', '0')
      return fetch(endpoint)
    }, gateway)
    const keys = { accessKeyId: 'testaccess', secretAccessKey: 'testsecret' }
    await run(
      'radosgw-admin',
      of(
        ...['-n', 'client.rgw.a', 'user', 'create', '--uid=test', '--display-name=test'],
        ...[`--access-key=${keys.accessKeyId}`, `--secret-key=${keys.secretAccessKey}`],
      ),
    )
    return { server: { endpoint, awsRegion: 'us-east-1', conf, ...keys }, stop }
  } catch (error) {
    await stop()
    throw error
  }
}

/** Nothing is replicated, nothing is authenticated between the parts, and every wait is cut short. */
function configuration(folder: string, port: number, monitorPort: number, fsid: string): string {
  return `[global]
fsid = ${fsid}
mon initial members = a
mon host = v1:127.0.0.1:${monitorPort}/0
public addr = 127.0.0.1
cluster addr = 127.0.0.1
public network = 127.0.0.0/8
ms bind ipv6 = false
auth cluster required = none
auth service required = none
auth client required = none
mon allow pool size one = true
mon warn on pool no redundancy = false
mon osd max pg per osd = 1000
mon osd min down reporters = 1
mon data avail warn = 1
osd pool default size = 1
osd pool default min size = 1
osd pool default pg num = 1
osd pool default pgp num = 1
osd pool default pg autoscale mode = off
osd crush chooseleaf type = 0
osd objectstore = memstore
memstore device bytes = 4294967296
osd op num shards = 2
osd heartbeat grace = 3600
osd class update on start = false
paxos propose interval = 0.05
paxos min wait = 0.01
log file = ${folder}/log/$name.log
log to stderr = false
mon cluster log file = ${folder}/log/cluster.log
run dir = ${folder}/run
admin socket = ${folder}/run/$name.$pid.asok
crash dir = ${folder}/run
pid file =
mon data = ${folder}/mon
osd data = ${folder}/osd
[client.rgw.a]
rgw data = ${folder}/rgw
rgw frontends = beast endpoint=127.0.0.1:${port} tcp_nodelay=1
rgw thread pool size = 32
rgw enable usage log = false
rgw dns name = localhost
`
}
