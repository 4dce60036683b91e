/** Stands on loopback where AWS KMS is thought to be: answers as it is told, or passes on to a KMS behind it and spoils the way. */
import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { buffer } from 'node:stream/consumers'

export type Behaviour =
  /** To the KMS behind. */
  | 'pass'
  /** Takes the question and never answers. */
  | 'stall'
  /** Answers the head and half a body, and never the rest. */
  | 'stall halfway'
  /** Drops the connection when the question has come. */
  | 'cut'
  /** Has the KMS behind answer, and drops the connection in the middle of the answer. */
  | 'cut the answer'
  /** 200, and a page for people. */
  | 'babble'
  /** An error by its name, as KMS says it. */
  | { readonly status: number; readonly name: string }

export interface LoopbackKms extends AsyncDisposable {
  readonly endpoint: string
  /** For every operation, or for those named. What is on its way keeps the behaviour that it met. */
  behave(behaviour: Behaviour, ...operations: string[]): void
  /** Operations asked for, in order. */
  readonly asked: string[]
}

export async function startLoopbackKms(behind?: string): Promise<LoopbackKms> {
  let [general, special]: [Behaviour, Map<string, Behaviour>] = ['pass', new Map()]
  const asked: string[] = []
  const server = createServer((incoming, outgoing) => {
    const operation = String(incoming.headers['x-amz-target']).replace('TrentService.', '')
    asked.push(operation)
    void answer(special.get(operation) ?? general, behind, incoming, outgoing).catch(() => outgoing.destroy())
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  return {
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    asked,
    behave(behaviour, ...operations) {
      if (operations.length === 0) [general, special] = [behaviour, new Map()]
      for (const operation of operations) special.set(operation, behaviour)
    },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      await new Promise(resolve => server.close(resolve))
    },
  }
}

async function answer(how: Behaviour, behind: string | undefined, incoming: IncomingMessage, outgoing: ServerResponse) {
  const question = await buffer(incoming)
  if (how === 'stall') return
  if (how === 'cut') return outgoing.destroy()
  const json = { 'content-type': 'application/x-amz-json-1.1' }
  if (how === 'stall halfway') {
    outgoing.writeHead(200, { ...json, 'content-length': 1_000 })
    return outgoing.write('{"KeyId":')
  }
  if (how === 'babble') return outgoing.writeHead(200, { 'content-type': 'text/html' }).end('<html>all is well</html>')
  if (typeof how === 'object') {
    return outgoing.writeHead(how.status, json).end(JSON.stringify({ __type: how.name, message: 'as it was told' }))
  }
  if (behind === undefined) throw new Error('there is no KMS behind this one')
  const { status, headers, body } = await forward(behind, incoming, question)
  if (how === 'pass') return outgoing.writeHead(status, headers).end(body)
  outgoing.writeHead(status, headers)
  outgoing.write(body.subarray(0, body.length / 2), () => outgoing.destroy())
}

function forward(behind: string, { url, method, headers }: IncomingMessage, question: Buffer) {
  return new Promise<{ status: number; headers: NodeJS.Dict<string | string[]>; body: Buffer }>((resolve, reject) => {
    const onward = request(`${behind}${url}`, { method, headers }, back => {
      buffer(back).then(body => resolve({ status: back.statusCode!, headers: back.headers, body }), reject)
    })
    onward.once('error', reject).end(question)
  })
}
