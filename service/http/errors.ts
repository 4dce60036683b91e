/** The one place where an error becomes an answer. The inside face is logged; the outside face is a problem. */
import type { Context, ErrorHandler, NotFoundHandler } from 'hono'
import { HTTPException } from 'hono/http-exception'
import { LedgerUnavailable } from '../custody/ledger.ts'
import { isOutage } from '../outage.ts'
import type { Router } from './openapi.ts'
import { Problem } from './problem.ts'

export function mapErrors(log: (error: unknown, c: Context) => void): ErrorHandler {
  return function answerProblem(error, c) {
    const problem = toProblem(error)
    if (problem.status >= 500) log(error, c)
    return send(c, problem)
  }
}

function toProblem(error: unknown): Problem {
  if (error instanceof Problem) return error
  if (error instanceof LedgerUnavailable)
    return new Problem('ledger-unavailable', { cause: error, retryAfterSeconds: 5 })
  if (error instanceof HTTPException && error.status < 500) {
    return new Problem(error.status === 415 ? 'unsupported-media' : 'invalid-request', {
      detail: error.message,
      cause: error,
    })
  }
  if (isOutage(error)) return new Problem('unavailable', { cause: error, retryAfterSeconds: 5 })
  return new Problem('internal', { cause: error })
}

function send(c: Context, problem: Problem, headers: Record<string, string> = {}): Response {
  const { retryAfterSeconds } = problem.details
  return c.body(JSON.stringify(problem.toBody()), problem.status as never, {
    'content-type': 'application/problem+json',
    'cache-control': 'no-store',
    ...(problem.status === 401 && { 'www-authenticate': 'Bearer' }),
    ...(retryAfterSeconds !== undefined && { 'retry-after': String(retryAfterSeconds) }),
    ...headers,
  })
}

/** 405 with exactly the path's own methods where the path exists, 404 otherwise (RFC 9110, section 15.5.6). */
export function notFound(app: Router): NotFoundHandler {
  return function answerNotFound(c) {
    const allowed = new Set<string>()
    for (const route of app.routes) {
      if (route.method === 'ALL' || !toPattern(route.path).test(c.req.path)) continue
      allowed.add(route.method)
      if (route.method === 'GET') allowed.add('HEAD')
    }
    if (allowed.size === 0) return send(c, new Problem('not-found'))
    return send(c, new Problem('method-not-allowed'), { allow: [...allowed].sort().join(', ') })
  }
}

function toPattern(path: string): RegExp {
  const source = path
    .split('/')
    .map(part =>
      part.startsWith(':') ? (part.includes('{') ? '.+' : '[^/]+') : part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'),
    )
    .join('/')
  return new RegExp(`^${source}$`)
}
