/** Whatever comes in at the door: a clear problem, an entry, and nothing lost or half kept. */
import { execFile } from 'node:child_process'
import { readFile, truncate, writeFile } from 'node:fs/promises'
import { createServer, request as httpRequest } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { serve } from '@hono/node-server'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { ApiProblem } from '../../service/cli/client.ts'
import { exhibits } from '../../service/intake/tables.ts'
import { objects } from '../../service/vault/tables.ts'
import { makeClip } from './clips.ts'
import { acquireClip, type Estate, openEstate, recordIncident } from './estate.ts'

const run = promisify(execFile)
let estate: Estate
let incidentId: string
let chain: string

beforeAll(async () => {
  estate = await openEstate({}, { CUSTOS_MAX_CLIP_BYTES: '2000000' })
  incidentId = await recordIncident(estate)
  const operator = await estate.as('store-operator', 'custodian')
  chain = (await operator.json<{ chain_of_custody_id: string }>('GET', `/v1/incidents/${incidentId}`))
    .chain_of_custody_id
})
afterAll(() => estate[Symbol.asyncDispose]())

async function send(
  body: Uint8Array | string,
  headers: Record<string, string> = {},
): Promise<ApiProblem | { exhibitNumber: string }> {
  const operator = await estate.as('store-operator', 'custodian')
  return operator
    .send('POST', `/v1/incidents/${incidentId}/exhibits`, {
      body: body as never,
      headers: { 'content-type': 'video/mp4', ...headers },
    })
    .then(async r => (await r.json()) as { exhibitNumber: string })
    .catch((e: unknown) => {
      if (e instanceof ApiProblem) return e
      throw e
    })
}

const rows = async () => ({
  exhibits: (await estate.service.db.select().from(exhibits)).length,
  objects: (await estate.service.db.select().from(objects)).length,
})

/** The problem, after checking that it names an entry that records it on the incident's chain, and that nothing was kept. */
async function refused(
  body: Uint8Array | string,
  headers?: Record<string, string>,
): Promise<{ type: string; status: number; detail?: string }> {
  const before = await rows()
  const answer = await send(body, headers)
  if (!(answer instanceof ApiProblem)) throw new Error(`accepted as ${answer.exhibitNumber}`)
  expect(await rows()).toEqual(before)
  const { problem } = answer
  const entry = (await estate.service.ledger.chain(chain)).find(e => e.index === problem.ledgerIndex)
  expect(entry?.openings.find(o => o.field === 'ev')?.value).toBe('acquisition.refused')
  return { ...problem, type: problem.type.slice(problem.type.indexOf('#') + 1) }
}

test('an empty body is refused as empty', async () => {
  expect(await refused(new Uint8Array())).toMatchObject({ type: 'body-empty', status: 400 })
})

test('bytes that are no video are refused, with words that say why', async () => {
  expect(await refused('hello, this is not a video at all')).toMatchObject({
    type: 'clip-not-video',
    status: 422,
    detail: expect.any(String),
  })
})

test('a wrong digest is refused, a right one is accepted, and one that is malformed is no digest', async () => {
  const clip = await readFile(await makeClip({ seed: 10 }))
  expect(await refused(clip, { 'repr-digest': `sha-256=:${Buffer.alloc(32).toString('base64')}:` })).toMatchObject({
    type: 'digest-mismatch',
  })
  const malformed = await send(clip, { 'repr-digest': 'sha-256=zzz' })
  expect(malformed).toMatchObject({ problem: { status: 400 } })
})

test('a clip beyond the size limit is refused while it streams', async () => {
  expect(await refused(new Uint8Array(2_000_001).fill(7))).toMatchObject({ type: 'clip-too-large', status: 413 })
})

