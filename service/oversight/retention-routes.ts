/** What is due for disposal, and how the sweeps are doing: for the custodian's records managers and for auditors. */
import { createRoute, z } from '@hono/zod-openapi'
import { json, refusals, router } from '../http/openapi.ts'
import { demandAndRecord } from '../policy/judge.ts'
import { disposalReport, mostRefused, mostReported } from './disposal-report.ts'
import { lateSweeps } from './late-sweeps.ts'
import { dayMs, instantOf, type Sweeper } from './sweeper.ts'
import { sweeps } from './tables.ts'

const instant = z.iso.datetime()
const DisposalReport = z
  .object({
    due: z.array(
      z.object({
        exhibitNumber: z.string(),
        retainUntil: instant,
        outcome: z.enum(['permit', 'refuse']),
        reasons: z.array(z.string()),
        disposedNotBefore: instant,
      }),
    ),
  })
  .openapi('DisposalReport')
const SweepList = z
  .object({
    sweeps: z.array(
      z.object({
        name: z.string(),
        startedAt: instant,
        finishedAt: instant.optional(),
        report: z.record(z.string(), z.number()),
      }),
    ),
    late: z.array(z.string()),
  })
  .openapi('Sweeps')

export function retentionRoutes(sweeper: Sweeper) {
  const app = router()
  app.openapi(
    createRoute({
      method: 'get',
      path: '/v1/retention/disposals',
      tags: ['Oversight'],
      summary: 'Exhibits whose retention has ended',
      description: `The longest due first: ${mostReported} at most, and of those that policy keeps ${mostRefused} at most, so more may be due. Each is disposed of at the time it names unless a hold is placed or policy refuses.`,
      responses: { 200: json(DisposalReport, 'the dry run'), ...refusals },
    }),
    async c => {
      await demandAndRecord(sweeper, c.get('person'), 'retention.report', sweeper.houseChain, {})
      return c.json(
        { due: (await disposalReport(sweeper)).map(each => ({ ...each, reasons: [...each.reasons] })) },
        200,
      )
    },
  )

  app.openapi(
    createRoute({
      method: 'get',
      path: '/v1/retention/sweeps',
      tags: ['Oversight'],
      summary: 'When each sweep last ended, and what it did',
      responses: { 200: json(SweepList, 'the sweeps'), ...refusals },
    }),
    async c => {
      await demandAndRecord(sweeper, c.get('person'), 'retention.report', sweeper.houseChain, {})
      const rows = await sweeper.db.select().from(sweeps).orderBy(sweeps.name)
      // Never yet counts as late after a day.
      const since = new Date(instantOf(sweeper).getTime() - dayMs)
      const late = await lateSweeps(sweeper, instantOf(sweeper), since)
      return c.json(
        {
          sweeps: rows.map(({ name, startedAt, finishedAt, report }) => ({
            name,
            startedAt: startedAt.toISOString(),
            ...(finishedAt && { finishedAt: finishedAt.toISOString() }),
            report,
          })),
          late: late.map(each => each.name),
        },
        200,
      )
    },
  )
  return app
}
