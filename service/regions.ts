/** Where evidence lies: a region for each place, and for each region its bucket and its keys. Administered by the operator in a file. */
import { readFile } from 'node:fs/promises'
import { z } from 'zod'

const slug = z.string().regex(/^[a-z0-9-]{2,32}$/)

export const Region = z.strictObject({
  /** S3 with Object Lock; a folder where there is none. */
  bucket: z.string().min(3).exactOptional(),
  s3Endpoint: z.url().exactOptional(),
  lockMode: z.enum(['COMPLIANCE', 'GOVERNANCE']).default('COMPLIANCE'),
  awsRegion: z.string().min(1).exactOptional(),
  /** AWS KMS; a key file where there is none. The two keys go together. */
  kmsKeyId: z.string().min(1).exactOptional(),
  kmsMacKeyId: z.string().min(1).exactOptional(),
  /** Keys that wrapped data keys before this one, until all are wrapped anew. */
  kmsPreviousKeyIds: z.array(z.string().min(1)).default([]),
  kmsEndpoint: z.url().exactOptional(),
})
export type Region = z.infer<typeof Region>

/** Where a camera stands: which region keeps its clips, and whose law says for how long. */
const Place = z.strictObject({ region: slug, jurisdiction: slug.default('default') })
export type Place = z.infer<typeof Place>

/** By what stands behind a name: a bucket's belongs to its server, and a key's to its region of AWS, unless it is a multi-Region key's. */
const shareable: Record<string, (region: Region) => string[]> = {
  bucket: ({ bucket, s3Endpoint }) => (bucket === undefined ? [] : [JSON.stringify([bucket, s3Endpoint])]),
  'wrapping key': region =>
    region.kmsKeyId === undefined ? [] : keysOf(region, region.kmsKeyId, ...region.kmsPreviousKeyIds),
  'reference key': region => (region.kmsMacKeyId === undefined ? [] : keysOf(region, region.kmsMacKeyId)),
}

function keysOf({ kmsEndpoint, awsRegion }: Region, ...ids: string[]): string[] {
  return ids.map(
    id =>
      /\bmrk-[0-9a-f]+$/.exec(id)?.[0] ?? (id.startsWith('arn:') ? id : JSON.stringify([id, kmsEndpoint, awsRegion])),
  )
}

const RegionsFile = z
  .strictObject({
    regions: z.record(slug, Region).refine(regions => Object.keys(regions).length > 0, 'at least one region'),
    locations: z.record(z.string().min(1), Place).default({}),
    /** For locations that are not listed; without it their incidents are refused. */
    elsewhere: Place.exactOptional(),
  })
  .superRefine(({ regions, locations, elsewhere }, context) => {
    for (const [location, { region }] of Object.entries({ ...locations, ...(elsewhere && { elsewhere }) }))
      if (!(region in regions)) context.addIssue(`${location} names region ${region}, which is not listed`)
    for (const [name, { kmsKeyId, kmsMacKeyId }] of Object.entries(regions))
      if ((kmsKeyId === undefined) !== (kmsMacKeyId === undefined))
        context.addIssue(`${name}: kmsKeyId and kmsMacKeyId go together`)
    // What two regions share would carry the evidence of one into the other.
    for (const [of, name] of Object.entries(shareable)) {
      const seen = new Map<string, string>()
      for (const [region, value] of Object.entries(regions))
        for (const own of new Set(name(value))) {
          if (seen.has(own)) context.addIssue(`${seen.get(own)} and ${region} have the same ${of}`)
          seen.set(own, region)
        }
    }
  })

export interface Regions {
  readonly all: ReadonlyMap<string, Region>
  /** Whose law the places follow; policy data must know each. */
  readonly jurisdictions: ReadonlySet<string>
  /** Undefined: no region is laid down for it. */
  place(locationId: string): Place | undefined
}

/** One region and every location in it, or what the file says. Throws an Error that names what is wrong with the file. */
export async function readRegions(only: { name: string; region: Region }, file: string | undefined): Promise<Regions> {
  if (file === undefined) {
    const place = { region: only.name, jurisdiction: 'default' }
    return { all: new Map([[only.name, only.region]]), jurisdictions: new Set(['default']), place: () => place }
  }
  const parsed = RegionsFile.safeParse(JSON.parse(await readFile(file, 'utf8')))
  if (!parsed.success)
    throw new Error(`${file}: ${parsed.error.issues.map(i => `${i.path.join('.')}: ${i.message}`).join('; ')}`)
  const { regions, locations, elsewhere } = parsed.data
  if (!(only.name in regions))
    throw new Error(
      `${file}: CUSTOS_REGION is ${only.name}, and no such region is listed: the ledger's openings need its keys`,
    )
  const known = new Map(Object.entries(locations))
  const places = [...known.values(), ...(elsewhere ? [elsewhere] : [])]
  return {
    all: new Map(Object.entries(regions)),
    jurisdictions: new Set(places.map(place => place.jurisdiction)),
    place: locationId => known.get(locationId) ?? elsewhere,
  }
}
