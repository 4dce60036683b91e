/** The porch: methods, tokens, documents. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Estate, openEstate } from '../journeys/estate.ts'

let estate: Estate
beforeAll(async () => {
  estate = await openEstate()
})
afterAll(() => estate[Symbol.asyncDispose]())

test('an undeclared method is 405 with exactly the path’s own methods, and an unknown path is 404', async () => {
  const token = await estate.token('officer', 'agency-a')
  const headers = { authorization: `Bearer ${token}` }
  const wrong = await estate.app.request('/v1/disclosures/DS-1/package', { method: 'DELETE', headers })
  expect([wrong.status, wrong.headers.get('allow')]).toEqual([405, 'GET, HEAD'])
  expect((await estate.app.request('/v1/requests', { method: 'GET', headers })).headers.get('allow')).toBe('POST')
  expect((await estate.app.request('/v1/nowhere', { headers })).status).toBe(404)
})

test('without a valid token every /v1 route but the public ledger answers 401, as a problem', async () => {
  const document = (await (await estate.app.request('/openapi.json')).json()) as {
    paths: Record<string, Record<string, { security?: unknown[] }>>
  }
  for (const [path, operations] of Object.entries(document.paths)) {
    for (const [method, { security }] of Object.entries(operations)) {
      if (security?.length === 0) continue
      const response = await estate.app.request(path.replaceAll(/[{}]/g, ''), {
        method: method.toUpperCase(),
        headers: { authorization: 'Bearer nonsense' },
      })
      expect(response.status, `${method} ${path}`).toBe(401)
      expect(response.headers.get('content-type')).toBe('application/problem+json')
    }
  }
})

test('attempts without an identity are counted into one entry, not one each', async () => {
  const before = await estate.service.ledger.size()
  for (let i = 0; i < 20; i++) await estate.app.request('/v1/requests', { method: 'POST' })
  expect(await estate.service.ledger.size()).toBe(before)
  const { attempts, houseChain, ledger } = estate.service
  await attempts[Symbol.asyncDispose]()
  const counted = (await ledger.chain(houseChain)).flatMap(e =>
    e.openings.filter(o => o.field === 'pol').map(o => o.value as { reasons?: string[] }),
  )
  expect(counted.some(pol => pol.reasons?.includes('token.missing') && pol.reasons.includes('count.20'))).toBe(true)
})

test('the document is OpenAPI 3.1, and the reference page and every asset of it come from here', async () => {
  expect(await (await estate.app.request('/openapi.json')).json()).toMatchObject({ openapi: '3.1.0' })
  const page = await (await estate.app.request('/docs')).text()
  const assets = [...page.matchAll(/(?:src|href)="([^"]+)"/g)].map(match => match[1]!)
  expect(assets.length).toBeGreaterThan(2)
  for (const asset of assets) {
    expect(asset.startsWith('/')).toBe(true)
    expect((await estate.app.request(asset)).status).toBe(200)
  }
})

test('the document names what a clip and a byte range can be refused for', async () => {
  const document = (await (await estate.app.request('/openapi.json')).json()) as {
    paths: Record<string, Record<string, { responses: object; requestBody?: { content: object } }>>
  }
  const acquiring = document.paths['/v1/incidents/{incidentId}/exhibits']!.post!
  expect(Object.keys(acquiring.responses)).toEqual(expect.arrayContaining(['413', '415', '422']))
  expect(Object.keys(acquiring.requestBody!.content)).toEqual(['application/octet-stream', 'video/*'])
  for (const path of ['package', 'copy'])
    expect(document.paths[`/v1/disclosures/{disclosureId}/${path}`]!.get!.responses).toHaveProperty('416')
})

test('a JSON body beyond the limit is refused before it is read whole', async () => {
  const token = await estate.token('officer', 'agency-a')
  const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' }
  const response = await estate.app.request('/v1/requests', {
    method: 'POST',
    headers,
    body: JSON.stringify({ exhibitNumber: 'x'.repeat(70_000) }),
  })
  expect(response.status).toBe(400)
})

test('readiness names the parts, store and keys by region, liveness does not depend on them', async () => {
  expect((await estate.app.request('/healthz')).status).toBe(200)
  expect(await (await estate.app.request('/readyz')).json()).toEqual({
    ready: true,
    parts: { database: 'up', ledger: 'up', policy: 'up', scratch: 'up', 'objects local': 'up', 'keys local': 'up' },
  })
})
