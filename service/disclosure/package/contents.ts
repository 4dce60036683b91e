/** What a package is made of, and what its pages say, which is read back from the ledger's bundle and the plan, never told beside them. */
import type { ChainBundle } from '../../custody/chain.ts'
import { type Checkpoint, parseCheckpoint } from '../../custody/checkpoint.ts'
import type { Opening } from '../../custody/commitment.ts'
import { parseEntry } from '../../custody/entry.ts'
import type { Decision } from '../../policy/decision.ts'
import { type LeakCertificate, parseCertificate } from '../../redaction/certificate.ts'
import { coveredFrames, coveredTracks, parsePlan, unsureTracks } from '../../redaction/plan.ts'

/** What the ledger does not hold and a reader needs. No names of persons: subjects are opaque ids. */
export interface PackageFacts {
  /** The retailer, as it calls itself. */
  readonly custodian: string
  /** The master's exhibit number. */
  readonly exhibitNumber: string
  /** The copy's own. */
  readonly derivativeNumber: string
  readonly incident: { readonly type: string; readonly timestampUtc: string }
  /** The organisation that receives it. */
  readonly recipient: string
  readonly purpose: string
  readonly authority: {
    readonly type: string
    readonly identifier: string
    readonly issuer: string
    readonly issuedAt: string
  }
}

export interface PackageInput {
  /** Letters, digits and hyphens; the bag's folder is `custos-<disclosureId>`. */
  readonly disclosureId: string
  /** RFC 3339. The only time in the package that is not an entry's: fix it once, so that a second try gives the same bytes. */
  readonly createdAt: string
  /** Path of the redacted copy. */
  readonly redacted: string
  /** These three are the very bytes whose digests `exhibit.redacted` carries in `from`. */
  readonly plan: Uint8Array
  readonly manifest: Uint8Array
  readonly certificate: Uint8Array
  readonly decision: Decision
  /** The exhibit's chain with the openings that this recipient may see. */
  readonly bundle: ChainBundle
  readonly facts: PackageFacts
}

interface RecordedObject {
  readonly index: number
  /** The entry's time. */
  readonly time: string
  readonly sha256: string
  readonly len: number
}

export interface Contents {
  readonly input: PackageInput
  readonly root: string
  readonly checkpoint: Checkpoint
  readonly master: RecordedObject
  readonly copy: RecordedObject
  readonly frames: number
  readonly coveredFrames: number
  readonly couldNotTellFrames: number
  readonly certificate: LeakCertificate
  /** What was looked for, in words: `faces and number plates`. */
  readonly lookedFor: string
  readonly soundKept: boolean
  /** What is covered. */
  readonly tracks: Readonly<Record<'face' | 'plate' | 'region', number>>
  /** Of these, what is too narrow for anybody to tell what it is. */
  readonly couldNotTellTracks: number
  /** What persons left in sight or took out of the plan. */
  readonly leftInSight: number
  readonly takenOut: number
}

const plurals = { face: 'faces', plate: 'number plates' } as const

/** Throws an Error when the bundle does not open what a package must show: such a package could never be verified. */
export function contentsOf(input: PackageInput, copySha256: string): Contents {
  const { bundle, disclosureId } = input
  const plan = parsePlan(new TextDecoder().decode(input.plan))
  const copy = recorded(bundle, 'exhibit.redacted').find(({ sha256 }) => sha256 === copySha256)
  const master = recorded(bundle, 'exhibit.acquired')[0]
  if (!copy || !master) throw new Error('the openings do not show the acquisition and the redaction of this copy')
  const of = (name: string) => coveredTracks(plan).filter(track => track.class === name).length
  return {
    input,
    root: `custos-${disclosureId}`,
    checkpoint: parseCheckpoint(bundle.checkpoint.slice(0, bundle.checkpoint.lastIndexOf('\n\n') + 1)),
    master,
    copy,
    frames: plan.clip.frames,
    coveredFrames: coveredFrames(plan),
    couldNotTellFrames: plan.couldNotTell.reduce((sum, [first, last]) => sum + last - first + 1, 0),
    certificate: parseCertificate(new TextDecoder().decode(input.certificate)),
    lookedFor: plan.classes.map(name => plurals[name]).join(' and ') || 'regions',
    soundKept: input.decision.obligations?.audio === 'keep',
    tracks: { face: of('face'), plate: of('plate'), region: of('region') },
    couldNotTellTracks: unsureTracks(plan).length,
    leftInSight: plan.tracks.filter(({ visible }) => visible).length,
    takenOut: plan.deleted?.length ?? 0,
  }
}

function recorded({ entries, openings }: ChainBundle, ev: string): RecordedObject[] {
  const value = (index: number, field: Opening['field']) =>
    openings.find(o => o.index === index && o.field === field)?.value
  return entries.flatMap(({ index, bytes }) => {
    const object = value(index, 'obj') as { sha256?: string; len?: number } | undefined
    if (value(index, 'ev') !== ev || !object?.sha256 || object.len === undefined) return []
    return [{ index, time: parseEntry(bytes).t, sha256: object.sha256, len: object.len }]
  })
}
