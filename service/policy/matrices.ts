/** The committed data that rules read (policies/data/*.json), checked whole: a matrix with a hole decides wrongly without a word. */
import { z } from 'zod'
import { actions, roles } from './facts.ts'

const Slug = z.string().regex(/^[a-z][a-z-]*$/)
const Title = z.string().min(1)
const Count = z.int().min(0).max(1_000)
const authorityTypes = z.array(Slug).min(1)

const ActionRow = z
  .strictObject({
    roles: z.array(z.enum(roles)).min(1),
    assurance: z.int().min(1).max(3),
    /** Facts without which the action means nothing. */
    needs: z.array(z.enum(['exhibit', 'request'])),
    /** What must hold of the request. */
    request: z.array(z.enum(['permitted', 'unexpired', 'approved', 'unspent'])),
    /** Whether the agency must be active with a current memorandum of understanding. */
    standing: z.boolean(),
  })
  .refine(
    row => row.request.length === 0 || row.needs.includes('request'),
    'asks something of a request that it does not need',
  )

const Cell = z.strictObject({
  audio: z.enum(['drop', 'keep']),
  approvals: Count,
  expiresAfterDays: z.int().min(1).max(3_650),
  maxDownloads: z.int().min(1).max(1_000),
})

const Purpose = z.strictObject({
  title: Title,
  /** The provisions that the purpose maps to. */
  basis: z.array(Title).min(1),
  roles: z.array(z.enum(['officer', 'lawyer'])).min(1),
  authorities: z.record(Slug, Cell),
})

export const Matrices = z
  .strictObject({
    actions: z.record(z.enum(actions), ActionRow),
    authorities: z.record(
      Slug,
      z.strictObject({ title: Title, validityDays: z.int().min(1).max(3_650), document: z.boolean() }),
    ),
    purposes: z.record(Slug, Purpose),
    /** From the exhibit's region to the agency's: the authority types that are a basis for crossing. */
    regions: z.strictObject({ crossings: z.record(Slug, z.record(Slug, authorityTypes)) }),
    release: z.strictObject({
      classes: z.tuple([z.literal('video')]),
      fill: z.literal('constant'),
      justificationCharacters: z.int().min(1).max(200),
      redact: z.tuple([z.literal('face'), z.literal('plate')]),
    }),
    /** By incident type: how long an exhibit is kept, in days. */
    retention: z.record(Slug, z.strictObject({ days: z.int().min(1).max(36_500) })),
    roles: z.record(z.enum(roles), z.strictObject({ side: z.enum(['agency', 'custodian', 'oversight', 'service']) })),
    sensitivities: z.record(
      z.enum(['ordinary', 'sensitive', 'restricted']),
      z.strictObject({ approvals: Count, audio: z.boolean(), authorities: authorityTypes }),
    ),
  })
  .superRefine((m, context) => {
    const named = [
      ...Object.values(m.purposes).flatMap(p => Object.keys(p.authorities)),
      ...Object.values(m.sensitivities).flatMap(s => s.authorities),
      ...Object.values(m.regions.crossings).flatMap(to => Object.values(to).flat()),
    ]
    for (const type of new Set(named)) {
      if (!(type in m.authorities)) context.addIssue({ code: 'custom', message: `there is no authority '${type}'` })
    }
  })

export type Matrices = z.infer<typeof Matrices>
