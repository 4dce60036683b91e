/** Front door: environment -> config -> service -> listen. */
import { once } from 'node:events'
import type { Server } from 'node:http'
import { serve as listen } from '@hono/node-server'
import { createApp } from './app.ts'
import { readConfig } from './config.ts'
import { openService } from './service.ts'

/** Runs until a signal ends it. Resolves to the exit code. */
export async function serve(): Promise<number> {
  const { config, secrets } = readConfig()
  await using service = await openService(config, secrets)
  await service.startWorker()
  const server = listen({ fetch: createApp(service).fetch, hostname: config.host, port: config.port }) as Server
  // A clip of gigabytes may take longer than node's default of five minutes; a stalled one is ended by the socket's idle time.
  server.requestTimeout = 0
  server.setTimeout(120_000)
  await once(server, 'listening')
  const address = server.address()
  const port = typeof address === 'object' && address ? address.port : config.port
  process.stderr.write(
    `custos listens on http://${config.host}:${port}  (reference: /docs, ledger key: ${service.ledger.verifierKey})\n`,
  )
  const signal = await Promise.race(['SIGINT', 'SIGTERM'].map(name => once(process, name).then(() => name)))
  process.stderr.write(`custos: ${signal}, finishing what runs\n`)
  const closed = once(server, 'close')
  server.close()
  server.closeIdleConnections()
  setTimeout(() => server.closeAllConnections(), 10_000).unref()
  await closed
  return 0
}
