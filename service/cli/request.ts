/** `custos request`: files a request with a running service, waits for the disclosure, and fetches the package. */
import { createWriteStream } from 'node:fs'
import { readFile, rename, rm, writeFile } from 'node:fs/promises'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { readClientConfig } from '../config.ts'
import { explain } from './acquire.ts'
import { connect } from './client.ts'

export const help = `custos request EXHIBIT --purpose P --authority FILE.json --justification TEXT --out PACKAGE.zip
               [--url http://127.0.0.1:8480] [--token TOKEN] [--json]

Files the request, has the redacted copy made, and fetches the package with the proof of its preparation beside it (PACKAGE.zip.tlog-proof).
The authority file: {"type", "identifier", "issuer", "issuedAt", "scope", "documentSha256"?}. CUSTOS_URL and CUSTOS_TOKEN may say where and who instead.
Exit: 0 fetched, 1 refused, failed, or waiting for a person, 2 usage. Where it waits for a person, the disclosure is named: once it is released,
fetch it with GET /v1/disclosures/ID/package and its proof with GET /v1/disclosures/ID/proof. Running this again files another request.
`

export async function run(args: string[]): Promise<number> {
  const defaults = readClientConfig()
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: {
      purpose: { type: 'string' },
      authority: { type: 'string' },
      justification: { type: 'string' },
      out: { type: 'string' },
      url: { type: 'string', default: defaults.url },
      token: { type: 'string', default: defaults.token },
      json: { type: 'boolean', default: false },
    },
  })
  const [exhibitNumber] = positionals
  if (!exhibitNumber || !values.out || !values.token) {
    process.stderr.write(help)
    return 2
  }
  try {
    const api = connect(values.token, values.url)
    const authority = values.authority === undefined ? undefined : JSON.parse(await readFile(values.authority, 'utf8'))
    const request = await api.json<{ requestId: string }>('POST', '/v1/requests', {
      exhibitNumber,
      ...(values.purpose !== undefined && { purpose: values.purpose }),
      ...(authority !== undefined && { authority }),
      ...(values.justification !== undefined && { justification: values.justification }),
    })
    const disclosure = await awaitDisclosure(api, request.requestId, state => {
      if (!values.json) process.stderr.write(`\r${state.padEnd(40)}`)
    })
    if (disclosure.state === 'failed') throw new Error(`the disclosure failed: ${disclosure.failure}`)
    if (disclosure.state === 'review')
      throw new Error(
        `the leak certificate is not clean: somebody of the custodian must review ${disclosure.disclosureId} first`,
      )
    await fetchPackage(api, disclosure.disclosureId, values.out)
    process.stdout.write(`${JSON.stringify({ ...disclosure, package: values.out })}\n`)
    return 0
  } catch (error) {
    return explain(error, values.json)
  }
}

export interface DisclosureView {
  readonly disclosureId: string
  readonly state: 'queued' | 'running' | 'ready' | 'failed' | 'review'
  readonly stage: string
  readonly progress: number
  readonly failure?: string
  readonly ledgerIndex?: number
  readonly derivative?: string
  readonly packageSha256?: string
}

/** Has a disclosure prepared and waits until it is ready, failed, or waiting for a person. */
export async function awaitDisclosure(
  api: ReturnType<typeof connect>,
  requestId: string,
  tell: (state: string, view: DisclosureView) => void,
): Promise<DisclosureView> {
  return followDisclosure(api, await api.json<DisclosureView>('POST', `/v1/requests/${requestId}/disclosures`), tell)
}

export async function followDisclosure(
  api: ReturnType<typeof connect>,
  from: DisclosureView,
  tell: (state: string, view: DisclosureView) => void,
): Promise<DisclosureView> {
  let view = from
  while (view.state === 'queued' || view.state === 'running') {
    tell(`${view.stage} ${Math.round(view.progress / 10)} %`, view)
    await sleep(250)
    view = await api.json<DisclosureView>('GET', `/v1/disclosures/${view.disclosureId}`)
  }
  tell(view.state, view)
  return view
}

/** Fetches the package into `out`, whole or not at all, and the proof beside it. */
export async function fetchPackage(api: ReturnType<typeof connect>, disclosureId: string, out: string): Promise<void> {
  const part = `${out}.part`
  try {
    const response = await api.send('GET', `/v1/disclosures/${disclosureId}/package`)
    await pipeline(Readable.fromWeb(response.body as never), createWriteStream(part))
    const proof = await api.send('GET', `/v1/disclosures/${disclosureId}/proof`)
    await writeFile(`${out}.tlog-proof`, await proof.text())
    await rename(part, out)
  } finally {
    await rm(part, { force: true })
  }
}
