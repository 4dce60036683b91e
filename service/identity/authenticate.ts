import { createMiddleware } from 'hono/factory'
import { Problem } from '../http/problem.ts'
import type { Person } from './person.ts'
import type { Tokens } from './tokens.ts'

export type Authenticated = { Variables: { person: Person } }

/** Puts the verified person on the context. `refused` counts attempts without a valid identity; it never delays the answer. */
export function authenticate(tokens: Tokens, refused: (reason: 'token.missing' | 'token.invalid') => void) {
  return createMiddleware<Authenticated>(async function authenticate(c, next) {
    const token = /^Bearer ([A-Za-z0-9._~+/-]+=*)$/i.exec(c.req.header('authorization') ?? '')?.[1]
    if (token === undefined) {
      refused('token.missing')
      throw new Problem('unauthenticated')
    }
    const person = await tokens.verify(token).catch(cause => {
      refused('token.invalid')
      throw new Problem('unauthenticated', { cause })
    })
    c.set('person', person)
    await next()
  })
}
