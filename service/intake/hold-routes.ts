/** Legal hold over HTTP: judged, recorded, and another agency's answered as if there were none. */
import { createRoute, z } from '@hono/zod-openapi'
import { attemptOf, fingerprint, once } from '../http/idempotency.ts'
import { IdempotencyHeader, json, refusals, router, unprocessable } from '../http/openapi.ts'
import { Problem } from '../http/problem.ts'
import { type Asker, type Circumstances, type Court, demand, demandAndRecord } from '../policy/judge.ts'
import { findExhibit } from './exhibits.ts'
import { exhibitFacts, holdFacts } from './facts.ts'
import { confirmHold, extendHold, type Held, liftHold } from './hold-changes.ts'
import { allHoldsOn, findHold, visibleTo } from './hold-rows.ts'
import { HoldList, HoldView, NewHold, NewLift, viewHold } from './hold-wire.ts'
import { placeHold, unplaced } from './holds.ts'
import type { HoldAuthority } from './tables.ts'

const id = z.string().regex(/^[A-Za-z0-9-]{1,64}$/)
const body = <S extends z.ZodType>(schema: S) => ({ required: true, content: { 'application/json': { schema } } })

export function holdRoutes(court: Court, houseChain: string) {
  const app = router()
  const instant = () => new Date(court.nowSeconds() * 1000)

  app.openapi(
    createRoute({
      method: 'post',
      path: '/v1/exhibits/{exhibitNumber}/holds',
      tags: ['Holds'],
      summary: 'Place a hold on an exhibit',
      description:
        'Whatever its schedule says, an exhibit under a hold is not disposed of. Several holds stand side by side.',
      request: { params: z.object({ exhibitNumber: id }), headers: IdempotencyHeader, body: body(NewHold) },
      responses: { 201: json(HoldView, 'in force'), ...refusals, ...unprocessable },
    }),
    async c => {
      const person = c.get('person')
      const { exhibitNumber } = c.req.valid('param')
      const asked = c.req.valid('json')
      const exhibit = await findExhibit(court, exhibitNumber)
      if (!exhibit) return await deny(person)
      const attempt = attemptOf(person, c.req.valid('header')['idempotency-key'], `hold.place ${exhibitNumber}`)
      const { resource, repeated } = await once(court.db, attempt, fingerprint(JSON.stringify(asked)), async bind => {
        const permission = await demand(court, person, 'hold.place', exhibit.chain, {
          exhibit: exhibitFacts(exhibit),
          hold: holdFacts(unplaced(asked, court.nowSeconds())),
          ...stated(asked),
        })
        return placeHold(court, person, exhibit, asked, permission, bind)
      })
      const hold = (await findHold(court.db, resource))!
      if (repeated) await settled(person, { hold, chain: exhibit.chain }, hold.req, 'hold.placed')
      return c.json(viewHold(hold, instant()), 201, { location: `/v1/exhibits/${exhibitNumber}/holds` })
    },
  )

  app.openapi(
    createRoute({
      method: 'get',
      path: '/v1/exhibits/{exhibitNumber}/holds',
      tags: ['Holds'],
      summary: 'Read the holds on an exhibit, those that are over included',
      description: 'People of an agency see the holds of their own agency.',
      request: { params: z.object({ exhibitNumber: id }) },
      responses: { 200: json(HoldList, 'oldest first'), ...refusals },
    }),
    async c => {
      const person = c.get('person')
      const exhibit = await findExhibit(court, c.req.valid('param').exhibitNumber)
      await demandAndRecord(court, person, 'hold.read', exhibit?.chain ?? houseChain, {
        exhibit: exhibitFacts(exhibit),
      })
      if (!exhibit) throw new Problem('not-found')
      const holds = (await allHoldsOn(court.db, exhibit.exhibitNumber)).filter(visibleTo(person))
      return c.json({ holds: holds.map(hold => viewHold(hold, instant())) }, 200)
    },
  )

  app.openapi(
    createRoute({
      method: 'post',
      path: '/v1/holds/{holdId}/extensions',
      tags: ['Holds'],
      summary: 'Extend a hold that lapses, by the days and as often as its kind allows',
      request: { params: z.object({ holdId: id }), headers: IdempotencyHeader },
      responses: { 200: json(HoldView, 'extended'), ...refusals, ...unprocessable },
    }),
    async c => {
      const { holdId } = c.req.valid('param')
      const key = c.req.valid('header')['idempotency-key']
      return c.json(await act(c.get('person'), holdId, key, 'hold.extend', {}, extendHold), 200)
    },
  )

  app.openapi(
    createRoute({
      method: 'post',
      path: '/v1/holds/{holdId}/confirmations',
      tags: ['Holds'],
      summary: 'Confirm the hold of a request, so that it stays until it is lifted',
      request: { params: z.object({ holdId: id }), headers: IdempotencyHeader },
      responses: { 200: json(HoldView, 'confirmed'), ...refusals, ...unprocessable },
    }),
    async c => {
      const { holdId } = c.req.valid('param')
      const key = c.req.valid('header')['idempotency-key']
      return c.json(await act(c.get('person'), holdId, key, 'hold.confirm', {}, confirmHold), 200)
    },
  )

  app.openapi(
    createRoute({
      method: 'post',
      path: '/v1/holds/{holdId}/lifts',
      tags: ['Holds'],
      summary: 'Lift a hold; every other one on the exhibit stays',
      request: { params: z.object({ holdId: id }), headers: IdempotencyHeader, body: body(NewLift) },
      responses: { 200: json(HoldView, 'lifted'), ...refusals, ...unprocessable },
    }),
    async c => {
      const { holdId } = c.req.valid('param')
      const key = c.req.valid('header')['idempotency-key']
      const asked = c.req.valid('json')
      const lift: Change = (parts, asker, held, permission, bind) =>
        liftHold(parts, asker, held, { reason: '', ...asked }, permission, bind)
      return c.json(await act(c.get('person'), holdId, key, 'hold.lift', asked, lift), 200)
    },
  )

  type Change = typeof extendHold

  /** Judges and does one act on a hold, once for its idempotency key, and answers the hold as it then stands. */
  async function act(
    person: Asker,
    holdId: string,
    key: string | undefined,
    action: 'hold.extend' | 'hold.confirm' | 'hold.lift',
    asked: Stated,
    change: Change,
  ) {
    const held = await trace(holdId)
    if (!held) return await deny(person)
    const { resource, repeated } = await once(
      court.db,
      attemptOf(person, key, `${action} ${holdId}`),
      fingerprint(JSON.stringify(asked)),
      async bind => {
        const exhibit = await findExhibit(court, held.hold.exhibitNumber)
        const permission = await demand(court, person, action, held.chain, {
          exhibit: exhibitFacts(exhibit),
          hold: holdFacts(held.hold),
          ...stated(asked),
        })
        await change(court, person, held, permission, tx => bind(tx, permission.req))
        return permission.req
      },
    )
    if (repeated) await settled(person, held, resource, action === 'hold.lift' ? 'hold.lifted' : 'hold.placed')
    return viewHold((await findHold(court.db, holdId))!, instant())
  }

  async function trace(holdId: string): Promise<Held | undefined> {
    const hold = await findHold(court.db, holdId)
    const exhibit = hold && (await findExhibit(court, hold.exhibitNumber))
    return hold && exhibit && { hold, chain: exhibit.chain }
  }

  /** A repeated act is judged as a read, and waits until its entry is durable. */
  async function settled(person: Asker, { hold, chain }: Held, req: string, ev: 'hold.placed' | 'hold.lifted') {
    const exhibit = await findExhibit(court, hold.exhibitNumber)
    await demand(court, person, 'hold.read', chain, { exhibit: exhibitFacts(exhibit) })
    await court.ledger.entryOf(req, ev)
  }

  /** What does not exist is refused as what is somebody else's, by the same path and on the record. */
  async function deny(person: Asker): Promise<never> {
    await demandAndRecord(court, person, 'hold.read', houseChain, { exhibit: exhibitFacts(undefined) })
    throw new Problem('not-found')
  }
  return app
}

interface Stated {
  readonly reason?: string
  readonly authority?: HoldAuthority
}

/** What was stated, in policy's units. */
function stated({ reason, authority }: Stated): Pick<Circumstances, 'authority' | 'justification'> {
  return {
    ...(authority && {
      authority: { ...authority, issuedAt: Math.floor(new Date(authority.issuedAt).getTime() / 1000) },
    }),
    ...(reason !== undefined && { justification: reason }),
  }
}
