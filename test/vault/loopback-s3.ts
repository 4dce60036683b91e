/** Stands on loopback where an S3 server is thought to be, and answers as it is told. */
import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'

export interface Answer {
  readonly status: number
  readonly headers?: Record<string, string>
  /** S3's code of an error, or the XML of an answer. */
  readonly code?: string
  readonly xml?: string
}

export async function startLoopbackS3(answer: (asked: IncomingMessage) => Answer) {
  const server = createServer((asked, res) => {
    const { status, headers, code, xml } = answer(asked)
    asked.resume()
    res.writeHead(status, { 'content-type': 'application/xml', ...headers })
    res.end(code ? `<Error><Code>${code}</Code><Message>no</Message></Error>` : xml)
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  return {
    bucket: {
      region: 'local',
      bucket: 'evidence',
      endpoint,
      awsRegion: 'us-east-1',
      lockMode: 'COMPLIANCE',
      credentials: { accessKeyId: 'nobody', secretAccessKey: 'nothing' },
    } as const,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      await new Promise(closed => server.close(closed))
    },
  }
}
