/** `custos acquire`: sends a clip to a running service and prints the receipt. */
import { createHash, randomUUID } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { stat } from 'node:fs/promises'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { parseArgs } from 'node:util'
import { readClientConfig } from '../config.ts'
import { ApiProblem, connect } from './client.ts'

export const help = `custos acquire CLIP --incident ID [--url http://127.0.0.1:8480] [--token TOKEN] [--json]

Hashes the clip, sends it with that digest (RFC 9530) and an idempotency key, and prints the receipt.
CUSTOS_URL and CUSTOS_TOKEN may say where and who instead. Exit: 0 acquired, 1 refused or failed, 2 usage.
`

export async function run(args: string[]): Promise<number> {
  const defaults = readClientConfig()
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: {
      incident: { type: 'string' },
      url: { type: 'string', default: defaults.url },
      token: { type: 'string', default: defaults.token },
      json: { type: 'boolean', default: false },
    },
  })
  const [clip] = positionals
  if (!clip || positionals.length > 1 || !values.incident || !values.token) {
    process.stderr.write(help)
    return 2
  }
  try {
    const hash = createHash('sha256')
    await pipeline(createReadStream(clip), hash)
    const response = await connect(values.token, values.url).send(
      'POST',
      `/v1/incidents/${encodeURIComponent(values.incident)}/exhibits`,
      {
        body: Readable.toWeb(createReadStream(clip)) as ReadableStream,
        duplex: 'half',
        headers: {
          'content-type': 'application/octet-stream',
          'content-length': String((await stat(clip)).size),
          'repr-digest': `sha-256=:${hash.digest('base64')}:`,
          'idempotency-key': randomUUID(),
        },
      },
    )
    const receipt = (await response.json()) as Record<string, unknown>
    process.stdout.write(`${JSON.stringify(receipt, null, values.json ? 0 : 2)}\n`)
    return 0
  } catch (error) {
    return explain(error, values.json)
  }
}

/** Prints what went wrong, as JSON when asked, and answers exit code 1. */
export function explain(error: unknown, json: boolean): number {
  if (json && error instanceof ApiProblem) process.stdout.write(`${JSON.stringify(error.problem)}\n`)
  else process.stderr.write(`custos: ${error instanceof Error ? error.message : String(error)}\n`)
  return 1
}
