/** The committed data that rules read (policies/data/*.json), checked whole: a matrix with a hole decides wrongly without a word. */
import { z } from 'zod'
import { actions, editOperations, holdKinds, roles, trackOrigins } from './facts.ts'

const Slug = z.string().regex(/^[a-z][a-z-]*$/)
const Title = z.string().min(1)
const Count = z.int().min(0).max(1_000)
/** Nobody would call a face of a hundred pixels too small to tell. */
const LeastWidthPx = z.int().min(0).max(100)
const authorityTypes = z.array(Slug).min(1)

const ActionRow = z
  .strictObject({
    roles: z.array(z.enum(roles)).min(1),
    assurance: z.int().min(1).max(3),
    /** Facts without which the action means nothing. */
    needs: z.array(z.enum(['exhibit', 'request', 'hold', 'edit', 'review'])),
    /** What must hold of the exhibit: it is still there, and it stays in its region or has a basis for leaving it. */
    exhibit: z.array(z.enum(['kept', 'region'])),
    /** What must hold of the request. */
    request: z.array(z.enum(['permitted', 'unexpired', 'approved', 'unspent'])),
    /** Whether the agency must be active with a current memorandum of understanding. */
    standing: z.boolean(),
  })
  .refine(
    row => row.request.length === 0 || row.needs.includes('request'),
    'asks something of a request that it does not need',
  )
  .refine(
    row => row.exhibit.length === 0 || row.needs.includes('exhibit'),
    'asks something of an exhibit that it does not need',
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

const days = z.int().min(1).max(36_500)
/** What was worse is not kept for less long. */
const BySeverity = z
  .strictObject({ low: days, medium: days, high: days, critical: days })
  .refine(row => row.low <= row.medium && row.medium <= row.high && row.high <= row.critical, 'falls as severity rises')

const Retention = z.strictObject({
  /** How long an object's first lock lasts; a sweep lengthens it while anything asks for the object. */
  lockDays: z.int().min(1).max(90),
  /** The least that the record of what was done is kept. */
  auditDays: z.int().min(365).max(36_500),
  /** By incident type and severity, in days from the acquisition, where the jurisdiction lays down nothing of its own. */
  schedule: z.record(Slug, BySeverity),
  jurisdictions: z.record(
    Slug,
    z.strictObject({
      title: Title,
      /** The provisions that the schedule leans on. */
      basis: z.array(Title).min(1),
      schedule: z.record(Slug, BySeverity),
    }),
  ),
})

const HoldRow = z.strictObject({
  title: Title,
  basis: z.array(Title).min(1),
  /** What a person must name to place one; empty for the hold that a request places by itself. */
  authorities: z.array(Slug),
  /** What a person must name to lift one; empty where a reason is enough. */
  liftedUnder: z.array(Slug),
  /** Until it lapses; absent where it stays until it is lifted. */
  lapse: z
    .strictObject({
      days: z.int().min(1).max(365),
      extensionDays: z.int().min(1).max(365),
      extensions: z.int().min(0).max(10),
      /** Whether a person of the custodian can make it stay until it is lifted. */
      confirmable: z.boolean(),
    })
    .exactOptional(),
})

/** Why something is covered. */
const CoverGround = z.strictObject({ title: Title, basis: z.array(Title).min(1) })
/** Why something that was covered is shown: by which operations, on tracks of which origin, for which purposes. */
const UncoverGround = CoverGround.extend({
  operations: z.array(z.enum(editOperations).extract(['delete', 'visible'])).min(1),
  origins: z.array(z.enum(trackOrigins)).min(1),
  purposes: z.array(Slug).min(1),
})

export const Matrices = z
  .strictObject({
    actions: z.record(z.enum(actions), ActionRow),
    authorities: z.record(
      Slug,
      z.strictObject({ title: Title, validityDays: z.int().min(1).max(3_650), document: z.boolean() }),
    ),
    purposes: z.record(Slug, Purpose),
    grounds: z.strictObject({ cover: z.record(Slug, CoverGround), uncover: z.record(Slug, UncoverGround) }),
    /** From the exhibit's region to the agency's: the authority types that are a basis for crossing. */
    regions: z.strictObject({ crossings: z.record(Slug, z.record(Slug, authorityTypes)) }),
    release: z.strictObject({
      classes: z.tuple([z.literal('video')]),
      couldNotTell: z.enum(['blank', 'show']),
      fill: z.literal('constant'),
      justificationCharacters: z.int().min(1).max(200),
      leakLimit: z.strictObject({
        boundPerMillion: z.int().min(0).max(1_000_000),
        couldNotTellFrames: Count,
        residualTracks: Count,
      }),
      /** Below this nothing can be recognised: seven characters in 18 pixels are two pixels each. */
      leastWidthPx: z.strictObject({ face: LeastWidthPx, plate: LeastWidthPx }),
      redact: z.tuple([z.literal('face'), z.literal('plate')]),
    }),
    holds: z.record(z.enum(holdKinds), HoldRow),
    retention: Retention,
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
    for (const [name, { purposes }] of Object.entries(m.grounds.uncover)) {
      for (const purpose of purposes.filter(one => !(one in m.purposes)))
        context.addIssue({ code: 'custom', message: `'${name}' names '${purpose}', which is no purpose` })
      // One word must not both cover and show.
      if (name in m.grounds.cover) context.addIssue({ code: 'custom', message: `'${name}' covers and shows` })
    }
    if (!('personal-data' in m.grounds.cover))
      context.addIssue({ code: 'custom', message: `detectors cover on the ground 'personal-data', and it is missing` })
    for (const [name, { schedule }] of Object.entries(m.retention.jurisdictions)) {
      for (const type of Object.keys(schedule).filter(t => !(t in m.retention.schedule)))
        context.addIssue({
          code: 'custom',
          message: `'${name}' lays down something for '${type}', which is no incident type`,
        })
    }
    if (m.holds.request.lapse === undefined)
      context.addIssue({ code: 'custom', message: 'the hold that a request places must lapse by itself' })
  })

export type Matrices = z.infer<typeof Matrices>
