/** Service -> Hono: mounts the rooms in flow order, and the one error mapper. */
import { bodyLimit } from 'hono/body-limit'
import { secureHeaders } from 'hono/secure-headers'
import { requestRoutes } from './disclosure/request-routes.ts'
import { disclosureRoutes } from './disclosure/routes.ts'
import { accessLog } from './http/access-log.ts'
import { mapErrors, notFound } from './http/errors.ts'
import { mountReference, type Router, router } from './http/openapi.ts'
import { Problem } from './http/problem.ts'
import { authenticate } from './identity/authenticate.ts'
import { intakeRoutes } from './intake/routes.ts'
import { retentionRoutes } from './oversight/retention-routes.ts'
import { auditorRoutes, publicRoutes } from './oversight/routes.ts'
import type { Service } from './service.ts'

const maxJsonBytes = 64 * 1024

export function createApp(service: Service): Router {
  const app = router()
  app.use(accessLog(service.log))
  app.use(secureHeaders())
  app.onError(mapErrors((error, c) => service.log(describe(error, c.req.method))))
  app.notFound(notFound(app))

  app.route('/', publicRoutes(service))
  mountReference(app)

  app.use(
    '/v1/*',
    authenticate(service.tokens, reason => service.attempts.count(reason)),
  )
  // Bodies of this size are buffered; a clip never is, so its path is the exception.
  const limit = bodyLimit({
    maxSize: maxJsonBytes,
    onError: () => {
      throw new Problem('invalid-request', { detail: `the body is longer than ${maxJsonBytes} bytes` })
    },
  })
  app.use('/v1/*', (c, next) => (/^\/v1\/incidents\/[^/]+\/exhibits$/.test(c.req.path) ? next() : limit(c, next)))
  app.route('/', intakeRoutes(service, service.houseChain))
  app.route('/', requestRoutes(service))
  app.route('/', disclosureRoutes(service))
  app.route('/', retentionRoutes(service))
  app.route('/', auditorRoutes(service))
  return app
}

/** The inside face of an error: what a person who runs this needs, one JSON line. */
function describe(error: unknown, method: string): string {
  const trail: string[] = []
  for (let e: unknown = error; e instanceof Error && trail.length < 5; e = e.cause)
    trail.push(withoutValues(e.stack ?? e.message))
  return JSON.stringify({
    time: new Date().toISOString(),
    level: 'error',
    method,
    error: trail.length > 0 ? trail : String(error),
  })
}

/** A failed query's message ends with its parameters, and those may be somebody's words. */
function withoutValues(text: string): string {
  return text.replace(/\nparams:[\s\S]*?(?=\n {4}at |$)/, '\nparams: left out')
}
