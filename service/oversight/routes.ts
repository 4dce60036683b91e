/** What the public, auditors and operators see: the log in tlog-tiles layout (c2sp.org/tlog-tiles), proofs, health. */
import { createRoute, z } from '@hono/zod-openapi'
import type { Context } from 'hono'
import { parseNumberPath } from '../custody/tiles.ts'
import { refusals, router } from '../http/openapi.ts'
import { Problem } from '../http/problem.ts'
import { type Court, demandAndRecord } from '../policy/judge.ts'
import { type Asked, makeReadiness } from './readiness.ts'

export interface Oversight extends Court, Asked {
  readonly houseChain: string
}

const plain = (description: string) => ({ description, content: { 'text/plain': { schema: z.string() } } })
const octets = (description: string) => ({
  description,
  content: { 'application/octet-stream': { schema: z.string().openapi({ format: 'binary' }) } },
})
const open = { security: [] }
const judgedEachTime = { 'cache-control': 'private, no-store' }
const forever = { 'cache-control': 'public, max-age=31536000, immutable' }
const Health = z.object({ status: z.literal('alive') })
const Ready = z.object({ ready: z.boolean(), parts: z.record(z.string(), z.enum(['up', 'down'])) })

/** Routes that need no token: hashes and signatures only, nothing that an entry says. */
export function publicRoutes(parts: Oversight) {
  const app = router()
  const askReadiness = makeReadiness(parts)
  app.openapi(
    createRoute({
      ...open,
      method: 'get',
      path: '/healthz',
      tags: ['Oversight'],
      summary: 'The process lives',
      responses: { 200: { description: 'alive', content: { 'application/json': { schema: Health } } } },
    }),
    c => c.json({ status: 'alive' as const }, 200),
  )
  app.openapi(
    createRoute({
      ...open,
      method: 'get',
      path: '/readyz',
      tags: ['Oversight'],
      summary: 'Every part that a release needs is up, in one region at least',
      responses: {
        200: { description: 'ready', content: { 'application/json': { schema: Ready } } },
        503: { description: 'not ready', content: { 'application/json': { schema: Ready } } },
      },
    }),
    async c => {
      const readiness = await askReadiness()
      return c.json(readiness, readiness.ready ? 200 : 503)
    },
  )
  app.openapi(
    createRoute({
      ...open,
      method: 'get',
      path: '/v1/ledger/checkpoint',
      tags: ['Ledger'],
      summary: 'The newest signed checkpoint',
      responses: { 200: plain('a C2SP checkpoint') },
    }),
    async c => c.text(await parts.ledger.checkpoint(), 200, { 'cache-control': 'no-store' }),
  )
  app.openapi(
    createRoute({
      ...open,
      method: 'get',
      path: '/v1/ledger/key',
      tags: ['Ledger'],
      summary: 'The verifier key, to be compared with one that came another way',
      responses: { 200: plain('a C2SP verifier key') },
    }),
    c => c.text(`${parts.ledger.verifierKey}\n`, 200),
  )
  app.openapi(
    createRoute({
      ...open,
      method: 'get',
      path: '/v1/ledger/proofs/{index}',
      tags: ['Ledger'],
      summary: 'The inclusion proof of an entry under the newest checkpoint',
      request: { params: z.object({ index: z.string().regex(/^(0|[1-9]\d{0,14})$/) }) },
      responses: { 200: plain('a C2SP tlog-proof'), 400: refusals[400], 404: refusals[404] },
    }),
    async c => {
      const index = Number(c.req.valid('param').index)
      if (index >= (await parts.ledger.size())) throw new Problem('not-found')
      return c.text(await parts.ledger.proof(index), 200, { 'cache-control': 'no-store' })
    },
  )
  // A tile's number is itself a path (`x001/x234/067.p/9`), which OpenAPI cannot say: documented here, answered below.
  app.openAPIRegistry.registerPath(
    createRoute({
      ...open,
      method: 'get',
      path: '/v1/ledger/tile/{level}/{path}',
      tags: ['Ledger'],
      summary: 'A tile of hashes',
      request: {
        params: z.object({
          level: z.string().regex(/^(0|[1-5]?\d|6[0-3])$/),
          path: z.string().openapi({ example: '000.p/3' }),
        }),
      },
      responses: { 200: octets('hashes'), 404: refusals[404] },
    }),
  )
  app.get('/v1/ledger/tile/:level{[0-9]+}/:path{.+}', async c => {
    const tile = parseNumberPath(c.req.param('path'))
    return sendTile(c, tile && (await parts.ledger.tile(Number(c.req.param('level')), tile.n, tile.width)), forever)
  })
  return app
}

/** Entry bundles: commitments only, yet their rhythm tells who is busy, so they need the auditor's role. */
export function auditorRoutes(parts: Oversight) {
  const app = router()
  app.openAPIRegistry.registerPath(
    createRoute({
      method: 'get',
      path: '/v1/ledger/tile/entries/{path}',
      tags: ['Ledger'],
      summary: 'A bundle of entries',
      request: { params: z.object({ path: z.string().openapi({ example: '000.p/3' }) }) },
      responses: { 200: octets('length-prefixed entries'), ...refusals },
    }),
  )
  app.get('/v1/ledger/tile/entries/:path{.+}', async c => {
    await demandAndRecord(parts, c.get('person'), 'ledger.read-entries', parts.houseChain, {})
    const tile = parseNumberPath(c.req.param('path'))
    return sendTile(c, tile && (await parts.ledger.entriesTile(tile.n, tile.width)), judgedEachTime)
  })
  return app
}

function sendTile(c: Context, bytes: Uint8Array | undefined, caching: Record<string, string>): Response {
  if (!bytes) throw new Problem('not-found')
  return c.body(bytes as never, 200, { 'content-type': 'application/octet-stream', ...caching })
}
