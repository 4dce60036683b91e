/** Acquisition over HTTP on loopback (digest, seal, probe, lock, entry) against `cp` and `sha256sum` of the same file. */
import { execFile } from 'node:child_process'
import { appendFile, copyFile, mkdtemp, rm, stat } from 'node:fs/promises'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { parseArgs, promisify } from 'node:util'
import { serve } from '@hono/node-server'
import type { Measurement } from '../../service/cli/bench.ts'
import { connect } from '../../service/cli/client.ts'
import { makeClip } from '../journeys/clips.ts'
import { openEstate, recordIncident } from '../journeys/estate.ts'

const run_ = promisify(execFile)

export async function run(args: string[]): Promise<Measurement[]> {
  const { values } = parseArgs({ args, options: { mb: { type: 'string', default: '500' } } })
  const bytes = Number(values.mb) * 1_000_000
  await using estate = await openEstate()
  const folder = await mkdtemp(join(estate.folder, 'bench-'))
  const clip = join(folder, 'clip.mp4')
  await copyFile(await makeClip(), clip)
  await padTo(clip, bytes)
  const { size } = await stat(clip)

  const floor = await seconds(async () => {
    await run_('cp', [clip, join(folder, 'copy')])
    await run_('sync', [join(folder, 'copy')])
    await run_('sha256sum', [clip])
  })
  const server = serve({ fetch: estate.app.fetch, port: 0, hostname: '127.0.0.1' })
  await new Promise<void>(resolve => (server.listening ? resolve() : server.once('listening', () => resolve())))
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const incidentId = await recordIncident(estate)
  const token = await estate.token('store-operator', 'custodian')
  let peak = 0
  const watch = setInterval(() => {
    peak = Math.max(peak, process.memoryUsage.rss())
  }, 50)
  const spent = await seconds(async () => {
    const api = connect(token, url)
    const { openAsBlob } = await import('node:fs')
    const body = await openAsBlob(clip)
    await api.send('POST', `/v1/incidents/${incidentId}/exhibits`, { body, headers: { 'content-type': 'video/mp4' } })
  })
  clearInterval(watch)
  await new Promise(resolve => server.close(resolve))
  await rm(folder, { recursive: true, force: true })
  const rate = (s: number) => size / 1e6 / s
  return [
    { name: 'acquire.MBs', value: rate(spent), unit: 'MB/s', floor: rate(floor), ratio: rate(spent) / rate(floor) },
    { name: 'acquire.rssMB', value: peak / 1e6, unit: 'MB' },
  ]
}

/** A `free` box is what MP4 has for bytes that mean nothing. */
async function padTo(clip: string, bytes: number): Promise<void> {
  const rest = bytes - (await stat(clip)).size
  const header = Buffer.alloc(8)
  header.writeUInt32BE(rest, 0)
  header.write('free', 4, 'latin1')
  await appendFile(clip, header)
  const block = Buffer.alloc(1 << 20, 0x5a)
  for (let left = rest - 8; left > 0; left -= block.length)
    await appendFile(clip, block.subarray(0, Math.min(left, block.length)))
}

async function seconds(work: () => Promise<unknown>): Promise<number> {
  const began = performance.now()
  await work()
  return (performance.now() - began) / 1000
}