test('a playlist dressed as mp4 opens neither a local file nor an address', async () => {
  let contacts = 0
  const server = createServer((_, response) => {
    contacts++
    response.end()
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  const canary = join(estate.folder, 'canary.mp4')
  await writeFile(canary, await readFile(await makeClip({ seed: 20 })))
  const playlists = [
    `#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\nhttp://127.0.0.1:${port}/a.ts\n#EXT-X-ENDLIST\n`,
    `#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\nfile://${canary}\n#EXT-X-ENDLIST\n`,
    `ffconcat version 1.0\nfile '${canary}'\n`,
    `ffconcat version 1.0\nfile 'http://127.0.0.1:${port}/a.mp4'\n`,
  ]
  for (const playlist of playlists) expect(await refused(playlist)).toMatchObject({ type: 'clip-not-video' })
  expect(contacts).toBe(0)
  server.close()
})

test('a clip without frames, and one that is only sound, are refused', async () => {
  const sound = join(estate.folder, 'sound.mp4')
  await run('ffmpeg', ['-loglevel', 'error', '-f', 'lavfi', '-i', 'sine=duration=1', sound])
  expect(await refused(await readFile(sound))).toMatchObject({ type: 'clip-not-video' })
})

test('a clip that ends in the middle of a frame is taken as it is, since the master is evidence of what came', async () => {
  const path = await makeClip({ seed: 30, name: 'ts', seconds: 2 })
  const { length } = await readFile(path)
  await truncate(path, Math.floor(length * 0.6))
  expect(await send(await readFile(path))).toHaveProperty('exhibitNumber')
})

test('the same clip twice is one sealed object, one clip reference, and two exhibits with an acquisition each', async () => {
  const clip = await makeClip({ seed: 40 })
  const before = await rows()
  const [first, second] = [await acquireClip(estate, incidentId, clip), await acquireClip(estate, incidentId, clip)]
  expect(second.clipRef).toBe(first.clipRef)
  expect(second.exhibitNumber).not.toBe(first.exhibitNumber)
  expect(second.chain).not.toBe(first.chain)
  expect(await rows()).toEqual({ exhibits: before.exhibits + 2, objects: before.objects + 1 })
})

test('an idempotency key is one act: repeated it gives the same exhibit, with another body it is refused', async () => {
  const key = { 'idempotency-key': 'one-act-0001' }
  const [clip, other] = [await makeClip({ seed: 50 }), await makeClip({ seed: 60 })]
  const first = await acquireClip(estate, incidentId, clip, key)
  expect((await acquireClip(estate, incidentId, clip, key)).exhibitNumber).toBe(first.exhibitNumber)
  await expect(acquireClip(estate, incidentId, other, key)).rejects.toMatchObject({
    problem: { status: 422, type: expect.stringContaining('idempotency-key-reused') },
  })
})

test('a body cut off half way is refused and recorded, and nothing of it is kept', async () => {
  const server = serve({ fetch: estate.app.fetch, port: 0, hostname: '127.0.0.1' })
  await new Promise<void>(resolve => (server.listening ? resolve() : server.once('listening', () => resolve())))
  const { port } = server.address() as AddressInfo
  const before = await rows()
  const refusals = async () =>
    (await estate.service.ledger.chain(chain)).filter(e => e.openings.some(o => o.value === 'acquisition.refused'))
      .length
  const count = await refusals()
  const clip = await readFile(await makeClip({ seed: 70 }))
  const token = await estate.token('store-operator', 'custodian')
  const headers = {
    authorization: `Bearer ${token}`,
    'content-type': 'video/mp4',
    'content-length': String(clip.length),
  }
  await new Promise<void>(resolve => {
    const outgoing = httpRequest({
      host: '127.0.0.1',
      port,
      path: `/v1/incidents/${incidentId}/exhibits`,
      method: 'POST',
      headers,
    })
    outgoing.on('error', () => resolve())
    outgoing.write(clip.subarray(0, clip.length / 2), () => setTimeout(() => outgoing.destroy(new Error('cut')), 200))
  })
  await expect.poll(refusals, { timeout: 20_000 }).toBe(count + 1)
  expect(await rows()).toEqual(before)
  await new Promise(resolve => server.close(resolve))
})

test('an acquisition takes video or octets, not a form or JSON', async () => {
  expect(await send('{}', { 'content-type': 'application/json' })).toMatchObject({ problem: { status: 415 } })
})
