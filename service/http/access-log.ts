import { createMiddleware } from 'hono/factory'
import { routePath } from 'hono/route'

/** One JSON line a request. The route's pattern, never the path: a path names an exhibit, and a query could name a person. */
export function accessLog(write: (line: string) => void) {
  return createMiddleware(async function accessLog(c, next) {
    const began = performance.now()
    await next()
    const durationMs = Math.round(performance.now() - began)
    write(
      JSON.stringify({
        time: new Date().toISOString(),
        method: c.req.method,
        route: routePath(c, -1),
        status: c.res.status,
        durationMs,
      }),
    )
  })
}
