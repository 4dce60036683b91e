/** A throw-away versitygw on a free loopback port: S3 with object lock over a temporary folder. */
import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Engine, findProgram, freePort, startServer, untilAnswering } from './servers.ts'

export const versitygw: Engine = {
  name: 'versitygw',
  missing: async () =>
    findProgram('versitygw')
      ? undefined
      : 'bash .ci/tools, or: go install github.com/versity/versitygw/cmd/versitygw@v1.8.0 (a few minutes)',
  async start() {
    const { server, stop } = await startVersitygw()
    return { env: { CUSTOS_TEST_S3_VERSITY: JSON.stringify(server) }, stop }
  },
}

export async function startVersitygw() {
  const folder = await mkdtemp(join(tmpdir(), 'custos-versitygw-'))
  const [data, versions] = [join(folder, 'data'), join(folder, 'versions')]
  for (const path of [data, versions]) await mkdir(path)
  const port = await freePort()
  const keys = { accessKeyId: 'testaccess', secretAccessKey: 'testsecret' }
  const gateway = startServer(
    findProgram('versitygw')!,
    ['--port', `127.0.0.1:${port}`, '--keep-alive', '--quiet', 'posix', '--versioning-dir', versions, data],
    { cwd: folder, env: { ROOT_ACCESS_KEY: keys.accessKeyId, ROOT_SECRET_KEY: keys.secretAccessKey } },
  )
  const endpoint = `http://127.0.0.1:${port}`
  await untilAnswering(() => fetch(endpoint), gateway)
  return {
    server: { endpoint, awsRegion: 'us-east-1', folder: data, ...keys },
    async stop() {
      await gateway.stop()
      await rm(folder, { recursive: true, force: true })
    },
  }
}
