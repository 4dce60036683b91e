/** A loopback HTTP proxy between a store and its S3 server, which does to single requests what networks and servers do on bad days. */
import { Agent, createServer, type IncomingMessage, request, type ServerResponse } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { Transform } from 'node:stream'
import { pipeline } from 'node:stream/promises'

export type Fault =
  /** The server does it all, and the answer never comes. */
  | 'answer cut'
  /** The server does it all, and what comes is an error. */
  | 'answer 500'
  /** The connection is reset before the server hears of it. */
  | 'reset'
  /** Nothing is read and nothing is answered. */
  | 'stall'
  | '503 SlowDown'
  | '500 InternalError'
  /** A 200 for something that was never done. */
  | 'dropped'
  /** Half of the request's body reaches the server. */
  | 'body cut'
  /** Half of the answer's body comes, and then the end of the connection. */
  | 'answer body cut'
  /** Half of the answer's body comes, and then nothing. */
  | 'answer body stalls'

export interface S3Proxy extends AsyncDisposable {
  readonly endpoint: string
  /** The next `times` requests that match suffer the fault. */
  fail(fault: Fault, times: number, matches: (req: IncomingMessage) => boolean): void
  /** From now on nothing fails. */
  heal(): void
  /** How many requests have suffered. */
  readonly failed: number
}

export const putsObject = (req: IncomingMessage) => req.method === 'PUT' && req.url!.includes('x-id=PutObject')
export const getsObject = (req: IncomingMessage) => req.method === 'GET' && req.url!.includes('x-id=GetObject')

export async function startS3Proxy(target: string): Promise<S3Proxy> {
  const rules: { fault: Fault; left: number; matches: (req: IncomingMessage) => boolean }[] = []
  const sockets = new Set<Socket>()
  const agent = new Agent({ keepAlive: true })
  let failed = 0

  async function serve(req: IncomingMessage, res: ServerResponse, client: Socket): Promise<void> {
    const rule = rules.find(({ left, matches }) => left > 0 && matches(req))
    if (rule) {
      rule.left--
      failed++
    }
    const fault = rule?.fault
    if (fault === 'stall') return
    if (fault === 'reset') return void client.resetAndDestroy()
    if (req.headers.expect) res.writeContinue()
    if (fault === '503 SlowDown' || fault === '500 InternalError' || fault === 'dropped') {
      for await (const _ of req);
      if (fault === 'dropped') return void res.writeHead(200, { etag: '"0"', 'x-amz-version-id': 'none' }).end()
      return refuse(res, fault)
    }
    await forward(req, res, client, fault)
  }

  async function forward(req: IncomingMessage, res: ServerResponse, client: Socket, fault?: Fault): Promise<void> {
    const { expect: _, ...headers } = req.headers
    const upstream = request(new URL(req.url!, target), { method: req.method!, headers, agent, setHost: false })
    const answered = new Promise<IncomingMessage>((resolve, reject) =>
      upstream.once('response', resolve).once('error', reject),
    )
    answered.catch(() => {})
    if (fault === 'body cut') {
      const half = Number(headers['content-length']) / 2
      await pipeline(req, endingAfter(half), upstream).catch(() => {})
      upstream.destroy()
      return void client.destroy()
    }
    await pipeline(req, upstream)
    const answer = await answered
    if (fault === 'answer cut' || fault === 'answer 500') {
      for await (const _ of answer);
      return fault === 'answer cut' ? void client.destroy() : refuse(res, '500 InternalError')
    }
    res.writeHead(answer.statusCode!, answer.headers)
    if (fault !== 'answer body cut' && fault !== 'answer body stalls') return await pipeline(answer, res)
    let left = Number(answer.headers['content-length']) / 2
    for await (const chunk of answer) {
      res.write(chunk)
      left -= chunk.length
      if (left <= 0) break
    }
    if (fault === 'answer body cut') client.destroySoon()
  }

  const handle = (req: IncomingMessage, res: ServerResponse) => {
    // A request that was cut off no longer knows its socket.
    const client = req.socket
    serve(req, res, client).catch(() => client.destroy())
  }
  const server = createServer(handle).on('checkContinue', handle)
  server.on('connection', socket => {
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket)).on('error', () => {})
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  return {
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    fail: (fault, times, matches) => void rules.push({ fault, left: times, matches }),
    heal: () => void rules.splice(0),
    get failed() {
      return failed
    },
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy()
      agent.destroy()
      await new Promise(resolve => server.close(resolve))
    },
  }
}

function refuse(res: ServerResponse, fault: '503 SlowDown' | '500 InternalError'): void {
  const [status, code] = fault.split(' ')
  res.writeHead(Number(status), { 'content-type': 'application/xml' })
  res.end(`<?xml version="1.0" encoding="UTF-8"?><Error><Code>${code}</Code><Message>not now</Message></Error>`)
}

/** Passes so many bytes and then breaks. */
function endingAfter(len: number): Transform {
  let left = len
  return new Transform({
    transform(chunk: Buffer, _, done) {
      left -= chunk.length
      done(left <= 0 ? new Error('cut') : null, chunk)
    },
  })
}
