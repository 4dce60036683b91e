/** A download counts once a byte of it left, and never more of them than the obligations allow. */
import { afterAll, beforeAll, beforeEach, expect, test, vi } from 'vitest'
import { requests } from '../../service/disclosure/tables.ts'
import { Problem } from '../../service/http/problem.ts'
import { type Estate, openEstate } from '../journeys/estate.ts'
import { type HeldCopy, holdCopy, saidIn } from './held-copy.ts'

const bytes = Buffer.from('what the package would be')
let estate: Estate
let held: HeldCopy
let most: number
beforeAll(async () => {
  estate = await openEstate()
  held = await holdCopy(estate, 'ready', bytes.length)
  const [row] = await estate.service.db.select().from(requests)
  most = JSON.parse(row!.decision).obligations.maxDownloads
})
afterAll(() => estate[Symbol.asyncDispose]())
beforeEach(() => estate.service.db.update(requests).set({ downloads: most - 1 }))

const counted = async () => (await estate.service.db.select().from(requests))[0]!.downloads
const download = async () => {
  const token = await estate.token('officer', 'agency-a')
  const headers = { authorization: `Bearer ${token}` }
  return await estate.app.request(`/v1/disclosures/${held.disclosureId}/package`, { headers })
}
/** A vault that gives these chunks, and then breaks where told so. */
function giving(chunks: readonly Uint8Array[], broken?: Error) {
  async function* stream() {
    yield* chunks
    if (broken) throw broken
  }
  return vi.spyOn(estate.service.vault, 'open').mockImplementation(async () => ({ stream: stream() }) as never)
}
const events = async () => (await saidIn(estate, held.receipt.chain)).map(({ ev }) => ev)
const unavailable = new Problem('unavailable')

test('one that ends before the vault opens does not count, and the entry says that it was broken off', async () => {
  const opened = vi.spyOn(estate.service.vault, 'open').mockRejectedValue(unavailable)
  for (let i = 0; i < 2; i++) {
    expect((await download()).status).toBe(503)
    expect((await events()).slice(-2)).toEqual(['access.permitted', 'access.aborted'])
    expect(await counted()).toBe(most - 1)
  }
  opened.mockRestore()
})

test('one that breaks before its first byte does not count; after it, it does', async () => {
  for (const [chunks, after] of [
    [[], most - 1],
    [[bytes.subarray(0, 4)], most],
  ] as const) {
    const opened = giving(chunks, unavailable)
    await expect((await download()).arrayBuffer()).rejects.toThrow()
    expect((await events()).slice(-2)).toEqual(['access.permitted', 'access.aborted'])
    expect(await counted()).toBe(after)
    opened.mockRestore()
  }
})

test('the last one is nobody else’s while it is under way, and anybody’s again once it failed', async () => {
  const vaults = Promise.withResolvers<never>()
  const opened = vi.spyOn(estate.service.vault, 'open').mockImplementation(() => vaults.promise)
  const first = download()
  await vi.waitFor(() => expect(opened).toHaveBeenCalled(), { timeout: 60_000 })
  expect((await download()).status).toBe(403)
  vaults.reject(unavailable)
  expect((await first).status).toBe(503)
  opened.mockRestore()
  const good = giving([bytes])
  expect(Buffer.from(await (await download()).arrayBuffer())).toEqual(bytes)
  expect((await events()).at(-1)).toBe('access.completed')
  expect((await download()).status).toBe(403)
  expect(good).toHaveBeenCalledOnce()
  expect(await counted()).toBe(most)
  good.mockRestore()
})
