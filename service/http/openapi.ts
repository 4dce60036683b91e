/** What every route shares: the validating router, the problem answers, headers, and the reference page. */

import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { OpenAPIHono, z } from '@hono/zod-openapi'
import type { Authenticated } from '../identity/authenticate.ts'
import { Problem } from './problem.ts'

export type Router = OpenAPIHono<Authenticated>

/** A router that answers a body or parameter of the wrong shape with `invalid-request`, naming every place at fault. */
export function router(): Router {
  return new OpenAPIHono<Authenticated>({
    defaultHook(result) {
      if (result.success) return
      const places = result.error.issues.map(i => `${i.path.join('.') || 'body'}: ${i.message}`)
      throw new Problem('invalid-request', { detail: places.slice(0, 20).join('; ') })
    },
  })
}

export const ProblemBody = z
  .object({
    type: z.url(),
    title: z.string(),
    status: z.number().int(),
    detail: z.string().optional(),
    reasons: z.array(z.string()).optional(),
    ledgerIndex: z.number().int().optional(),
  })
  .openapi('Problem')

const problem = (description: string) => ({
  description,
  content: { 'application/problem+json': { schema: ProblemBody } },
})

/** The refusals that any judged route can answer. */
export const refusals = {
  400: problem('not well formed'),
  401: problem('no valid access token'),
  403: problem('refused by policy; `reasons` say why, `ledgerIndex` names the entry that records it'),
  404: problem('no such resource, or not one that you may know of'),
  503: problem('the ledger, or another part, is not available: ask again with the same key'),
} as const

/** Of an acquisition, whose body is the clip. */
export const unacquirable = {
  413: problem('the clip is longer than this service takes; the refusal is recorded'),
  415: problem('the body is of a type that is not taken'),
} as const

/** Of a route that serves byte ranges. */
export const unranged = { 416: problem('the range begins behind the end') } as const

export const unprocessable = { 409: problem('not now'), 422: problem('understood, but it cannot be done') } as const

export const IdempotencyHeader = z.object({
  'idempotency-key': z.string().min(8).max(255).optional().openapi({
    description:
      'Makes a retry act once; the retry is judged as a reading and answered with the resource as it is by then. A key belongs to one request: with another it is refused (422).',
  }),
})

export const json = <S extends z.ZodType>(schema: S, description: string) => ({
  description,
  content: { 'application/json': { schema } },
})

const page = `<!doctype html><html lang="en"><meta charset="utf-8"><title>Custos API</title>
<meta name="viewport" content="width=device-width,initial-scale=1"><link rel="stylesheet" href="/docs/swagger-ui.css">
<style>body{margin:0;background:#fafafa}.swagger-ui .topbar{display:none}</style><div id="ui"></div>
<script src="/docs/swagger-ui-bundle.js"></script><script src="/docs/start.js"></script></html>`
const start = `SwaggerUIBundle({url:'/openapi.json',dom_id:'#ui',deepLinking:true,defaultModelsExpandDepth:0,validatorUrl:null})`

/** `/openapi.json` and a reference page at `/docs`, every asset of it served from here. */
export function mountReference(app: Router): void {
  app.openAPIRegistry.registerComponent('securitySchemes', 'token', {
    type: 'http',
    scheme: 'bearer',
    bearerFormat: 'JWT',
  })
  app.doc31('/openapi.json', {
    openapi: '3.1.0',
    info: {
      title: 'Custos',
      version: '1',
      description:
        'Evidence redaction and chain of custody for CCTV of retail crime. Every look at evidence is judged and recorded.',
    },
    security: [{ token: [] }],
  })
  const assets = dirname(createRequire(import.meta.url).resolve('swagger-ui-dist/package.json'))
  const files = { 'swagger-ui.css': 'text/css', 'swagger-ui-bundle.js': 'text/javascript' } as const
  const csp =
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; connect-src 'self'"
  app.get('/docs', c => c.html(page, 200, { 'content-security-policy': csp }))
  app.get('/docs/start.js', c => c.body(start, 200, { 'content-type': 'text/javascript' }))
  for (const [name, type] of Object.entries(files)) {
    app.get(`/docs/${name}`, async c => c.body(await readFile(join(assets, name)), 200, { 'content-type': type }))
  }
}
