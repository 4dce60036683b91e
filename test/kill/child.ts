/** The service over HTTP, with a line at every step, in a process that its parent kills or has kill itself. Environment: the service's. */
import { once } from 'node:events'
import type { Server, ServerResponse } from 'node:http'
import { serve } from '@hono/node-server'
import { createApp } from '../../service/app.ts'
import { readConfig } from '../../service/config.ts'
import { sweep } from '../../service/oversight/sweep.ts'
import { openService, type Service } from '../../service/service.ts'
import { arm, cross, onNewLine } from './crossings.ts'
import { keysWithLines, ledgerWithLines, storeWithLines } from './engines-with-lines.ts'
import type { Answers, Command } from './protocol.ts'
import { settle } from './settle.ts'
import { drawLines, nameTransactions } from './system-with-lines.ts'

let now = 0
let opened: Service | undefined
const logged: string[] = []

async function open(): Promise<{ port: number }> {
  await drawLines()
  const { config, secrets } = readConfig()
  const service = await openService(config, secrets, {
    nowSeconds: () => now,
    ledger: ledgerWithLines,
    engines: { objects: storeWithLines, keys: keysWithLines },
    log: line => void logged.push(line),
  })
  opened = service
  nameTransactions(service.db)
  cross('opened')
  await service.startWorker()
  const server = serve({ fetch: createApp(service).fetch, hostname: '127.0.0.1', port: 0 }) as Server
  server.on('request', ({ method = '', url = '' }, response: ServerResponse) => {
    const what = `${method} ${url.replaceAll(/\/[A-Za-z]{2,3}-?[0-9A-Za-z-]{8,}/g, '/*')}`
    response.once('finish', () => cross(`answered ${what}`))
  })
  if (!server.listening) await once(server, 'listening')
  return { port: (server.address() as { port: number }).port }
}

const does: { [K in Command['do']]: (command: Extract<Command, { do: K }>) => Promise<Answers[K]> } = {
  async open({ nowSeconds, deadline }) {
    now = nowSeconds
    arm(deadline)
    return await open()
  },
  async arm({ deadline }) {
    arm(deadline)
    return null
  },
  async clock({ nowSeconds }) {
    now = nowSeconds
    return null
  },
  sweep: async () => ({ failed: await sweep(opened!) }),
  async settle({ acknowledged, daysOn }) {
    const forward = (seconds: number) => {
      now += seconds
    }
    return { ...(await settle(opened!, acknowledged, { daysOn, forward, logged })), nowSeconds: now }
  },
}

onNewLine(line => process.send!({ line }))
process.on('message', async (message: Command & { id: number }) => {
  const { id } = message
  try {
    process.send!({ id, result: await (does[message.do] as (c: Command) => Promise<unknown>)(message) })
  } catch (error) {
    process.send!({ id, error: error instanceof Error ? (error.stack ?? error.message) : String(error) })
  }
})
// The parent may be gone without a word.
process.on('disconnect', () => process.exit(1))
